"""trio's clock, on time that no test can freeze."""

from __future__ import annotations

import trio

from pytest_smtpserver.clock import monotonic


class SteadyClock(trio.abc.Clock):
    """Real time, also while a test has frozen `time.perf_counter`, which trio would ask."""

    def start_clock(self) -> None:
        """Do nothing: it is always running."""

    def current_time(self) -> float:
        """Return seconds on a clock that never goes backwards."""
        return monotonic()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Return the seconds until `deadline`."""
        return deadline - monotonic()

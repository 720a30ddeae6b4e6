"""Time that no test can freeze.

Tools that freeze time replace `time.time` and `time.monotonic`. The server lives in the test's
process; with a frozen clock its timeouts would never end. These tools leave
`clock_gettime(CLOCK_MONOTONIC)` alone.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Returns seconds on a clock that never goes backwards.
monotonic: Callable[[], float]
_clock: Callable[[], float]

if hasattr(time, "clock_gettime"):
    # Taken once: a test may replace `clock_gettime` too. The time is asked several times for each
    # command, and a `partial` costs less than a function of our own around it.
    monotonic = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    _clock = partial(time.clock_gettime, time.CLOCK_REALTIME)
else:  # pragma: no cover  # Windows
    monotonic = time.monotonic
    _clock = time.time


def _epoch() -> float:
    # time-machine replaces `clock_gettime(CLOCK_REALTIME)` too, but offers an escape hatch.
    travel = sys.modules.get("time_machine")
    if travel and travel.escape_hatch.is_travelling():
        return float(travel.escape_hatch.time.time())
    return _clock()


# Added to `monotonic()` this gives seconds since the epoch. Read once, so that the times of records
# never go backwards either.
_EPOCH_OFFSET = _epoch() - monotonic()


def now() -> float:
    """Return seconds since the epoch."""
    return monotonic() + _EPOCH_OFFSET

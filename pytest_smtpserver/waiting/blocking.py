"""Waiting in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.unpatched import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.recording.recorder import Recorder


def wait(recorder: Recorder, look: Callable[[float], float | None]) -> None:
    """Call `look` whenever something was recorded, until it gives `None`.

    `look` returns the time on `clock.monotonic` by which it must be called again in any case.
    """
    changed = Event()
    recorder.add_waker(changed.set)
    try:
        while (until := look(monotonic())) is not None:
            changed.wait(until - monotonic())
            # Before looking: what is recorded from here on sets it again.
            changed.clear()
    finally:
        recorder.remove_waker(changed.set)

"""Waiting, in a thread or in a task of asyncio or trio (and so of anyio).

The two loops
-------------

Both `in_thread` and `in_task` do the same: look, sleep until something was recorded or the time is
over, look again. `look` decides, so that nothing about messages is written twice. A recorder calls
its wakers whenever it records or forgets something, in any thread. In a thread the waker sets an
event. In a task it raises a flag, which makes the loop of that task set an event of its own.

Order matters: the event is cleared before the next look. If it were cleared after the look, a
message that came between the two would be slept through.

Time in a task
--------------

A task does not use the clock of its loop. Example: trio's `MockClock(autojump_threshold=0)` jumps
ahead as soon as all tasks wait. A timeout of 2 s on that clock would be over at once, while the
client, a real one in another thread, has not even connected. So a `Timer` thread ends the wait.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Protocol, cast

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.unpatched import Event, Timer, current_thread, join, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trio.abc import Instrument

    from pytest_smtpserver.recording.recorder import Recorder

# Seconds of sleep in each turn of a loop that never sleeps by itself; arbitrary.
_BREATH = 0.0005
# Seconds that threads whose waits are over have to end; arbitrary.
_MOMENT = 0.5


class Flag(Protocol):
    """A flag for one task: any thread can raise it, and the task waits until it is raised."""

    def raise_(self) -> bool:
        """Wake the task, or let its next `lowered` return at once.

        Returns whether the task can go on; it cannot if its loop is closed.
        """

    async def lowered(self) -> None:
        """Wait until it is raised, and lower it."""


def in_thread(recorder: Recorder, look: Callable[[float], float | None]) -> None:
    """Call `look` whenever something was recorded, until it returns `None`.

    `look` returns the time, on `clock.monotonic`, when it must be called again in any case.
    """
    changed = Event()
    waiter = _Waiter(changed.set)
    recorder.add_waker(waiter)
    try:
        while (until := waiter.look(look)) is not None:
            changed.wait(until - monotonic())
            # Clear before the look: whatever is recorded from here on sets it again.
            changed.clear()
    finally:
        recorder.remove_waker(waiter)


async def in_task(recorder: Recorder, look: Callable[[float], float | None]) -> None:
    """Do the same as `in_thread`, in the calling task."""
    flag = _flag()

    def wake() -> None:
        # Without its loop, the task will never come to the end of this function.
        if not flag.raise_():
            alarm.cancel()

    alarm = _Alarm(wake)
    waiter = _Waiter(wake)
    recorder.add_waker(waiter)
    try:
        while (until := waiter.look(look)) is not None:
            alarm.set(until)
            await flag.lowered()
    finally:
        alarm.cancel()
        recorder.remove_waker(waiter)


class _Waiter:
    """One wait, in the thread that made this; calling it wakes that thread."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self.thread = current_thread()
        self._wake = wake
        self._is_over = False

    def __call__(self) -> None:
        self._wake()

    def look(self, look: Callable[[float], float | None]) -> float | None:
        """Return until when to wait; `None` if that is decided, or nothing more will come."""
        # In this order: what came before the end is seen.
        is_over = self._is_over
        until = look(monotonic())
        return None if is_over else until

    def end(self) -> None:
        """Make the wait look once more, then end."""
        self._is_over = True
        self._wake()


def end_all(wakers: Iterable[Callable[[], object]]) -> None:
    """End the waits that these wake: nothing more will come.

    Returns when their threads have ended, or after a moment, because they may have other work. So
    pytest reports what a wait raises with the test that began it.
    """
    waiters = [one for one in wakers if isinstance(one, _Waiter)]
    for waiter in waiters:
        waiter.end()
    until = monotonic() + _MOMENT
    for thread in [one.thread for one in waiters]:
        # The caller's own thread, and one that Python has not started, cannot be joined.
        with contextlib.suppress(RuntimeError, AssertionError):
            join(thread, max(0.0, until - monotonic()))


class _Alarm:
    """Calls `wake` at a time that can be changed. Only a new time takes a new timer thread."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._until: float | None = None
        self._timer: Timer | None = None

    def set(self, until: float) -> None:
        """Ring at `until`, on `clock.monotonic`. No effect if it is already set to that time."""
        if until != self._until:
            self.cancel()
            self._until = until
            self._timer = Timer(until - monotonic(), self._ring)
            self._timer.daemon = True
            start(self._timer)

    def cancel(self) -> None:
        """Do not ring any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        # Reset before waking: if it rang a moment too early, the next look sets it again.
        self._until = None
        self._wake()


def in_event_loop() -> str | None:
    """Return `"trio"` or `"asyncio"` if the caller runs in a loop of it, else `None`."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return "trio"
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return "asyncio"
    return None


def _flag() -> Flag:
    library = in_event_loop()
    if library is None:
        raise RuntimeError("AsyncSMTPServer waits in a task of asyncio, anyio or trio only")
    return _TrioFlag() if library == "trio" else _AsyncioFlag()


class _AsyncioFlag:
    def __init__(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def raise_(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return False
        return True

    async def lowered(self) -> None:
        await self._event.wait()
        self._event.clear()


class _TrioFlag:
    def __init__(self) -> None:
        import trio

        self._run_finished = trio.RunFinishedError
        self._token = trio.lowlevel.current_trio_token()
        self._make_event = trio.Event
        self._event = trio.Event()

    def raise_(self) -> bool:
        try:
            self._token.run_sync_soon(self._set)
        except self._run_finished:
            return False
        return True

    async def lowered(self) -> None:
        with _letting_threads_go_on():
            await self._event.wait()
        self._event = self._make_event()

    def _set(self) -> None:
        self._event.set()


@contextlib.contextmanager
def _letting_threads_go_on() -> Iterator[None]:
    """Keep trio's loop from using up the interpreter's time while it only waits.

    With `autojump_threshold=0` and nothing to jump to, the loop polls without ever sleeping. Then
    the threads of the client and the server hardly get to run.
    """
    import trio

    if getattr(trio.lowlevel.current_clock(), "autojump_threshold", None) != 0:
        yield
        return
    breather = cast("Instrument", _Breather())
    trio.lowlevel.add_instrument(breather)
    try:
        yield
    finally:
        trio.lowlevel.remove_instrument(breather)


class _Breather:
    """An instrument of trio (`trio.abc.Instrument`; trio skips the methods that are missing)."""

    def before_io_wait(self, timeout: float) -> None:
        time.sleep(_BREATH)

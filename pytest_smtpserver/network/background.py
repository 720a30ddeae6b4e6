"""The one thread in which all servers of a process run.

The first server starts it. The plugin starts it before the fixtures of a test that takes a server,
because one of them may look whether its test leaves a thread. It runs `trio.run` until the process
ends, or the test run that started it. It is a daemon thread, so it cannot keep the process alive. A
forked child has no such thread, only its parent's data; the child's first server starts a new one.

Two things can go wrong with it, and neither may harm the next test:

* It ends because something raised an exception that must not be caught. Then it tells all of its
  listeners, closes their sockets, and the next server starts a new thread.
* A test's callable blocks it. A listener that could not be closed in time calls `give_up`, and the
  next server gets a thread of its own. The old one goes on for its own servers if the callable ever
  returns, and servers that have no clients move to the new one.

Tests that need no server should not notice it. Some wait for all threads of the process. From
Python 3.12 on, a fork of a process that has threads warns of deadlocks. So before a fork, and when
somebody waits for it, the thread ends if it serves nobody; the next server starts another.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import trio

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.unpatched import (
    Event,
    Thread,
    get_ident,
    in_forked_child,
    is_alive,
    join,
    standard_library,
    start,
)

from .readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .listener import Listener

# Arbitrary, and far more than a healthy machine needs.
_START_TIMEOUT = 10.0
_SHUTDOWN_TIMEOUT = 1.0
# How long a test's callable may keep the thread, if the next test uses a server of the run.
_PATIENCE = 5.0


class _Thread(Thread):  # type: ignore[misc, valid-type]
    """A thread that neither suffers from what a test does to all threads, nor keeps that test."""

    # Whatever a test has put in its place.
    run = Thread.run

    def join(self, timeout: float | None = None) -> None:
        """End if no server needs this thread; wait for the end only if there is a timeout.

        A test may wait for all threads of the process, without a limit. It must not wait for a
        server of the run.
        """
        _end_if_idle()
        if timeout is not None:
            join(self, timeout)


class Background:
    """A thread with a trio loop, and how other threads call into it."""

    def __init__(self) -> None:
        _refuse_gevent()
        self._ready = Event()
        self._failure: BaseException | None = None
        self.nursery: trio.Nursery
        #: Where the thread waits: for sockets, calls and deadlines.
        self.readiness = Readiness()
        #: Told if the thread ends.
        self.listeners: set[Listener] = set()
        #: Whether the thread failed to do something in time.
        self.is_stuck = False
        # A thread is alive for a moment after its loop has ended.
        self._has_ended = False
        # Thread dumps show the name.
        self._thread = _Thread(target=self._run, name="pytest-smtpserver (trio)", daemon=True)
        try:
            start(self._thread)
        except BaseException:
            self.readiness.close()
            raise
        if not self._ready.wait(_START_TIMEOUT):  # pragma: no cover  # no machine is so slow
            raise RuntimeError(f"the SMTP server's thread did not start in {_START_TIMEOUT:g} s")
        if self._failure is not None:
            raise RuntimeError(
                f"the SMTP server's thread did not start: {self._failure!r}"
            ) from self._failure

    @property
    def is_idle(self) -> bool:
        """Whether it serves nobody."""
        return not (self.is_stuck or self.listeners or self.readiness.deadlines.are_any)

    def becomes_free(self) -> bool:
        """Return whether nothing keeps the thread, now or within some seconds."""
        if self.readiness.is_waiting or not self.is_alive:
            return True
        is_done = Event()
        with suppress(trio.RunFinishedError):
            self.soon(is_done.set)
            is_done.wait(_PATIENCE)
        return is_done.is_set()

    def give_up(self) -> None:
        """Take no new servers: the thread did not do something in time."""
        self.is_stuck = True

    def server_ended(self) -> None:
        """End the loop too, if it was given up and this was its last server; in this thread."""
        if self.is_stuck and not self.listeners:
            self._end()

    def _end(self) -> None:
        self.nursery.cancel_scope.cancel()
        self.readiness.let_tasks_run()

    @property
    def is_alive(self) -> bool:
        """Whether the loop still runs, and can be reached."""
        is_running = is_alive(self._thread) and not self._has_ended
        return is_running and not self.readiness.is_lost

    @property
    def thread(self) -> int:
        """The identifier of this thread."""
        return self._thread.ident or 0

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in this thread."""
        # The system gives the number of a thread that has ended to another one.
        return get_ident() == self._thread.ident and is_alive(self._thread)

    def soon(self, function: Callable[..., object], *args: object) -> None:
        """Call a function soon in this thread; from any thread. Raises `trio.RunFinishedError`."""
        self.readiness.soon(partial(function, *args))

    def start_task(self, function: Callable[..., Awaitable[object]], *args: object) -> None:
        """Start a task; in this thread."""
        self.nursery.start_soon(function, *args)
        self.readiness.let_tasks_run()

    def shut_down(self) -> None:
        """End the loop and all that runs in it, within a bounded time."""
        if self.readiness.is_lost:
            return  # pragma: no cover  # a test closed its descriptors, and the process ends
        try:
            self.soon(self._end)
        except trio.RunFinishedError:
            return
        # A stuck thread was waited for already.
        if not (self.is_current or self.is_stuck):
            join(self._thread, _SHUTDOWN_TIMEOUT)

    def _run(self) -> None:
        try:
            trio.run(self._main, clock=WaitingClock(self.readiness))
        except BaseException as error:  # noqa: BLE001  # reported to every listener
            self._failure = error
        self._has_ended = True
        try:
            self.readiness.close()
        finally:
            self._ready.set()
            # A copy in one step: another thread may be starting a server.
            for listener in self.listeners.copy():
                listener.thread_ended(self._failure)

    async def _main(self) -> None:
        try:
            async with trio.open_nursery() as self.nursery:
                self._ready.set()
                await trio.sleep_forever()
        finally:
            # To end, trio needs waits of its own.
            self.readiness.close()


def _refuse_gevent() -> None:
    # trio cannot run in a greenlet, and needs the epoll that gevent takes away.
    monkey = sys.modules.get("gevent.monkey")
    needed = ("select", "threading")
    if monkey and (patched := [name for name in needed if monkey.is_module_patched(name)]):
        raise RuntimeError(
            f"gevent has patched {' and '.join(patched)} in this process, and the SMTP server's "
            "thread needs the real ones: use monkey.patch_all(select=False, thread=False)"
        )


_lock = threading.Lock()
#: The last one takes new servers; those before it are stuck.
_backgrounds: list[Background] = []


def background(listener: Listener | None = None) -> Background:
    """Return this process's thread for new servers; start it if necessary.

    `listener` becomes one of its listeners.
    """
    with _lock:
        _backgrounds[:] = [one for one in _backgrounds if one.is_alive]
        if not _backgrounds or _backgrounds[-1].is_stuck:
            # A thread that is started while a test has replaced something would keep that.
            with standard_library():
                _backgrounds.append(Background())
        found = _backgrounds[-1]
        if listener is not None:
            # Under the lock: an idle thread may end at any time.
            found.listeners.add(listener)
        return found


def is_running() -> bool:
    """Return whether this process has such a thread."""
    return any(one.is_alive for one in _backgrounds)


def shut_down() -> None:
    """End this process's thread if it has one; the next server starts another."""
    with _lock:
        ended = _backgrounds[:]
        _backgrounds.clear()
    for one in ended:
        one.shut_down()


def _end_if_idle() -> None:
    # Without waiting: this may be a signal's handler that has interrupted somebody with the lock.
    if not _lock.acquire(blocking=False):
        return
    try:
        for one in [one for one in _backgrounds if one.is_idle]:
            _backgrounds.remove(one)
            one.shut_down()
    finally:
        _lock.release()


@in_forked_child
def _forget_parents_thread() -> None:
    global _lock
    _lock = threading.Lock()
    _backgrounds.clear()


def _shut_down_at_exit() -> None:
    # A test of somebody's exit handlers may call all of them, while the process goes on.
    if not is_alive(threading.main_thread()):
        shut_down()


atexit.register(_shut_down_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_end_if_idle)


class WaitingClock(trio.abc.Clock):
    """Real time, even if a test has frozen `time.perf_counter`, which trio's own clock uses.

    trio asks it how long to wait when no task can run; this clock waits itself (see `readiness`).
    """

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def start_clock(self) -> None:
        """Do nothing: it always runs."""

    def current_time(self) -> float:
        """Return seconds on a clock that never goes backwards."""
        return monotonic()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Wait until a task can run, or until `deadline`; return how long trio has to wait then."""
        return self._readiness.wait(deadline - monotonic())

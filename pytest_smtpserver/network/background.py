"""The one thread in which all servers of a process run.

It is started by the first server and runs `trio.run` until the process, or the test run that
started it, ends. It is a daemon: if all else fails it does not keep the process. After a fork the
child has no such thread, only what is left of its parent's; the first server of the child starts
another.

Two things can go wrong with it, and neither may cost the next test:

* It ends, because something raised what nobody may catch. It then tells every listener that still
  lives in it, closes what they own, and the next server starts another thread.
* A callable of a test blocks it. A listener that was closed in vain says so with `give_up`, and
  the next server gets a thread of its own. The old one goes on if the callable ever returns, for
  those who are in it already.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING

import trio

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.unpatched import Event, Thread, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from .listener import Listener

# Arbitrary, and far more than a healthy machine needs.
_START_TIMEOUT = 10.0
_SHUTDOWN_TIMEOUT = 1.0


class Background:
    """A thread with a trio loop, and the way into it."""

    def __init__(self) -> None:
        _refuse_gevent()
        self._ready = Event()
        self._failure: BaseException | None = None
        self._token: trio.lowlevel.TrioToken
        self.nursery: trio.Nursery
        #: Those who must be told if the thread ends.
        self.listeners: set[Listener] = set()
        #: Whether somebody has waited in vain for it to do something.
        self.is_stuck = False
        # A thread dump shows the name.
        self._thread = Thread(target=self._run, name="pytest-smtpserver (trio)", daemon=True)
        start(self._thread)
        if not self._ready.wait(_START_TIMEOUT):
            raise RuntimeError(f"the SMTP server's thread did not start in {_START_TIMEOUT:g} s")
        if self._failure is not None:
            raise RuntimeError(
                f"the SMTP server's thread did not start: {self._failure!r}"
            ) from self._failure

    def give_up(self) -> None:
        """Take no new server: somebody has waited in vain for the thread to do something."""
        self.is_stuck = True

    @property
    def is_alive(self) -> bool:
        """Whether the loop still runs."""
        return self._thread.is_alive()

    @property
    def is_current(self) -> bool:
        """Whether the caller is in this very thread."""
        return threading.current_thread() is self._thread

    def soon(self, function: Callable[..., object], *args: object) -> None:
        """Call a function in the thread; from any thread. Raises `trio.RunFinishedError`."""
        self._token.run_sync_soon(function, *args)

    def shut_down(self) -> None:
        """End the loop and whatever runs in it, in bounded time."""
        try:
            self.soon(self.nursery.cancel_scope.cancel)
        except trio.RunFinishedError:
            return
        # One that is stuck has been waited for.
        if not (self.is_current or self.is_stuck):
            self._thread.join(_SHUTDOWN_TIMEOUT)

    def _run(self) -> None:
        try:
            trio.run(self._main, clock=SteadyClock())
        except BaseException as error:  # noqa: BLE001  # told to whoever has a server in here
            self._failure = error
        self._ready.set()
        for listener in tuple(self.listeners):
            listener.thread_ended(self._failure)

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as self.nursery:
            self._ready.set()
            await trio.sleep_forever()


def _refuse_gevent() -> None:
    # In a greenlet trio can do nothing, and without epoll it does not even begin.
    monkey = sys.modules.get("gevent.monkey")
    needed = ("select", "threading")
    if monkey and (patched := [name for name in needed if monkey.is_module_patched(name)]):
        raise RuntimeError(
            f"gevent has patched {' and '.join(patched)} in this process, and the SMTP server's "
            "thread needs the real ones: use monkey.patch_all(select=False, thread=False)"
        )


_lock = threading.Lock()
#: The last one is for new servers; those before it are stuck.
_backgrounds: list[Background] = []


def background() -> Background:
    """Return this process's thread for new servers, started if need be."""
    with _lock:
        _backgrounds[:] = [one for one in _backgrounds if one.is_alive]
        if not _backgrounds or _backgrounds[-1].is_stuck:
            _backgrounds.append(Background())
        return _backgrounds[-1]


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


def _forget_parents_thread() -> None:
    global _lock
    _lock = threading.Lock()
    _backgrounds.clear()


atexit.register(shut_down)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents_thread)


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

"""The one place in which the servers' thread waits.

The thread runs trio, and trio can wait for sockets. But for every single read it registers the
socket, waits, schedules the task, and resumes it through all of its callers. A read of an SMTP
command is so short that this would be most of the work. So the thread waits here instead, for
everything at once: sockets, calls from other threads, deadlines of connections, and trio's next
deadline.

How trio comes here: when no task can run, trio asks its clock how long it may wait for the next
deadline. Our clock (`background.WaitingClock`) calls `wait`, and then answers: no longer.

`wait` asks a selector of the kernel which sockets are ready, and calls the function of each. It
returns to trio when a task can run, or at the deadline.

Example: a client sends `NOOP`. The connection's function reads it and sends the reply; `wait` goes
on waiting, and trio has learned of nothing. Then the client sends `STARTTLS`. The function starts a
task, `wait` returns to trio, and the task shakes hands.

What must be kept in mind:

* The functions must not block: everything in this thread waits for them.
* trio learns nothing of sockets or calls by itself. So in this thread use the methods here, and not
  `trio.lowlevel.wait_readable`, `wait_writable` or `run_sync_soon`.
* While a task can run, nobody looks at sockets. A task that has much to do awaits `others_turn`.
* A function or call that cancels a task, wakes one or starts one says so, with `let_tasks_run`.
  Otherwise trio would hear of it only after the wait.
* Several sockets can be ready at once. The function of one may end what another one belongs to;
  that one's function is called all the same, and must do nothing then.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import threading
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

import trio

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.unpatched import Event

from .deadlines import Deadlines
from .stream import CHUNK, close, never_block, own_methods

if TYPE_CHECKING:
    from collections.abc import Callable

    # What a selector takes: a socket, or another object with a file descriptor.
    from _typeshed import HasFileno


# In a tuple, because pyfakefs looks for functions of `os` in all modules, and replaces them.
_FSTAT: Final = (os.fstat,)

_NEVER: Final = Event()
# How long it waits at once: epoll takes no more than 24 days, and a rule's delay may be longer.
_HOUR: Final = 3600.0


class Readiness:
    """Waits for sockets, for calls and for a time."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        #: Whether a wait that is going on notices sockets that another thread adds or takes away.
        #: epoll and kqueue do; Windows has only `select`.
        self.notices_changes = hasattr(self._selector, "fileno")
        # Held while sockets are added, taken away or closed, and while a call is added.
        self._lock = threading.Lock()
        self._is_closed = False
        self._calls: deque[Callable[[], object]] = deque()
        # How many of them may be made.
        self._due = 0
        # An octet in it ends the wait.
        self._bell, self._rope = socket.socketpair()
        never_block(self._bell)
        never_block(self._rope)
        self._can_tasks_run = False
        #: Whether this thread waits just now, and so is kept by nothing.
        self.is_waiting = False
        #: What is read is read into this. `recv` would make a `bytes` of the full size and shrink
        #: it, which leaves gaps in memory between the messages that are kept.
        self.buffer = memoryview(bytearray(CHUNK))
        #: Those of connections, watched here while nobody else does.
        self.deadlines = Deadlines()
        self._selector.register(self._bell, selectors.EVENT_READ, self._rung)
        self._identity = self._rope_now()
        self._is_lost = False

    @property
    def is_lost(self) -> bool:
        """Whether a test has closed the descriptors of this thread, with all of the process.

        Others may have their numbers by now, so nothing here may be used or closed any more.
        """
        if not (self._is_lost or self._is_closed):
            # In this order: `close` says that it closes before it does.
            self._is_lost = self._rope_now() != self._identity and not self._is_closed
        return self._is_lost

    def _rest_if_lost(self) -> None:
        # To the end of the process: a thread that ends closes its descriptors, by their numbers.
        while self.is_lost:
            _NEVER.wait(_HOUR)

    def _rope_now(self) -> tuple[int, int] | None:
        try:
            found = _FSTAT[0](self._rope.fileno())
        except OSError:  # closed; or on Windows, where a socket is no descriptor
            return None
        return found.st_dev, found.st_ino

    def soon(self, call: Callable[[], object]) -> None:
        """Call a function soon in this thread; from any thread. Raises `trio.RunFinishedError`.

        What came from clients before that is dealt with before the call.
        """
        with self._lock:
            self._raise_if_closed()
            self._calls.append(call)
            # If it is full, it rings anyway. If a test has closed it, with all other descriptors of
            # the process, nobody hears; then the caller gives this thread up.
            with suppress(OSError):
                own_methods(self._rope).send(self._rope, b"!")

    def register(
        self, connected: HasFileno, call: Callable[[], object], event: int = selectors.EVENT_READ
    ) -> None:
        """Call a function each time that a socket is ready, in this thread; from any thread.

        Raises `trio.RunFinishedError` if the thread has ended.
        """
        with self._lock:
            self._raise_if_closed()
            self._selector.register(connected, event, call)
        if not self.notices_changes:
            self.soon(self.let_tasks_run)

    def unregister(self, connected: HasFileno) -> None:
        """Call nothing for this socket any more; before it is closed.

        From another thread only if `notices_changes`, and one call may still be about to come.
        """
        with self._lock:
            if not self._is_closed:
                self._selector.unregister(connected)

    def let_tasks_run(self) -> None:
        """Note that a task can run, or may soon: the present wait ends."""
        self._can_tasks_run = True

    def wait(self, seconds: float) -> float:
        """Wait until a task can run, or the time is over, and make the calls meanwhile.

        Return for how long trio may wait after that: not at all, unless this is closed.
        """
        if self._is_closed:
            return seconds
        try:
            self._wait(seconds)
        except BaseException as error:  # noqa: BLE001  # trio cancels all tasks, and raises it
            self._rest_if_lost()
            trio.lowlevel.spawn_system_task(_fail, error)
        return 0

    def _wait(self, seconds: float) -> None:
        until = monotonic() + seconds
        self._can_tasks_run = False
        while True:
            while self._due:
                self._due -= 1
                self._calls.popleft()()
            present = monotonic()
            if present >= self.deadlines.next:
                self.deadlines.call_due(present)
            nearest = min(until, self.deadlines.next)
            seconds = 0 if self._can_tasks_run else nearest - present
            # What has come from clients before a call is dealt with before it, so each call waits
            # until the sockets were looked at once more.
            due = len(self._calls)
            self.is_waiting = True
            found = self._selector.select(0 if due else min(seconds, _HOUR))
            self.is_waiting = False
            if self._is_lost:
                # What was asked may be the selector of another thread.
                self._rest_if_lost()
            for key, _ in found:
                key.data()
            # Not made at once: first, tasks deal with what has come, too.
            self._due = due
            if self._can_tasks_run or seconds <= 0 or not (found or due):
                return

    def _rung(self) -> None:
        own_methods(self._bell).recv(self._bell, 4096)

    def close(self) -> None:
        """Take no more calls and sockets, and wait no more; at the end of this thread."""
        with self._lock:
            self._is_closed = True
            self._selector.close()
            close(self._bell)
            close(self._rope)

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise trio.RunFinishedError("the SMTP server's thread has ended")

    async def until_readable(self, connected: HasFileno) -> None:
        """Return when a socket has octets, or its end, to read."""
        await self._until(connected, selectors.EVENT_READ)

    async def until_writable(self, connected: HasFileno) -> None:
        """Return when a socket takes octets."""
        await self._until(connected, selectors.EVENT_WRITE)

    async def _until(self, connected: HasFileno, event: int) -> None:
        task, is_over = trio.lowlevel.current_task(), False

        def end() -> None:
            # At once, and not when the task runs: the selector may be asked again before that.
            nonlocal is_over
            is_over = True
            self.unregister(connected)

        def ready() -> None:
            # The selector may have reported the socket just before the task was cancelled.
            if not is_over:
                end()
                self._wake(task)

        def abort(_: object) -> trio.lowlevel.Abort:
            end()
            return trio.lowlevel.Abort.SUCCEEDED

        self.register(connected, ready, event)
        await trio.lowlevel.wait_task_rescheduled(abort)

    async def until_peer_leaves(self, connected: socket.socket) -> None:
        """Return when the peer has sent its last octet, read or not, or has reset the connection.

        Only epoll (Linux) can tell; elsewhere this never returns. Nor does it return while the
        kernel has no room for octets that the peer sent before its end.
        """
        if not hasattr(select, "epoll"):
            await trio.sleep_forever()
        with select.epoll() as leaving:
            # epoll always reports errors and a full hang-up.
            leaving.register(connected, select.EPOLLRDHUP)
            await self.until_readable(leaving)

    async def others_turn(self) -> None:
        """Let all other sockets and tasks have a turn."""
        self.soon(partial(self._wake, trio.lowlevel.current_task()))
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)
        await trio.lowlevel.checkpoint_if_cancelled()

    def _wake(self, task: trio.lowlevel.Task) -> None:
        trio.lowlevel.reschedule(task)
        self.let_tasks_run()


async def _fail(error: BaseException) -> NoReturn:
    raise error

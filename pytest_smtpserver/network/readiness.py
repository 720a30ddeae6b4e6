"""Calling a function each time that a socket can be read, until it has a result.

The usual way in trio is one task for each socket, and `wait_readable` before each read. For every
single read trio then registers the socket, schedules the task, and resumes it through all of its
callers. A read of an SMTP command is so short that this is most of the work.

So there is one more task for the whole thread, `_call_readers`. Its selector has all sockets that
are being read, and a socket stays there over many reads. A selector of the kernel (epoll, kqueue)
is itself a descriptor that becomes readable when one of its sockets does. The task waits for the
selector, asks it which sockets are ready, and calls the function of each. Meanwhile a connection's
task sleeps in `_Reader.result`. It is woken when the function returns a result: something that
takes time, and so needs a task.

Example: a client sends `NOOP`. The function reads it, sends the reply, and returns `None`; the
connection's task has slept all the time. Then the client sends `STARTTLS`. The function returns
that action, and the task wakes up to shake hands.

Three things must be kept in mind:

* The functions must not block: all sockets wait for them.
* A function can cancel its own task: a test's callable may stop the server. What the function
  returns is delivered in that case too, and the cancellation follows at the next checkpoint (see
  `_Reader._abort`). Otherwise octets that were read would be lost.
* A socket leaves the selector as soon as its reader has a result, not when the task runs again. In
  between, the selector may be asked again, and would read for a task that has ended.

On Windows a selector cannot be awaited, so there each socket is awaited in the usual way.
"""

from __future__ import annotations

import select
import selectors
from typing import TYPE_CHECKING, Generic, TypeVar

import trio

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

Result = TypeVar("Result")

# Windows has only `select`, which has no descriptor.
_CAN_AWAIT_SELECTOR = hasattr(selectors.DefaultSelector, "fileno")


async def each_time_readable(connected: socket.socket, call: Callable[[], Result | None]) -> Result:
    """Return the first result that is not `None`; raises what the function raises.

    The function must not block: all sockets wait for it. It is not called after a cancellation.
    """
    if not _CAN_AWAIT_SELECTOR:
        return await _one_by_one(connected, call)
    return await _Reader(_selector(), connected, call).result()


async def _one_by_one(connected: socket.socket, call: Callable[[], Result | None]) -> Result:
    while True:
        await trio.lowlevel.wait_readable(connected)
        if (result := call()) is not None:
            return result


async def until_peer_leaves(connected: socket.socket) -> None:
    """Return when the peer has sent its last octet, read or not, or has reset the connection.

    Only epoll (Linux) can tell; elsewhere this never returns. Nor does it return while the kernel
    has no room for octets that the peer sent before its end.
    """
    if not hasattr(select, "epoll"):
        await trio.sleep_forever()
    with select.epoll() as leaving:
        # epoll always reports errors and a full hang-up.
        leaving.register(connected, select.EPOLLRDHUP)
        await trio.lowlevel.wait_readable(leaving.fileno())


class _Reader(Generic[Result]):
    """A task that waits for the result of calls about one socket."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        connected: socket.socket,
        call: Callable[[], Result | None],
    ) -> None:
        self._selector = selector
        self._socket = connected
        self._call = call
        self._task = trio.lowlevel.current_task()
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._is_calling = False
        self._raise_cancel: Callable[[], object] | None = None

    async def result(self) -> Result:
        """Wait for the result, or raise the error."""
        self._selector.register(self._socket, selectors.EVENT_READ, self._readable)
        await trio.lowlevel.wait_task_rescheduled(self._abort)
        if self._error is not None:
            raise self._error
        if self._result is None and self._raise_cancel is not None:
            self._raise_cancel()
        assert self._result is not None
        return self._result

    def _readable(self) -> None:
        self._is_calling = True
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001  # `result` raises it
            self._error = error
        self._is_calling = False
        if self._result is not None or self._error is not None or self._raise_cancel is not None:
            self._unregister()
            trio.lowlevel.reschedule(self._task)

    def _abort(self, raise_cancel: Callable[[], object]) -> trio.lowlevel.Abort:
        if self._is_calling:
            # The function itself has cancelled this task. Refuse: `_readable` still delivers the
            # result, and the cancellation takes effect at the next checkpoint.
            self._raise_cancel = raise_cancel
            return trio.lowlevel.Abort.FAILED
        self._unregister()
        return trio.lowlevel.Abort.SUCCEEDED

    def _unregister(self) -> None:
        # At once: the selector may be asked again before the task runs.
        self._selector.unregister(self._socket)


_selectors: trio.lowlevel.RunVar[selectors.BaseSelector] = trio.lowlevel.RunVar("selector")


def _selector() -> selectors.BaseSelector:
    """Return the selector of this run of trio; made when first needed."""
    try:
        return _selectors.get()
    except LookupError:
        selector = selectors.DefaultSelector()
        _selectors.set(selector)
        trio.lowlevel.spawn_system_task(_call_readers, selector)
        return selector


async def _call_readers(selector: selectors.DefaultSelector) -> None:
    with selector:
        while True:
            await trio.lowlevel.wait_readable(selector.fileno())
            for key, _ in selector.select(0):
                key.data()

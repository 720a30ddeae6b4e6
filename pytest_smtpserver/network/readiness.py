"""Calling a function each time that a socket can be read, until it has a result.

How it works: one task waits for a selector to which all sockets belong, and makes the calls. The
usual way, a task for each socket that waits for it, arms the socket anew, schedules the task and
unwinds it for every single read; where reads are as short as an SMTP command, that is most of the
work. So a task is woken only for what takes time, and what can be answered at once is answered in
the call.
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

# A selector that the kernel keeps (epoll, kqueue) can itself be awaited; that of Windows cannot.
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

    Only epoll (Linux) can tell; elsewhere it does not return. Nor does it while the peer's end is
    still behind octets for which the kernel has no room here.
    """
    if not hasattr(select, "epoll"):
        await trio.sleep_forever()
    with select.epoll() as leaving:
        # Errors and a full hang-up are told in any case.
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
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            self._error = error
        self._is_calling = False
        if self._result is not None or self._error is not None or self._raise_cancel is not None:
            self._unregister()
            trio.lowlevel.reschedule(self._task)

    def _abort(self, raise_cancel: Callable[[], object]) -> trio.lowlevel.Abort:
        if self._is_calling:
            # The call itself has cancelled the task: a callable of a test has stopped the server.
            # What it returns is not lost, and the cancellation comes up at the next checkpoint.
            self._raise_cancel = raise_cancel
            return trio.lowlevel.Abort.FAILED
        self._unregister()
        return trio.lowlevel.Abort.SUCCEEDED

    def _unregister(self) -> None:
        # At once: before the task has its turn, the selector may be looked at again, and what was
        # read for a task that has ended would be lost.
        self._selector.unregister(self._socket)


_selectors: trio.lowlevel.RunVar[selectors.BaseSelector] = trio.lowlevel.RunVar("selector")


def _selector() -> selectors.BaseSelector:
    """Return the one of this run of trio."""
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

"""Asking the kernel which sockets are ready.

`selectors` of the standard library does this on every system. But it makes several objects for each
socket and for each time that one is ready, which takes longer than to parse a command. So on Linux
epoll is asked directly.
"""

from __future__ import annotations

import math
import select
import selectors
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    # A socket, or another object with a file descriptor.
    from _typeshed import HasFileno

    Call = Callable[[], object]

# After so many ready sockets, calls and tasks have a turn. Arbitrary.
_READY_AT_ONCE: Final = 64


class Epoll:
    """epoll (Linux), with a function for each socket.

    Sockets may be added and taken away in one thread while another one waits.
    """

    #: Whether a wait that is going on notices sockets that another thread adds or takes away.
    notices_changes = True

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def register(self, connected: HasFileno, call: Call, *, to_write: bool = False) -> None:
        """Watch whether a socket has something to read, or takes octets."""
        number = connected.fileno()
        if number in self._calls:
            # A test has closed that descriptor; the owner of the other socket does not know yet.
            raise KeyError(f"descriptor {number} is watched already")
        self._epoll.register(number, select.EPOLLOUT if to_write else select.EPOLLIN)
        self._calls[number] = call

    def unregister(self, connected: HasFileno) -> None:
        """Watch a socket no more."""
        number = connected.fileno()
        del self._calls[number]
        # A test may have closed the descriptor; then epoll has forgotten it.
        with suppress(OSError):
            self._epoll.unregister(number)

    def ready(self, seconds: float) -> list[Call]:
        """Return the functions of the sockets that are ready; wait so long for the first one."""
        found = self._epoll.poll(None if seconds == math.inf else seconds, _READY_AT_ONCE)
        # Another thread may have taken one away just now.
        return [call for number, _ in found if (call := self._calls.get(number))]

    def close(self) -> None:
        """Give the descriptor back."""
        self._epoll.close()


class Selector:
    """The same on every other system."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        # kqueue does, but Windows has only `select`.
        self.notices_changes = hasattr(self._selector, "fileno")

    def __len__(self) -> int:
        return len(self._selector.get_map())

    def register(self, connected: HasFileno, call: Call, *, to_write: bool = False) -> None:
        """Watch whether a socket has something to read, or takes octets."""
        event = selectors.EVENT_WRITE if to_write else selectors.EVENT_READ
        self._selector.register(connected, event, call)

    def unregister(self, connected: HasFileno) -> None:
        """Watch a socket no more."""
        self._selector.unregister(connected)

    def ready(self, seconds: float) -> list[Call]:
        """Return the functions of the sockets that are ready; wait so long for the first one."""
        found = self._selector.select(None if seconds == math.inf else seconds)
        return [key.data for key, _ in found]

    def close(self) -> None:
        """Give the descriptor back."""
        self._selector.close()


def new_poller() -> Epoll | Selector:
    """Return the best that this system has."""
    return Epoll() if hasattr(select, "epoll") else Selector()

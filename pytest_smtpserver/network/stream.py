"""A stream is what a connection reads from and writes to; `ClearStream` is a bare socket.

`TLSStream` and `ThrottledStream` are streams on top of another stream.
"""

from __future__ import annotations

import _socket
import errno
import socket
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .readiness import Readiness

# The size of one read, and about the most that is queued or kept for one peer. Arbitrary.
CHUNK = 64 * 1024

# The class of our sockets, and the one that has their methods. gevent puts its own class there.
_SOCKET = socket.socket
_OWN = _socket.socket if issubclass(_SOCKET, _socket.socket) else _SOCKET


def own_methods(one: Any) -> Any:
    """Return the class whose methods to call with a socket, even while a test has replaced them.

    A test may let `socket.socket.close` raise, for example. If that happened to the thread of all
    servers, other tests would suffer.
    """
    return _OWN if type(one) is _SOCKET else type(one)


def never_block(one: Any) -> None:
    """Make a socket non-blocking: a blocking one would stop the thread of all servers."""
    own_methods(one).setblocking(one, False)


def close(one: Any) -> None:
    """Close a socket."""
    own_methods(one).close(one)


class Lost(Exception):
    """The peer has reset the connection."""


# Errors that come from the peer or the network, besides `ConnectionError` and `TimeoutError`. macOS
# raises EPROTOTYPE while the peer is closing. Any other error, such as ENOBUFS, is our own fault.
_NOT_OURS = {
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EPROTOTYPE,
}


def _lost(error: OSError) -> Exception:
    is_peers = isinstance(error, ConnectionError | TimeoutError) or error.errno in _NOT_OURS
    return Lost() if is_peers else OSError(error.errno, error.strerror)


class Stream(Protocol):
    """Octets in both directions. A cancelled call loses nothing: the next call goes on."""

    async def receive(self) -> bytes:
        """Return at least one octet, or `b""` when the peer has sent its last; raises `Lost`."""

    async def send(self, octets: bytearray) -> None:
        """Send the octets and delete them from the array; raises `Lost`."""

    async def half_close(self) -> None:
        """Tell the peer that nothing more is sent; raises `Lost`."""


class ClearStream:
    """A non-blocking TCP socket; a `Stream`."""

    def __init__(self, connected: socket.socket, readiness: Readiness) -> None:
        self._socket = connected
        self._readiness = readiness
        self._is_given_up = False

    def give_up(self) -> None:
        """Send nothing more: from now on sending raises `Lost`. From any thread."""
        self._is_given_up = True

    async def receive(self) -> bytes:
        """See `Stream`."""
        octets = None
        while octets is None:
            await self._readiness.until_readable(self._socket)
            octets = self.receive_at_once()
        return octets

    async def until_peer_leaves(self) -> None:
        """Return when the peer has sent its last octet, read or not, if the system can tell."""
        await self._readiness.until_peer_leaves(self._socket)

    def receive_at_once(self) -> bytes | None:
        """Return what `receive` would return without waiting, `None` if it would wait."""
        buffer = self._readiness.buffer
        try:
            size = own_methods(self._socket).recv_into(self._socket, buffer)
        except BlockingIOError:
            return None
        except OSError as error:
            raise _lost(error) from error
        return bytes(buffer[:size])

    async def send(self, octets: bytearray) -> None:
        """See `Stream`."""
        self.send_at_once(octets)
        while octets:
            await self._readiness.until_writable(self._socket)
            self.send_at_once(octets)

    def send_at_once(self, octets: bytearray) -> None:
        """Send what can be sent without waiting; the rest stays in the array. Raises `Lost`."""
        if self._is_given_up:
            raise Lost
        try:
            while octets:
                del octets[: own_methods(self._socket).send(self._socket, octets)]
        except BlockingIOError:
            return
        except OSError as error:
            raise _lost(error) from error

    async def half_close(self) -> None:
        """See `Stream`."""
        self.half_close_at_once()

    def half_close_at_once(self) -> None:
        """Do what `half_close` does; it never waits."""
        try:
            own_methods(self._socket).shutdown(self._socket, socket.SHUT_WR)
        except OSError as error:
            raise Lost from error

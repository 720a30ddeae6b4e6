"""Octets over a socket, in clear.

A stream is what a connection reads from and writes to. `TLSStream` is another one, on top of this.
"""

from __future__ import annotations

import errno
import socket
from functools import partial
from typing import TYPE_CHECKING, Protocol

import trio

from .readiness import Result, each_time_readable

if TYPE_CHECKING:
    from collections.abc import Callable

# One read, and a bound on what a peer can make us owe it or keep for it. Arbitrary.
CHUNK = 64 * 1024


class Lost(Exception):
    """The peer has reset the connection."""


# What the peer, or the way to it, has done beside `ConnectionError` and `TimeoutError`. macOS has
# EPROTOTYPE when the peer is just closing. All else, such as ENOBUFS, is our own trouble.
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
    """Two directions of octets. When a call is cancelled nothing is lost: the next one goes on."""

    async def receive(self) -> bytes:
        """Return what has come, at least an octet, or nothing at the end; raises `Lost`."""

    async def feed(self, take: Callable[[bytes], Result | None]) -> Result:
        """Call `take` with what comes, as `receive` gives it, until it returns more than `None`.

        That is returned. Raises what `take` raises, and `Lost`.
        """

    async def send(self, octets: bytearray) -> None:
        """Send the octets, and take out of the array what has left; raises `Lost`."""

    def send_at_once(self, octets: bytearray) -> None:
        """The same, but what would have to wait is left in the array."""

    async def half_close(self) -> None:
        """Tell the peer that no more will come; raises `Lost`."""


class ClearStream:
    """A non-blocking TCP socket; a `Stream`."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._is_given_up = False

    def give_up(self) -> None:
        """Let nothing more leave, from any thread: whoever sends meets `Lost`."""
        self._is_given_up = True

    async def receive(self) -> bytes:
        """See `Stream`."""
        return await self.feed(lambda octets: octets)

    async def feed(self, take: Callable[[bytes], Result | None]) -> Result:
        """See `Stream`."""
        return await each_time_readable(self._socket, partial(self._feed, take))

    def _feed(self, take: Callable[[bytes], Result | None]) -> Result | None:
        try:
            octets = self._socket.recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError as error:
            raise _lost(error) from error
        return take(octets)

    async def send(self, octets: bytearray) -> None:
        """See `Stream`."""
        self.send_at_once(octets)
        while octets:
            await trio.lowlevel.wait_writable(self._socket)
            self.send_at_once(octets)

    def send_at_once(self, octets: bytearray) -> None:
        """See `Stream`."""
        if self._is_given_up:
            raise Lost
        try:
            while octets:
                del octets[: self._socket.send(octets)]
        except BlockingIOError:
            return
        except OSError as error:
            raise _lost(error) from error

    async def half_close(self) -> None:
        """See `Stream`."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Lost from error

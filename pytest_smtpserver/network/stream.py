"""Octets over a socket, in clear.

A stream is what a connection reads from and writes to. `TLSStream` is another one, on top of this.
"""

from __future__ import annotations

import socket
from typing import Protocol

import trio

# One read, and a bound on what a peer can make us owe it or keep for it. Arbitrary.
CHUNK = 64 * 1024


class Lost(Exception):
    """The peer has reset the connection."""


class Stream(Protocol):
    """Two directions of octets. When a call is cancelled nothing is lost: the next one goes on."""

    async def receive(self) -> bytes:
        """Return what has come, at least an octet, or nothing at the end; raises `Lost`."""

    async def send(self, octets: bytearray) -> None:
        """Send the octets, and take out of the array what has left; raises `Lost`."""

    async def half_close(self) -> None:
        """Tell the peer that no more will come; raises `Lost`."""


class ClearStream:
    """A non-blocking TCP socket; a `Stream`."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    async def receive(self) -> bytes:
        """See `Stream`."""
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                raise Lost from error

    async def send(self, octets: bytearray) -> None:
        """See `Stream`."""
        while octets:
            try:
                sent = self._socket.send(octets)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._socket)
                continue
            except OSError as error:
                raise Lost from error
            del octets[:sent]

    async def half_close(self) -> None:
        """See `Stream`."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Lost from error

"""Sockets in the file system: `unix:` and a path instead of an address."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from pytest_smtpserver.engine import UNIX

from .stream import never_block

#: The address of every client there: such clients have neither address nor port.
CLIENT = (UNIX, 0)


class ImpossibleHost(OSError):
    """No server can listen there: the machine has no such address, or the path is impossible."""


def listen(path: Path, backlog: int) -> socket.socket:
    """Return a listening, non-blocking socket at a path.

    A socket that nobody listens on is replaced. Raises `OSError` with `EADDRINUSE` if a server
    listens on it or if another file is there, and `ImpossibleHost` if no socket can be made there.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ImpossibleHost("this system has no sockets in the file system")
    if _is_left_behind(path):
        path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        never_block(listening)
        listening.bind(str(path))
        listening.listen(backlog)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            why = "it is in use" if _identity(path) else "there is a file that is not a socket"
            raise OSError(error.errno, f"cannot listen on {UNIX}{path}: {why}") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ImpossibleHost(f"cannot listen on {UNIX}{path}: {reason}") from None
    return listening


def _is_left_behind(path: Path) -> bool:
    if _identity(path) is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        # Connecting would block if the backlog is full; then the server is alive.
        never_block(client)
        return client.connect_ex(str(path)) == errno.ECONNREFUSED


class SocketFile:
    """The file of a listening socket; the kernel leaves it there when the socket is closed."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._identity = _identity(self._path)

    def remove(self) -> None:
        """Remove it, unless another server has taken the path meanwhile."""
        if self._identity == _identity(self._path):
            with suppress(OSError):
                self._path.unlink()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the socket at a path, or `None` if no socket is there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None

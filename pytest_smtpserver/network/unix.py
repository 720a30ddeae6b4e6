"""Sockets in the file system: `unix:` and a path in the place of an address."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "unix:"
#: What clients are called there: they have neither address nor port.
CLIENT = (PREFIX, 0)


class ImpossibleHost(OSError):
    """There is nothing of that name to listen on."""


def listen(path: Path, backlog: int) -> socket.socket:
    """Return a listening, non-blocking socket at a path.

    A socket there that nobody listens on is replaced. Raises `OSError` with `EADDRINUSE` if
    somebody does, or if there is another file, and `ImpossibleHost` if there can be none.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ImpossibleHost("this system has no sockets in the file system")
    if _is_left_behind(path):
        path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        listening.bind(str(path))
        listening.listen(backlog)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(error.errno, f"cannot listen on {PREFIX}{path}: it is in use") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ImpossibleHost(f"cannot listen on {PREFIX}{path}: {reason}") from None
    return listening


def _is_left_behind(path: Path) -> bool:
    if identity(path) is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        # One whose backlog is full would block, and is alive.
        client.setblocking(False)
        return client.connect_ex(str(path)) == errno.ECONNREFUSED


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the socket at a path from others, or `None` if there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None

"""Which addresses a server may take: fixed ports once, and other than loopback with a warning."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import UNIX
from pytest_smtpserver.rules.places import callers_place
from pytest_smtpserver.settings import SettingsError
from pytest_smtpserver.unpatched import in_forked_child

if TYPE_CHECKING:
    from pytest_smtpserver.settings import Settings

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

_lock = threading.Lock()
# Each port with the place where its server was started first.
_taken: dict[int, str] = {}
# How pytest-xdist tells a worker which it is; what a worker starts has it from its environment.
_WORKER = "PYTEST_XDIST_WORKER"
_inherited: str | None = None


def claim(settings: Settings, place: str) -> str:
    """Take a fixed port for one server of this process; port 0 can be taken any number of times.

    Return where a server with a fixed port was started first: `place`, or the caller's line if that
    is empty. Raises `SettingsError` if another server has the port, or under pytest-xdist, where
    each worker would want it.
    """
    port = settings.port
    if not port:
        return ""
    if _is_worker():
        raise SettingsError(
            f"port={port}: with pytest-xdist each worker has servers of its own; use port=0, "
            "and server.port for the one that was chosen"
        )
    with _lock:
        if port in _taken:
            raise SettingsError(
                f"port={port}: another server of this process, started {_taken[port]}, listens "
                "there; use port=0, and server.port for the one that was chosen"
            )
        return _taken.setdefault(port, place or callers_place())


def _is_worker() -> bool:
    # A script that a test starts has nothing to do with pytest-xdist.
    return os.environ.get(_WORKER) != _inherited and "xdist" in sys.modules


def ignore_inherited_worker() -> None:
    """Note that this process is not a worker of pytest-xdist, whatever its environment says."""
    global _inherited
    _inherited = os.environ.get(_WORKER)


def release(settings: Settings) -> None:
    """Give back what `claim` took."""
    with _lock:
        _taken.pop(settings.port, None)


@in_forked_child
def _unlock_in_child() -> None:
    global _lock
    _lock = threading.Lock()


def warn_unless_loopback(host: str) -> None:
    """Warn if others than this machine can reach a server on `host`, a numeric address."""
    if host == "127.0.0.1" or host.startswith(UNIX):
        return
    from ipaddress import ip_address

    if not ip_address(host.partition("%")[0]).is_loopback:
        warnings.warn(
            f"host={host}: other machines can reach this test server; use 127.0.0.1 or ::1",
            UserWarning,
            stacklevel=_level_of_caller() + 1,
        )


def _level_of_caller() -> int:
    """Return how many calls of this package are between here and the line of the caller."""
    package = __name__.partition(".")[0]
    level, frame = 0, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level

"""What tests like to replace, as it was when this package was first imported.

A test that patches `threading.Thread`, with a mock or with one that runs its target at once, means
the code under test. The server needs real threads. `pytest_smtpserver` imports this file first, so
under pytest it is imported before any test runs.
"""

from __future__ import annotations

import threading
from _thread import RLock
from contextlib import contextmanager
from threading import Event, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Event", "Thread", "Timer", "real_locks", "start"]

# Of the one thread that is always real.
Thread: type[threading.Thread] = type(threading.main_thread()).__mro__[1]
_start = Thread.start


def start(thread: threading.Thread) -> None:
    """Start a thread, also while `threading.Thread.start` is replaced."""
    if getattr(_start, "__module__", None) != "threading":
        raise RuntimeError(
            "threading.Thread.start was replaced before pytest_smtpserver was imported, and the "
            "SMTP server needs the real one: import pytest_smtpserver first"
        )
    _start(thread)


@contextmanager
def real_locks() -> Iterator[None]:
    """Let `threading.RLock` be the real one while trio is imported, which keeps what it finds.

    eventlet's `monkey_patch` replaces it, whatever it is told to leave alone, and trio runs with no
    other.
    """
    found = threading.RLock
    threading.RLock = RLock
    try:
        yield
    finally:
        threading.RLock = found

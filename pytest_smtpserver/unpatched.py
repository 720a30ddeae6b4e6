"""Threads and locks as they were when this package was first imported, before a test patched them.

A test may patch `threading.Thread`, with a mock or with a class that runs its target at once. The
patch is for the code under test; the server still needs real threads. `pytest_smtpserver` imports
this file first, so under pytest it is imported before any test runs.
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

# The base of the main thread's class. Python made that thread before anybody could patch it.
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
    """Put the real `threading.RLock` back while trio is imported; trio keeps what it finds.

    eventlet's `monkey_patch` replaces `RLock` whatever it is told to leave alone, and trio does not
    run with the replacement.
    """
    found = threading.RLock
    threading.RLock = RLock
    try:
        yield
    finally:
        threading.RLock = found

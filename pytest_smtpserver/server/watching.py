"""Calls a function for each transaction that ends on any server of this process.

So something besides the tests, such as the inbox, sees all mail: even that of servers that a test
makes itself, and before the test clears it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.recording.transaction import TransactionRecording
    from pytest_smtpserver.records.transaction import Transaction

    from .core import Core

    #: Called, in whichever thread it ended, with the server and the transaction; must not raise.
    Told = Callable[[Core, Transaction], object]

_told: tuple[Told, ...] = ()


def watch(told: Told) -> None:
    """Call `told` for what ends on servers that are started from now on."""
    global _told
    _told = (*_told, told)


def unwatch(told: Told) -> None:
    """Do not call `told` for servers that are started from now on."""
    global _told
    _told = tuple(one for one in _told if one != told)


def started(core: Core) -> None:
    """Note that a server was started for the first time."""
    for told in _told:
        watching = _Watching(core, told)
        core.recorder.add_waker(watching.look)
        watching.look()


class _Watching:
    """Looks for what is new whenever a server's recorder says that there may be more."""

    def __init__(self, core: Core, told: Told) -> None:
        from pytest_smtpserver.waiting.expectation import Feed

        self._core = core
        self._told = told
        self._lock = threading.Lock()
        self._feed: Feed[TransactionRecording] = Feed(lambda: core.recorder.finished)

    def look(self) -> None:
        # Several threads may be woken at once, but each transaction is reported only once.
        with self._lock:
            _, new = self._feed.take()
        for transaction in new:
            self._told(self._core, transaction.snapshot())

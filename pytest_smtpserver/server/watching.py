"""Calls a function for each transaction that ends on any server of this process.

So something besides the tests, such as the inbox, sees all mail: even that of servers that a test
makes itself, and before the test clears it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_smtpserver.unpatched import in_forked_child

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smtpserver.recording.transaction import TransactionRecording
    from pytest_smtpserver.records.transaction import Transaction

    from .core import Core

    #: Called, in any thread, with the server and the transaction; must not raise.
    OnEnded = Callable[[Core, Transaction], object]

_watchers: tuple[OnEnded, ...] = ()

# Held while somebody looks for what is new.
_looking = threading.Lock()


def watch(on_ended: OnEnded) -> None:
    """Call `on_ended` for what ends on servers that are started from now on."""
    global _watchers
    _watchers = (*_watchers, on_ended)


def unwatch(on_ended: OnEnded) -> None:
    """Do not call `on_ended` for servers that are started from now on."""
    global _watchers
    _watchers = tuple(one for one in _watchers if one != on_ended)


def started(core: Core) -> None:
    """Note that a server was started for the first time."""
    for on_ended in _watchers:
        watching = _Watching(core, on_ended)
        core.recorder.add_waker(watching.look)
        watching.look()


class _Watching:
    """Looks for what is new whenever a server's recorder says that there may be more."""

    def __init__(self, core: Core, on_ended: OnEnded) -> None:
        self._core = core
        self._on_ended = on_ended
        self._log: Sequence[TransactionRecording] = core.recorder.finished
        self._seen = 0

    def look(self) -> None:
        # Several threads may be woken at once, but each transaction is reported only once.
        with _looking:
            log = self._core.recorder.finished
            new = self._take()
            if log is not self._log:
                # A test has cleared the server, perhaps before this saw the last of its mail.
                self._log, self._seen = log, 0
                new += self._take()
        for transaction in new:
            self._on_ended(self._core, transaction.snapshot())

    def _take(self) -> list[TransactionRecording]:
        new = list(self._log[self._seen :])
        self._seen += len(new)
        return new


@in_forked_child
def _unlock_in_child() -> None:
    global _looking
    _looking = threading.Lock()

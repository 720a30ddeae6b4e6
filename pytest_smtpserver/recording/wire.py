"""What passes on the wire in one session, in order, and how a test reads it.

The server's thread appends raw entries, which are plain tuples. Most sessions are never looked at,
so the public values are made only when a reader asks, and only once.

Only the server's thread appends, and it never reads. Readers never append or move an entry. A
reader replaces a raw entry by its value, under a lock that only readers take. So each entry becomes
one value, the same for all readers, and the server's thread never waits.

A view is a wire and a length. Entries keep their places, so a view is a snapshot without a copy. It
costs the same for short and long sessions: a rule that looks at `command.session` for each command
does not slow down a long session.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_smtpserver.records.exchange import Event, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.records.exchange import Speaker
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.transaction import Transaction

    from .transaction import TransactionRecording


# Named tuples would be clearer, but take longer to make, and one is made for each command. The two
# kinds differ in their lengths.
#: The parts of an `Event`: time, speaker, and what.
RawEvent = tuple[float, "Speaker", "str | bytes"]
#: The parts of an `Exchange` with no events in between: command, reply, received, answered.
RawExchange = tuple[str, "Reply | None", float, float]


Entry = RawEvent | RawExchange | Event | Exchange

_readers = threading.Lock()


class Wire(list["Entry"]):
    """All entries of a session, oldest first. Only the server's thread appends."""

    __slots__ = ("_made",)

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        super().__init__(entries)
        # How many entries, from the first one on, are already values.
        self._made = 0

    def first(self, count: int) -> tuple[Exchange | Event, ...]:
        """Return the first `count` entries as values; for readers."""
        with _readers:
            for number in range(self._made, count):
                self[number] = value_of(self[number])
            self._made = max(self._made, count)
            return tuple(self[:count])  # type: ignore[arg-type]  # made above

    def since(self, start: int) -> Wire:
        """Return a new wire with the entries from `start` on."""
        return Wire(self[start:])


def value_of(entry: Entry) -> Exchange | Event:
    """Return the public value of a raw entry."""
    if not isinstance(entry, tuple):
        return entry
    if len(entry) == 3:
        time, speaker, what = entry
        return Event(time=time, speaker=speaker, what=what)
    command, reply, received, answered = entry
    return Exchange(command=command, reply=reply, received=received, answered=answered)


class WireView:
    """A wire as it was at one moment, and what was pending then; evaluated when called."""

    __slots__ = ("_count", "_pending", "_values", "_wire")

    def __init__(self, wire: Wire, count: int, pending: tuple[Event, ...]) -> None:
        self._wire = wire
        self._count = count
        self._pending = pending
        self._values: tuple[Exchange | Event, ...] | None = None

    def __call__(self) -> tuple[Exchange | Event, ...]:
        """Return the entries."""
        if self._values is None:
            self._values = (*self._wire.first(self._count), *self._pending)
        return self._values


class TransactionsView:
    """The transactions that a session had at one moment; evaluated when called.

    Those that had ended do not change any more. The one that was open is a snapshot.
    """

    __slots__ = ("_count", "_last", "_recordings", "_values")

    def __init__(self, recordings: list[TransactionRecording]) -> None:
        self._recordings = recordings
        self._count = len(recordings)
        self._last = recordings[self._count - 1].snapshot() if self._count else None
        self._values: tuple[Transaction, ...] | None = None

    def __call__(self) -> tuple[Transaction, ...]:
        """Return the transactions, oldest first."""
        if self._values is None:
            before = [one.snapshot() for one in self._recordings[: max(0, self._count - 1)]]
            self._values = (*before, self._last) if self._last is not None else ()
        return self._values

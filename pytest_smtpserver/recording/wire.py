"""What passes on the wire in one session, in order, and how a test reads it.

The server's thread notes raw entries. Most sessions are never looked at, so the public values are
made only when a reader asks, and only once.

An entry is three items in a row, in one list for the whole session. A tuple for each entry would
be an object that Python's garbage collector visits again and again as long as the server keeps its
records: with them, and with lists in each record, the collector took a fifth of the time of a
message.

Only the server's thread adds entries, each with one `extend`, and nobody changes them. So a reader
finds whole entries only. It makes their values under a lock that only readers take, and keeps them
beside the entries. So each entry becomes one value, the same for all readers, and the server's
thread never waits.

A view is a wire and a length. Entries keep their places, so a view is a snapshot without a copy. It
costs the same for short and long sessions: a rule that looks at `command.session` for each command
does not slow down a long session.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.records.exchange import Event, Exchange
from pytest_smtpserver.unpatched import in_forked_child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.records.exchange import Speaker
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.transaction import Transaction

    from .transaction import TransactionRecording

    #: An `Exchange` that was answered at once, with no events in between: command, reply, time.
    RawExchange = tuple[str, Reply | None, float]
    #: An `Event`: speaker, what, time.
    RawEvent = tuple[Speaker, str | bytes, float]
    #: Any other `Exchange` is kept as it is.
    Entry = RawExchange | RawEvent | tuple[Exchange, None, None]

#: The items of an entry.
WIDTH = 3

_readers = threading.Lock()


class Wire(list[Any]):
    """The items of all entries of a session, oldest first. Only the server's thread extends it."""

    __slots__ = ("_values",)

    def __init__(self, items: Any = ()) -> None:
        super().__init__(items)
        # The values of the first entries, as far as a reader has asked for them.
        self._values: list[Exchange | Event] | None = None

    def first(self, length: int) -> tuple[Exchange | Event, ...]:
        """Return the values of the first `length` items; for readers."""
        with _readers:
            self._values = values = self._values or []
            for start in range(len(values) * WIDTH, length, WIDTH):
                values.append(_value_of(*self[start : start + WIDTH]))
            return tuple(values[: length // WIDTH])

    def since(self, start: int) -> Wire:
        """Return a new wire with the items from `start` on; for readers."""
        with _readers:
            wire = Wire(self[start:])
            wire._values = (self._values or [])[start // WIDTH :]
            return wire


def _value_of(first: Any, second: Any, time: Any) -> Exchange | Event:
    if isinstance(first, Exchange):
        return first
    if isinstance(second, str | bytes):
        return Event(time=time, speaker=first, what=second)
    return Exchange(command=first, reply=second, received=time, answered=time)


class WireView:
    """A wire as it was at one moment, and what was pending then; evaluated when called."""

    __slots__ = ("_length", "_pending", "_values", "_wire")

    def __init__(self, wire: Wire, length: int, pending: tuple[Event, ...]) -> None:
        self._wire = wire
        self._length = length
        self._pending = pending
        self._values: tuple[Exchange | Event, ...] | None = None

    def __call__(self) -> tuple[Exchange | Event, ...]:
        """Return the entries."""
        if self._values is None:
            self._values = (*self._wire.first(self._length), *self._pending)
        return self._values


class TransactionsView:
    """The transactions that a session had at one moment; evaluated when called.

    Those that had ended do not change any more. The last one, which may be open, is a snapshot.
    """

    __slots__ = ("_before", "_last", "_values")

    def __init__(self, last: TransactionRecording | None) -> None:
        self._before = last.before if last else None
        self._last = last.snapshot() if last else None
        self._values: tuple[Transaction, ...] | None = None

    def __call__(self) -> tuple[Transaction, ...]:
        """Return the transactions, oldest first."""
        if self._values is None:
            self._values = tuple(reversed(list(self._newest_first())))
        return self._values

    def _newest_first(self) -> Iterator[Transaction]:
        if self._last is not None:
            yield self._last
        before = self._before
        while before is not None:
            yield before.snapshot()
            before = before.before


@in_forked_child
def _unlock_in_child() -> None:
    global _readers
    _readers = threading.Lock()

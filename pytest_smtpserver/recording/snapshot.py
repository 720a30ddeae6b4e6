"""What the engine writes while a session lasts; tests read snapshots of it.

How it works: one thread, the server's, writes; any thread reads, and may have what has ended
forgotten. A recording only ever appends and replaces whole values, so a snapshot taken in the
middle is one that was true a moment ago. What makes waiting tests look again (a message, the end of
a transaction or of a session) goes through the `Recorder` and its lock. A snapshot is made when
somebody asks for it, and kept until something changes; once the transaction or session has ended,
it is the final value. It is kept with the state of which it was made, an object that is replaced
after each change, and before anybody is told of it: if a change comes while a snapshot is being
made, the states differ, and the next reader makes another. What changes in a transaction changes
its session.

A recording can also be sealed: its snapshot is final then, whatever its writer still does. So the
records of a server that was stopped are final even if something blocks its thread.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

# How many records an error names; arbitrary.
_SHOWN = 3


def when(seconds: float) -> datetime:
    """Return the time in UTC that is so many seconds after the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


class Records(tuple[Value, ...]):
    """A tuple of records; an index beyond its end says what there is, and which method waits."""

    __slots__ = ()
    _noun = "record"

    def __getitem__(self, index: Any) -> Any:
        __tracebackhide__ = True
        try:
            return super().__getitem__(index)
        except IndexError:
            pass
        shown = ", ".join(map(repr, self[-_SHOWN:]))
        arrived = f"{len(self)} so far: {shown}" if self else "none so far"
        noun = self._noun
        raise IndexError(f"{noun}s[{index}]: {arrived}; wait_for_{noun}() waits for one")


class Messages(Records[Value]):
    """The messages of a server."""

    __slots__ = ()
    _noun = "message"


class Transactions(Records[Value]):
    """The transactions of a server."""

    __slots__ = ()
    _noun = "transaction"


class Sessions(Records[Value]):
    """The sessions of a server."""

    __slots__ = ()
    _noun = "session"


class Recording(Generic[Value]):
    """Gives snapshots of what a subclass records."""

    __slots__ = ("_snapshot", "_state")

    def __init__(self) -> None:
        #: `None`: sealed.
        self._state: object | None = object()
        self._snapshot: tuple[object, Value] | None = None

    def snapshot(self) -> Value:
        """Return the value as it is now."""
        state, kept = self._state, self._snapshot
        if kept is None or kept[0] is not state:
            self._snapshot = kept = state, self._value()
        return kept[1]

    def changed(self) -> None:
        """Let the next reader make another snapshot."""
        if self._state is not None:
            self._state = object()

    @property
    def is_sealed(self) -> bool:
        """Whether nothing that is still written shows."""
        return self._state is None

    def seal(self) -> None:
        """Keep the value as it is now, for good."""
        self._state, self._snapshot = None, (None, self._value())

    def _value(self) -> Value:
        raise NotImplementedError

"""What the engine writes while a session lasts; tests read snapshots of it.

Only the server's thread writes; any thread reads. A recording appends to its lists and replaces
whole values, so a snapshot taken in the middle of a change shows what was true a moment ago.
Everything that wakes waiting tests (a message, the end of a transaction or session) goes through
the `Recorder` and its lock.

A snapshot is made when somebody asks for it, and kept until something changes. How does a reader
know that the kept one is current? It is kept with a state: an object that the writer replaces after
each change, before it wakes anybody. For example, a reader makes a snapshot while a recipient is
added. It keeps it with the state that it read at the beginning; the writer has replaced that state
by now; so the next reader sees two different states and makes a new snapshot. A change in a
transaction is also a change in its session.

A recording can be sealed: then its snapshot is final, even if its writer still changes something.
So the records of a stopped server are final even if something blocks its thread.
"""

from __future__ import annotations

import operator
import os
import threading
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

# Held while a snapshot is made or sealed. It is reentrant because a session's snapshot makes that
# of its open transaction. No other lock is taken while it is held, but a thread that takes it may
# already hold the recorder's lock.
_making = threading.RLock()
# The state of a snapshot that stays the same, whatever changes.
_FINAL = object()

# How many records an error names; arbitrary.
_SHOWN = 3


def when(seconds: float) -> datetime:
    """Return the time in UTC for a number of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


class Records(tuple[Value, ...]):
    """A tuple of records; its IndexError names the records, and the method that waits for more."""

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
        # With `wait_for_session` a test waits for one session only.
        place = operator.index(index)
        needed = place + 1 if place >= 0 else -place
        one = needed == 1 or noun == "session"
        waits = f"wait_for_{noun}() waits for one" if one else f"wait_for_{noun}s({needed}) waits"
        raise IndexError(f"{noun}s[{index}]: {arrived}; {waits}")


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
    """Makes snapshots of what a subclass records."""

    __slots__ = ("_snapshot", "_state")

    def __init__(self) -> None:
        self._state = object()
        self._snapshot: tuple[object, Value] | None = None

    def snapshot(self) -> Value:
        """Return the value as it is now."""
        state, kept = self._state, self._snapshot
        if kept is None or kept[0] not in (state, _FINAL):
            kept = self._made()
        return kept[1]

    def _made(self) -> tuple[object, Value]:
        with _making:
            # Another reader may have made it meanwhile. All readers must get the same object.
            state, kept = self._state, self._snapshot
            if kept is None or kept[0] not in (state, _FINAL):
                self._snapshot = kept = state, self._value()
            return kept

    def changed(self) -> None:
        """Let the next reader make a new snapshot, unless this recording is sealed."""
        self._state = object()

    @property
    def is_sealed(self) -> bool:
        """Whether its snapshot is final, even if something is still written."""
        return self._snapshot is not None and self._snapshot[0] is _FINAL

    def seal(self) -> None:
        """Make the present value the final one."""
        with _making:
            self._snapshot = _FINAL, self._value()

    def _value(self) -> Value:
        raise NotImplementedError


def _unlock_in_child() -> None:
    # At the fork, a thread may have held it that does not exist in the child.
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)

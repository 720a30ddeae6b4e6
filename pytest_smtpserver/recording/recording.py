"""What the engine writes while a session lasts; tests read snapshots of it.

Only the server's thread writes; any thread reads. A recording appends to its lists and replaces
whole values, so a snapshot taken in the middle of a change shows what was true a moment ago.
Everything that wakes waiting tests (a message, the end of a transaction or session) goes through
the `Recorder` and its lock.

A snapshot is made when somebody asks for it, and kept until something changes. How does a reader
know that the kept one is current? Before it reads anything, it puts an empty slot into `_kept`, and
when its snapshot is made, it fills that slot. The writer sets `_kept` to `None` after each change,
before it wakes anybody. For example, a recipient is added while a reader makes a snapshot. When the
reader fills its slot, that is no longer in `_kept`, so the next reader makes a new snapshot. A
change in a transaction is also a change in its session.

To set an attribute is all that a change costs, and a recording that nobody looks at keeps nothing
for its readers. A server makes some thirty changes for a message.

A recording can be sealed: then its snapshot is final, even if its writer still changes something.
So the records of a stopped server are final even if something blocks its thread.
"""

from __future__ import annotations

import operator
import threading
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pytest_smtpserver.unpatched import in_forked_child

Value = TypeVar("Value")

# Held while a snapshot is made or sealed. It is reentrant because a session's snapshot makes that
# of its open transaction. No other lock is taken while it is held, but a thread that takes it may
# already hold the recorder's lock.
_making = threading.RLock()

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


class _Slot(Generic[Value]):
    """Where a snapshot is kept; empty while it is made."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Value | None = None


class Recording(Generic[Value]):
    """Makes snapshots of what a subclass records. Each change ends with `self._kept = None`."""

    __slots__ = ("_final", "_kept")

    def __init__(self) -> None:
        self._kept: _Slot[Value] | None = None
        # Of its own, because a writer that knows nothing of the seal sets the other one to `None`.
        self._final: Value | None = None

    def snapshot(self) -> Value:
        """Return the value as it is now."""
        kept = self._current()
        return self._made() if kept is None else kept

    def _current(self) -> Value | None:
        """Return the snapshot that was made, if nothing has changed since."""
        if self._final is not None:
            return self._final
        slot = self._kept
        return None if slot is None else slot.value

    def _made(self) -> Value:
        with _making:
            # Another reader may have made it meanwhile. All readers must get the same object.
            value = self._current()
            if value is None:
                slot: _Slot[Value] = _Slot()
                self._kept = slot
                slot.value = value = self._value()
            return value

    @property
    def is_sealed(self) -> bool:
        """Whether its snapshot is final, even if something is still written."""
        return self._final is not None

    def seal(self) -> None:
        """Make the present value the final one."""
        with _making:
            self._final = self._value()

    def _value(self) -> Value:
        raise NotImplementedError


@in_forked_child
def _unlock_in_child() -> None:
    global _making
    _making = threading.RLock()

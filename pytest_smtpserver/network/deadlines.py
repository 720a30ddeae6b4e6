"""Deadlines, most of which never come.

Each connection has one, its idle timeout, which is moved ahead whenever its client says something.
So moving it ahead must cost next to nothing: it is a mere attribute, and nobody is told. `next` is
a time before which no deadline can be. When it has come, `call_due` looks at all of them, and finds
the true next one. For example, a client connects at 0 and has 300 seconds: `next` is 300. It sends
its last command at 200. At 300 nothing is due, and `next` becomes 500.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadlines:
    """Knows which deadlines are due; used in one thread. Times are those of `clock.monotonic`."""

    def __init__(self) -> None:
        self._all: set[Deadline] = set()
        #: No deadline is before this.
        self.next = math.inf

    @property
    def are_any(self) -> bool:
        """Whether there is one that has not ended."""
        return bool(self._all)

    def begin(self, at: float, expired: Callable[[], object]) -> Deadline:
        """Return a deadline; `expired` is called once if it passes."""
        deadline = Deadline(self, expired)
        self._all.add(deadline)
        deadline.move(at)
        return deadline

    def moved_nearer(self, at: float) -> None:
        """Note that there is a nearer deadline than before."""
        self.next = min(self.next, at)

    def forget(self, deadline: Deadline) -> None:
        """Drop a deadline, so that it never expires."""
        self._all.discard(deadline)

    def call_due(self, now: float) -> None:
        """Call `expired` of those that have passed."""
        due = [one for one in self._all if one.at <= now]
        for one in due:
            one.at = math.inf
        self.next = min((one.at for one in self._all), default=math.inf)
        for one in due:
            one.expired()


class Deadline:
    """One deadline."""

    __slots__ = ("_all", "_is_final", "at", "expired")

    def __init__(self, all_: Deadlines, expired: Callable[[], object]) -> None:
        self._all = all_
        self.expired = expired
        #: When it comes.
        self.at = math.inf
        self._is_final = False

    def move(self, at: float) -> None:
        """Move it ahead or nearer, unless it is final."""
        if self._is_final:
            return
        is_nearer = at < self.at
        self.at = at
        if is_nearer:
            self._all.moved_nearer(at)

    def make_final(self) -> None:
        """Move it no more."""
        self._is_final = True

    def end(self) -> None:
        """Drop it, and forget what to call."""
        self._all.forget(self)
        self.expired = _nobody


def _nobody() -> None:
    pass

"""What is waited for: exactly so many records that meet some criteria, in so much time.

An expectation is looked at, like an engine is pulled: `look` says until when to wait unless
something happens first. So waiting in a thread and waiting in a task are the same logic.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pytest_smtpserver.matching import CriterionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smtpserver.matching import Criteria

Record = TypeVar("Record")
Result_co = TypeVar("Result_co", covariant=True)


class Waiting(Protocol[Result_co]):
    """Something that is waited for."""

    def look(self, now: float) -> float | None:
        """Return the time on `clock.monotonic` until which to wait, or `None`: it is decided."""

    def result(self) -> Result_co:
        """Return what was waited for; raises `SMTPAssertionError` if it did not come so."""


class Feed(Generic[Record]):
    """The records of one kind, as they come; each is given once.

    `log` gives the list that they are appended to: another one after the test has cleared it.
    `view` makes the record of what is in that list.
    """

    def __init__(
        self,
        log: Callable[[], Sequence[Any]],
        *,
        view: Callable[[Any], Record] = lambda entry: entry,
        only_new: bool = False,
    ) -> None:
        self._log = log
        self._view = view
        self._current = log()
        #: How many had come before, and are never given.
        self.skipped = len(self._current) if only_new else 0
        self._seen = self.skipped

    def take(self) -> tuple[bool, list[Record]]:
        """Return whether the earlier ones were forgotten meanwhile, and those not yet taken."""
        log = self._log()
        cleared = log is not self._current
        if cleared:
            # Some may be left if a single message was forgotten; what was skipped is so still.
            before = set(map(id, self._current[: self.skipped]))
            self.skipped = self._seen = sum(id(entry) in before for entry in log)
            self._current = log
        entries = log[self._seen :]
        self._seen += len(entries)
        return cleared, [self._view(entry) for entry in entries]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for the records, and then for one too many.

    `landing` is for what was on its way when the wait began.
    """

    timeout: float
    settle: float
    landing: float = 0.0


class Expectation(Generic[Record]):
    """Exactly `count` records that match: no fewer in time, and no more while it settles.

    With `count=None` as many as there are at the first look. `give_up` says that nothing more
    can come; `fail` is called to raise the failure. `in_flight` says that something is on its way
    which must land before it is decided, within the patience's `landing`.
    """

    def __init__(
        self,
        feed: Feed[Record],
        criteria: Criteria,
        count: int | None,
        patience: Patience,
        *,
        now: float,
        give_up: Callable[[], bool],
        fail: Callable[[Expectation[Record]], None],
        in_flight: Callable[[], bool] = lambda: False,
    ) -> None:
        self._in_flight = in_flight
        self._feed = feed
        self._give_up = give_up
        self._fail = fail
        self._started = now
        self._deadline = now + patience.timeout
        self._landed_by = now + patience.landing
        self._settle = patience.settle
        self._settled_at: float | None = None
        self._has_given_up = False
        self.criteria = criteria
        self.count = count
        self.records: list[Record] = []
        self.matched: list[Record] = []
        #: Seconds from the start to the last look.
        self.waited = 0.0

    def look(self, now: float) -> float | None:
        """See `Waiting`. Raises `CriterionError` if a callable among the criteria raises."""
        self._take()
        if self.count is None:
            self.count = len(self.matched)
        self.waited = now - self._started
        if len(self.matched) > self.count:
            return None
        until = self._deadline
        if self._is_met:
            until = self._settled_at = self._settled_at or now + self._settle
        if self._in_flight():
            until = max(until, self._landed_by)
        if now >= until:
            return None
        self._has_given_up = self._give_up()
        return None if self._has_given_up else until

    def result(self) -> tuple[Record, ...]:
        """Return the records that matched; see `Waiting`."""
        __tracebackhide__ = True
        if not self._is_met or self._has_given_up or self._in_flight():
            self._fail(self)
        return tuple(self.matched)

    def so_far(self) -> tuple[Record, ...]:
        """Return what matches by now, be it enough or not; nothing if a callable raises.

        It is for a block that has raised: its own exception must not be covered by another.
        """
        with suppress(CriterionError):
            self._take()
        return tuple(self.matched)

    @property
    def skipped(self) -> int:
        """How many records came before what is waited for began."""
        return self._feed.skipped

    @property
    def _is_met(self) -> bool:
        return len(self.matched) == self.count

    def _take(self) -> None:
        cleared, records = self._feed.take()
        if cleared:
            self.records.clear()
            self.matched.clear()
            self._settled_at = None
        self.records += records
        self.matched += [record for record in records if self.criteria.matches(record)]


Held_co = TypeVar("Held_co", covariant=True)


class Holding(Protocol[Held_co]):
    """What holds commands: a rule."""

    @property
    def held(self) -> tuple[Held_co, ...]:
        """The commands that were held so far, oldest first."""


class Held(Generic[Held_co]):
    """So many commands were held.

    `give_up` says that no more will be. `fail` is called to raise the failure, with the rule, how
    many it held, how many were expected, and the seconds waited.
    """

    def __init__(
        self,
        rule: Holding[Held_co],
        count: int,
        *,
        now: float,
        timeout: float,
        give_up: Callable[[], bool],
        fail: Callable[[object, int, int, float], None],
    ) -> None:
        self._rule = rule
        self._count = count
        self._timeout = timeout
        self._deadline = now + timeout
        self._give_up = give_up
        self._fail = fail

    def look(self, now: float) -> float | None:
        """See `expectation.Waiting`."""
        decided = len(self._rule.held) >= self._count or self._give_up()
        return None if decided or now >= self._deadline else self._deadline

    def result(self) -> Held_co:
        """Return the command held last when so many were; see `expectation.Waiting`."""
        __tracebackhide__ = True
        held = self._rule.held
        if len(held) < self._count:
            self._fail(self._rule, len(held), self._count, self._timeout)
        return held[self._count - 1]

"""What a test waits for: an exact number of records that meet some criteria, within a time.

An expectation never waits itself; it is pulled, like an engine. `look` takes what is new and
returns the time until which to wait, or `None` once the matter is decided. `awaiting` calls it
again when something was recorded, or at that time. So threads and tasks wait by the same logic.

Example: `wait_for_message(subject="Welcome", timeout=2, settle=0.1)`, called at second 0. `look`
returns 2. At 0.3 a message arrives that does not match: `look` returns 2 again. At 0.5 the right
one arrives: `look` returns 0.6, the end of the time in which a second one would be a failure. At
0.6 it returns `None`, and `result` returns the message.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.matching import CriterionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smtpserver.matching import Criteria

Record = TypeVar("Record")
Result_co = TypeVar("Result_co", covariant=True)


class Waiting(Protocol[Result_co]):
    """Something to wait for."""

    def look(self, now: float) -> float | None:
        """Return until when to wait, on `clock.monotonic`, or `None` once it is decided."""

    def result(self) -> Result_co:
        """Return what was waited for; raises `SMTPAssertionError` if the wait failed."""


class Feed(Generic[Record]):
    """The new records of one kind; `take` returns each of them once.

    `log` returns the list to which the recorder appends. After `clear` it returns another list.
    `view` makes a record from an entry of that list.
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
        #: How many came before the feed began; these are never returned.
        self.skipped = len(self._current) if only_new else 0
        self._seen = self.skipped

    def before(self) -> list[Record]:
        """Return the records that came before the feed began."""
        return [self._view(entry) for entry in self._current[: self.skipped]]

    def take(self) -> tuple[bool, list[Record]]:
        """Return whether the earlier records were forgotten meanwhile, and the new records."""
        log = self._log()
        cleared = log is not self._current
        if cleared:
            # Perhaps only one was forgotten (`del server.outbox[0]`). Those that were skipped
            # before are still skipped.
            before = set(map(id, self._current[: self.skipped]))
            self.skipped = self._seen = sum(id(entry) in before for entry in log)
            self._current = log
        entries = log[self._seen :]
        self._seen += len(entries)
        return cleared, [self._view(entry) for entry in entries]


@frozen()
class Patience:
    """How long to wait, in seconds: `timeout` for the records, then `settle` for a surplus one.

    `landing` is the time for a message that was already being sent when the wait began.
    """

    timeout: float
    settle: float
    landing: float = 0.0


class Expectation(Generic[Record]):
    """Exactly `count` matching records within the timeout, and no more while it settles.

    `count=None` means as many as come while it settles. `give_up` returns whether no more can
    come. `fail` raises the failure. `in_flight` returns whether a message is still being sent; the
    decision waits for it, but not beyond the patience's `landing`.
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
        self._is_in_flight = False
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
        """See `Waiting`; raises `CriterionError` if a callable in the criteria raises."""
        # In this order: a message that lands between the two is taken.
        self._is_in_flight = self._in_flight()
        self._take()
        self.waited = now - self._started
        if self.count is not None and len(self.matched) > self.count:
            return None
        until = self._deadline
        if self._is_met:
            until = self._settled_at = self._settled_at or now + self._settle
        if self._is_in_flight:
            until = max(until, self._landed_by)
        if now >= until:
            return None
        self._has_given_up = self._give_up()
        return None if self._has_given_up else until

    def result(self) -> tuple[Record, ...]:
        """Return the records that matched; see `Waiting`."""
        __tracebackhide__ = True
        if not self._is_met or self._has_given_up or self._is_in_flight:
            self._fail(self)
        return tuple(self.matched)

    def so_far(self) -> tuple[Record, ...]:
        """Return the records that match so far, for a block that has raised.

        If a callable in the criteria raises, that is ignored: it would hide the block's exception.
        """
        with suppress(CriterionError):
            self._take()
        return tuple(self.matched)

    @property
    def came_before(self) -> int:
        """How many matching records came before the block, if they explain what is missing in it.

        If some came in the block, they do so only if exactly as many came before as are missing.
        """
        early = 0
        with suppress(CriterionError):
            early = sum(map(self.criteria.matches, self._feed.before()))
        are_missing = not self.matched or len(self.matched) + early == self.count
        return early if are_missing else 0

    @property
    def _is_met(self) -> bool:
        return self.count is None or len(self.matched) == self.count

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
    """Something that holds commands: a rule."""

    @property
    def held(self) -> tuple[Held_co, ...]:
        """The commands that it has held so far, oldest first."""

    @property
    def can_hold(self) -> bool:
        """Whether it has a `hold()` step."""


class Held(Generic[Held_co]):
    """A rule has held `count` commands.

    `give_up` returns whether no more can come. `fail` raises the failure; it is called with the
    rule, how many commands it held, how many were expected, and the seconds waited.
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
        self._started = now
        self._waited = 0.0
        self._deadline = now + timeout
        self._give_up = give_up
        self._fail = fail

    def look(self, now: float) -> float | None:
        """See `expectation.Waiting`."""
        self._waited = now - self._started
        decided = len(self._rule.held) >= self._count or self._give_up()
        return None if decided or now >= self._deadline else self._deadline

    def result(self) -> Held_co:
        """Return the command that was held last; see `expectation.Waiting`."""
        __tracebackhide__ = True
        held = self._rule.held
        if len(held) < self._count:
            self._fail(self._rule, len(held), self._count, self._waited)
        return held[-1]

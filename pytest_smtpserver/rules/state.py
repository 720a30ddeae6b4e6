"""A rule as the server knows it: what it matches, what it does, and what it has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.engine import Gate
from pytest_smtpserver.matching import Criteria
from pytest_smtpserver.numeric import is_whole

from .phase import PER, Count, Phase
from .steps import HoldStep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.records.exchange import Exchange

    from .book import RuleBook
    from .command import Command
    from .phase import Per
    from .stages import Stage
    from .steps import Step

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True


class RuleState:
    """One rule of a book: the test adds steps, and the server's thread uses them.

    `rule` is the object that the test holds; `Exchange.rule` is the same one.
    """

    def __init__(
        self,
        book: RuleBook,
        name: str,
        stage: Stage,
        match: Mapping[str, object],
        *,
        optional: bool,
        made: str,
    ) -> None:
        self.name = name
        self.stage = stage
        self.optional = optional
        #: Where it was made: `at` and a line of the test, or `by` and a fixture.
        self.made = made
        self.rule: object = None
        #: What a failing test's report says about the rule.
        self.note = ""
        #: Opens when held clients are released.
        self.gate = Gate()
        #: Opens when its test is over, or the rule is forgotten: it delays nobody any longer.
        self.over = Gate()
        #: Whether it answers nobody any more, because its test is over.
        self.is_retired = False
        #: The commands that were held, oldest first.
        self.held: tuple[Command, ...] = ()
        self._book = book
        self._criteria = Criteria.of(stage.kind, match)
        self._phases: tuple[Phase, ...] = (Phase(),)
        self._hits: list[Exchange] = []
        self._hits_seen: tuple[Exchange, ...] = ()

    def add(self, step: Step) -> None:
        """Add a step to the last phase."""
        if self.last.is_complete:
            raise ValueError(
                "nothing can follow ignore(), disconnect() or reset(); then() begins another phase"
            )
        self.last.add(step)

    def begin_phase(self) -> None:
        """Begin the next phase; the one before is used once unless `times` was given."""
        if not self.last.steps:
            raise ValueError("then() needs a step before it, such as reply() or disconnect()")
        if self.last.times is None:
            self.last.answer(Count(1, "server"))
        self._phases = (*self._phases, Phase())

    def count(self, what: str, n: int, per: Per) -> Count:
        """Return the count that `times` or `after` was given."""
        lowest = 1 if what == "times" else 0
        if not is_whole(n) or n < lowest:
            raise ValueError(f"{what}({n!r}): must be a whole number from {lowest}")
        if per not in PER:
            raise ValueError(f"{what}(per={per!r}): must be one of {', '.join(PER)}")
        if per == "recipient" and not self.stage.has_recipient:
            raise ValueError(
                f"{what}(per='recipient'): a rule on {self.name!r} is not about a single recipient"
            )
        return Count(n, per)

    def belongs_to(self, rule: object) -> None:
        """Set the object that the test holds."""
        self.rule = rule

    def say_in_reports(self, note: str) -> None:
        """Set what a failing test's report says about the rule."""
        self.note = note

    def withdraw(self) -> None:
        """Let an invalid rule neither answer nor count as unused."""
        self._book.withdraw(self)

    def retire(self) -> None:
        """Answer nobody any more."""
        self.is_retired = True

    def hold(self, command: Command) -> None:
        """Note that a command is held."""
        with self._book.lock:
            self.held = (*self.held, command)
        self._book.wake()

    @property
    def can_hold(self) -> bool:
        """Whether one of its steps holds clients."""
        return any(isinstance(step, HoldStep) for phase in self._phases for step in phase.steps)

    def fits(self, command: Command) -> bool:
        """Return whether the rule matches the command.

        Raises `CriterionError` if a callable of the test raises.
        """
        return bool(self._phases[0].steps) and self._criteria.matches(command)

    def take(self, command: Command) -> Phase | None:
        """Count a matching command; return the phase that answers it, `None` to let it through."""
        with self._book.lock:
            for phase in self._phases:
                if not phase.steps:
                    return None
                if phase.passing is not None and phase.passing.take(command):
                    return None
                if phase.take(command):
                    return phase
        return None

    def hit(self, exchange: Exchange) -> None:
        """Note an exchange that the rule has answered."""
        with self._book.lock:
            self._hits.append(exchange)

    @property
    def hits(self) -> tuple[Exchange, ...]:
        """The exchanges that the rule has answered, oldest first."""
        with self._book.lock:
            hits, count = self._hits, len(self._hits)
        seen = self._hits_seen
        if len(seen) != count:
            self._hits_seen = seen = tuple(hits[:count])
        return seen

    @property
    def last(self) -> Phase:
        """The phase that steps are added to."""
        return self._phases[-1]

    @property
    def unused_phases(self) -> tuple[int, ...]:
        """Which phases have never answered a command, counted from 1."""
        return tuple(n for n, phase in enumerate(self._phases, 1) if not phase.is_used)

    def __str__(self) -> str:
        wording = f", {self._criteria}" if str(self._criteria) else ""
        return f"on({self.name!r}{wording}) made {self.made}"

"""A phase of a rule: some steps, and which of the matching commands they answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, get_args

from pytest_smtpserver.matching import comparable

from .steps import Accept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.engine import Action

    from .command import Command
    from .steps import Step, Turn

#: What is counted together: all commands of the server, those of one session, or those about one
#: recipient.
Per = Literal["server", "session", "recipient"]

PER: tuple[Per, ...] = get_args(Per)


class Count:
    """Counts commands, separately for each `per`, and knows how many are wanted."""

    __slots__ = ("_per", "_taken", "wanted")

    def __init__(self, wanted: int, per: Per) -> None:
        self.wanted = wanted
        self._per = per
        self._taken: Counter[object] = Counter()

    def take(self, command: Command) -> bool:
        """Return whether the command is one of those wanted, and count it."""
        key = self._key(command)
        if self._taken[key] >= self.wanted:
            return False
        self._taken[key] += 1
        return True

    def _key(self, command: Command) -> object:
        if self._per == "session":
            return command.session_id
        if self._per == "recipient" and command.recipient is not None:
            return comparable(command.recipient)
        return None


class Phase:
    """Some steps. First, `passing` commands are let through; then, `times` are answered."""

    __slots__ = ("is_used", "passing", "steps", "times")

    def __init__(self) -> None:
        self.steps: tuple[Step, ...] = ()
        self.passing: Count | None = None
        self.times: Count | None = None
        self.is_used = False

    def add(self, step: Step) -> None:
        """Add a step."""
        self.steps = (*self.steps, step)

    def answer(self, times: Count) -> None:
        """Set how many commands to answer."""
        self.times = times

    def let_pass(self, passing: Count) -> None:
        """Set how many commands to let through first."""
        self.passing = passing

    def take(self, command: Command) -> bool:
        """Return whether this phase answers the command, and count it."""
        if self.times is not None and not self.times.take(command):
            return False
        self.is_used = True
        return True

    @property
    def is_complete(self) -> bool:
        """Whether no step can follow."""
        return bool(self.steps) and self.steps[-1].is_last

    def run(self, turn: Turn) -> Iterator[Action]:
        """Yield the actions of all steps, and of the server's own reply if no step answers."""
        for step in self.steps:
            yield from step.run(turn)
        if not any(step.is_answer for step in self.steps):
            yield from Accept(reply=True).run(turn)

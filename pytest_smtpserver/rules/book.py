"""The rules of one server, of which the newest that fits answers."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.matching import CriterionError
from pytest_smtpserver.records.reply import Reply

from .chaos import Chaos
from .rule import Rule
from .stages import ANY_COMMAND, earliest_stage, find_stage
from .steps import CallableError, Choose

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .command import Command
    from .phase import Phase

# What a test's author got wrong is shown at the line of the test, not in here.
__tracebackhide__ = True

# RFC 5321 section 4.2.1: 4yz is a transient, 5yz a permanent negative completion reply.
_REFUSING = 400

_PACKAGE = __name__.partition(".")[0]


class RuleBook:
    """The rules of one server: the test writes, and the server's thread asks.

    `offered` are the stages that the server's settings allow. `wake` is called when a command is
    held; `wait_held` waits until a rule holds so many, for so many seconds.
    """

    def __init__(
        self,
        offered: Collection[str],
        wake: Callable[[], object],
        wait_held: Callable[[Rule, int, float | None], Command],
    ) -> None:
        self._offered = offered
        self.wake = wake
        self.wait_held = wait_held
        self.lock = threading.Lock()
        #: The newest first.
        self.rules: tuple[Rule, ...] = ()

    def on(self, stage: str, *, optional: bool = False, **match: Any) -> Rule:
        """Make a rule; see `SMTPServer.on`."""
        name, row = find_stage(stage, self._offered)
        rule = Rule(self, name, row, match, optional=optional, made_at=_callers_line())
        with self.lock:
            self.rules = (rule, *self.rules)
        return rule

    def refuse(
        self,
        reply: str | Reply,
        *,
        stage: str | None = None,
        optional: bool = False,
        **match: Any,
    ) -> Rule:
        """Make a rule that refuses; see `SMTPServer.refuse`."""
        refusal = Reply.parse(reply) if isinstance(reply, str) else reply
        if not isinstance(refusal, Reply) or refusal.code < _REFUSING:
            raise ValueError(f"refuse({reply!r}): must be a reply with a code from 400 to 599")
        stage = stage or earliest_stage(match, self._offered)
        return self.on(stage, optional=optional, **match).reply(refusal)

    def greylist(self, times: int = 1, *, optional: bool = False, **match: Any) -> Rule:
        """Make a rule that greylists; see `SMTPServer.greylist`."""
        rule = self.on("rcpt", optional=optional, **match).times(times, per="recipient")
        return rule.reply("451 4.7.1 greylisted, try again later")

    def chaos(self, rate: float = 0.1, seed: int | str | None = None) -> Rule:
        """Make a rule that refuses by chance; see `SMTPServer.chaos`."""
        chaos = Chaos(rate, seed)
        rule = self.on(ANY_COMMAND, optional=True, where=chaos.strikes)
        rule.note = str(chaos)
        return rule.add(Choose(chaos.step))

    def withdraw(self, rule: Rule) -> None:
        """Forget one rule."""
        with self.lock:
            self.rules = tuple(one for one in self.rules if one is not rule)

    def answering(self, stages: Collection[str], command: Command) -> tuple[Rule, Phase] | None:
        """Return the rule that answers a command at one of these stages, with its phase.

        Raises `CallableError` if a callable of the test does.
        """
        for rule in self.rules:
            if rule.stage in stages and _fits(rule, command) and (phase := rule.take(command)):
                return rule, phase
        return None

    def knows_verb(self, verb: str) -> bool:
        """Return whether a rule makes a command of a verb that the server does not know."""
        return any(rule.stage == verb for rule in self.rules)

    def clear(self) -> None:
        """Forget all rules; who is held by one is let go."""
        with self.lock:
            forgotten, self.rules = self.rules, ()
        for rule in forgotten:
            rule.release()

    def unused(self) -> tuple[str, ...]:
        """Return a sentence for each rule with a phase that was never used, the oldest first."""
        return tuple(
            _unused_sentence(rule, phases)
            for rule in reversed(self.rules)
            if not rule.optional and (phases := rule.unused_phases)
        )

    def notes(self) -> tuple[str, ...]:
        """Return what a failing test's report should say of the rules, oldest first."""
        return tuple(rule.note for rule in reversed(self.rules) if rule.note)


def _fits(rule: Rule, command: Command) -> bool:
    try:
        return rule.fits(command)
    except CriterionError as error:
        raise CallableError from (error.__cause__ or error)
    except BaseException as error:
        if isinstance(error, Exception):
            raise
        # `pytest.fail` and its like are no `Exception`.
        raise CallableError from error


def _unused_sentence(rule: Rule, phases: tuple[int, ...]) -> str:
    if phases == (1,) or not rule.hits:
        return f"the rule {rule} was never used"
    return f"phase {phases[0]} of the rule {rule} was never used"


def _callers_line() -> str:
    """Return file and line of the caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    path = frame.f_code.co_filename
    try:
        relative = os.path.relpath(path)
    except ValueError:  # on another drive
        relative = path
    return f"{path if relative.startswith('..') else relative}:{frame.f_lineno}"

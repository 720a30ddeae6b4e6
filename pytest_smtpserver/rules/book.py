"""The rules of one server; the newest match answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_smtpserver import matching

from .places import CallableError, blame, callers_place, calls_tests, running_test

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .command import Command
    from .phase import Phase
    from .state import RuleState

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True


class RuleBook:
    """The rules of one server: the test adds rules, and the server's thread looks them up.

    `offered` are the stages that the server's settings allow. `wake` is called when a command is
    held.
    """

    def __init__(self, offered: Collection[str], wake: Callable[[], object]) -> None:
        self.offered = offered
        self.wake = wake
        self.lock = threading.Lock()
        #: The newest first.
        self.rules: tuple[RuleState, ...] = ()

    def renew_locks(self) -> None:
        """Replace the locks; to be called in a forked child."""
        self.lock = threading.Lock()
        for rule in self.rules:
            rule.gate.renew_lock()
            rule.over.renew_lock()

    def add(self, stage: str, match: Mapping[str, object], *, optional: bool) -> RuleState:
        """Add a rule; raises what `RuleMaker.on` raises."""
        # Most servers never have a rule; the tables of stages and criteria are made with the first.
        from .stages import find_stage
        from .state import RuleState

        name, row = find_stage(stage, self.offered)
        rule = RuleState(self, name, row, match, optional=optional, made=callers_place())
        with self.lock:
            self.rules = (rule, *self.rules)
        return rule

    def withdraw(self, rule: RuleState) -> None:
        """Forget one rule, and let the clients go that it keeps waiting."""
        with self.lock:
            self.rules = tuple(one for one in self.rules if one is not rule)
        _let_go((rule,))

    def answering(
        self, stages: Collection[str], command: Command
    ) -> tuple[RuleState, Phase] | None:
        """Return the rule that answers a command at one of these stages, with its phase.

        Raises `CallableError` if a callable of the test does.
        """
        for rule in self.rules:
            is_meant = rule.name in stages and not rule.is_retired
            if is_meant and _fits(rule, command) and (phase := rule.take(command)):
                return rule, phase
        return None

    def knows_verb(self, verb: str) -> bool:
        """Return whether there is a rule for a verb that the server does not know."""
        return any(rule.name == verb and not rule.is_retired for rule in self.rules)

    def clear(self) -> None:
        """Forget all rules, and let the clients go that they keep waiting."""
        with self.lock:
            forgotten, self.rules = self.rules, ()
        _let_go(forgotten)

    def let_go(self) -> None:
        """Let the clients go that the rules hold, delay or throttle, for good."""
        _let_go(self.rules)

    def retire(self) -> None:
        """Let the present rules answer nobody any more; those that were never used stay so."""
        for rule in self.rules:
            rule.retire()

    def unused(self) -> tuple[tuple[str, str], ...]:
        """Return stage and sentence of each rule with a phase that was never used, oldest first."""
        return tuple(
            (rule.name, _unused_sentence(rule, phases))
            for rule in reversed(self.rules)
            if not rule.optional and (phases := rule.unused_phases)
        )

    def notes(self) -> tuple[str, ...]:
        """Return what a failing test's report should say about the rules, oldest first."""
        return tuple(rule.note for rule in reversed(self.rules) if rule.note)


def _let_go(rules: Iterable[RuleState]) -> None:
    for rule in rules:
        rule.gate.open()
        rule.over.open()


@calls_tests
def _meets(rule: RuleState, command: Command) -> bool:
    return rule.fits(command)


def _fits(rule: RuleState, command: Command) -> bool:
    asked = running_test()
    try:
        return _meets(rule, command)
    except matching.CriterionError as error:
        raised = error.__cause__ or error
    except BaseException as error:
        if isinstance(error, Exception):  # pragma: no cover  # a fault of our own
            raise
        # `pytest.fail` raises what is not an `Exception`.
        raised = error
    blame(asked, raised)
    raise CallableError from raised


def _unused_sentence(rule: RuleState, phases: tuple[int, ...]) -> str:
    if not rule.last.steps and phases == (1,):
        return f"no step: the rule {rule} was never used, add reply(), hold() or the like"
    if phases == (1,) or not rule.hits:
        return f"never used: the rule {rule}"
    return f"never used: phase {phases[0]} of the rule {rule}"

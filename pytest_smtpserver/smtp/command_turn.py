"""From a command line to the server's turn: what it says, whether it may come, what it leads to.

Most lines are in order, so their way is kept short: a condition here decides whether a check is
needed at all, instead of calling a function that finds nothing to do.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import command_line, conformance, replies
from .arguments import chunk_size
from .commands import COMMANDS
from .grammar import Refusal
from .login import MASK
from .turn import Turn, answer_without_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.input import Input
    from pytest_smtpserver.records.reply import Reply

    from .command_line import CommandLine
    from .commands import Handling
    from .dialogue import Dialogue

# The stages at which a rule can answer a command line.
_STAGES = {verb: (verb.lower(), "*") for verb in COMMANDS}


class CommandTurns:
    """Makes a turn of each command line of one session."""

    __slots__ = ("_dialogue", "_input", "_known", "_offer", "_rules")

    def __init__(self, dialogue: Dialogue, received: Input) -> None:
        self._dialogue = dialogue
        self._offer = dialogue.offer
        self._known = dialogue.offer.commands
        self._rules = dialogue.rules
        self._input = received

    def take(self) -> Iterable[Action] | None:
        """Answer the next line, or return `None` if it has not come yet."""
        line = self._input.take_line()
        if line is None:
            return None
        dialogue, said = self._dialogue, command_line.read(line)
        command, parsed, refusal = self._known.get(said.verb), None, None
        try:
            if command is None or said.is_odd or said.verb not in dialogue.progress.row:
                command = self._command_in_order(said)
            parsed = command.parse(dialogue, said.argument)
        except Refusal as caught:
            refusal = caught
        shown = said.shown
        if said.is_odd or dialogue.login.may_hold_secret:
            shown = self._shown(said, refusal)
        dialogue.session.asked(shown, dialogue.now)
        dialogue.conformance.received(said.verb, goes_on=not self._input.is_empty)
        if said.is_odd or dialogue.has_tolerated:
            self._blame_for_line(said, shown)
        if refusal is not None or command is None:
            return self._refuse(shown, said, refusal or Refusal(replies.MALFORMED_COMMAND))
        if said.is_odd or not self._input.is_empty:
            self._judge(said, shown)
        return self._take_turn(said.verb, command, parsed, shown)

    def _is_too_long(self, said: CommandLine) -> bool:
        return said.length > self._dialogue.extensions.line_limit(said.verb)

    def _blame_for_line(self, said: CommandLine, shown: str) -> None:
        self._blame(said.line_violations, shown)
        if self._dialogue.has_tolerated:
            self._dialogue.blamed()
            self._blame(("bad-syntax",), shown)

    def _take_turn(
        self, verb: str, command: Handling, parsed: object, shown: str
    ) -> Iterable[Action]:
        if command.begins is not None:
            return command.begins(self._dialogue, parsed, shown)
        if not self._rules.rules:
            own = self._answer(command, parsed)
            return answer_without_rules(self._dialogue, own, self._carry_out, verb, command, parsed)
        return Turn(
            self._dialogue,
            _STAGES[verb],
            partial(self._answer, command, parsed),
            partial(self._carry_out, verb, command, parsed),
            line=shown,
            facts=partial(command.facts, self._dialogue, parsed),
        ).answer()

    def _command_in_order(self, said: CommandLine) -> Handling:
        if self._is_too_long(said):
            raise Refusal(replies.LINE_TOO_LONG, "long-command-line")
        if said.fault is not None:
            raise Refusal(*said.fault)
        verb = said.verb
        command = self._known.get(verb)
        if command is None:
            known = self._rules.knows_verb(verb.lower())
            word = said.shown if MASK in said.shown else verb
            raise Refusal(replies.unknown_command(word), None if known else "unknown-command")
        if not self._dialogue.progress.allows(verb):
            where = self._dialogue.progress.state.value.format(hello=self._offer.hello)
            raise Refusal(replies.out_of_order(verb, where), "out-of-order")
        return command

    def _answer(self, command: Handling, parsed: object) -> Reply:
        return self._offer.rendered(command.answer(self._dialogue, parsed))

    def _carry_out(self, verb: str, command: Handling, parsed: object, reply: Reply | None) -> None:
        dialogue = self._dialogue
        if reply is not None and reply.code // 100 == command.accepted_by:
            dialogue.progress.move(verb)
            command.accepted(dialogue, parsed, reply)
            if verb == "STARTTLS":
                self._forget_what_came_in_clear()
        else:
            if verb == "STARTTLS" and not self._input.is_empty:
                self.judge_going_on(verb)
            dialogue.conformance.refused()
            command.declined(dialogue, parsed, reply)

    def _forget_what_came_in_clear(self) -> None:
        # RFC 3207 section 4.2: the server forgets the client. Forget what it sent ahead in clear,
        # too. Otherwise somebody between the two could insert commands, and they would be obeyed as
        # if they had come encrypted.
        if not self._input.is_empty:
            self._dialogue.violated("plaintext-after-starttls")
        self._input.clear()

    def _refuse(self, shown: str, said: CommandLine, refusal: Refusal) -> Iterable[Action]:
        dialogue, verb = self._dialogue, said.verb
        # A reply that repeats the client's words would show what is masked.
        reply = replies.without_echo(refusal.reply) if shown == MASK else refusal.reply
        reply = self._offer.rendered(reply)
        code = refusal.violation
        misled = dialogue.was_misled
        if code is not None and not dialogue.conformance.is_excused(code, misled=misled):
            dialogue.violated(code, shown)
        if verb == "BDAT" and verb in self._known:
            # RFC 3030 section 2: "the receiver-SMTP MUST accept and discard the associated
            # message data before sending the appropriate 5XX or 4XX code".
            self._input.skip(chunk_size(said.argument))
        dialogue.conformance.refused()
        # A rule may exist for a verb that the server does not know.
        stages = ("*",) if verb in COMMANDS else (verb.lower(), "*")
        carry_out = partial(self._refused, verb, said.argument)
        return Turn(dialogue, stages, lambda: reply, carry_out, line=shown).answer()

    def _refused(self, verb: str, argument: str, reply: Reply | None) -> None:
        dialogue, command = self._dialogue, self._known.get(verb)
        if command is None or reply is None:
            return
        is_in_order = dialogue.progress.allows(verb)
        if is_in_order and reply.code // 100 == command.accepted_by:
            # A rule on any command has accepted it all the same.
            parsed = command.salvaged(argument)
            if parsed is not None:
                dialogue.progress.move(verb)
                command.accepted(dialogue, parsed, reply)
        elif not reply.is_positive and (is_in_order or dialogue.transaction is not None):
            command.unparsed(dialogue, argument, reply)

    def _judge(self, said: CommandLine, shown: str) -> None:
        self._blame(said.violations, shown)
        if said.verb != "STARTTLS" and not self._input.is_empty:
            # What comes after STARTTLS is judged with its reply: more may come until then.
            self.judge_going_on(said.verb, said.argument)

    def judge_going_on(self, verb: str, argument: str = "") -> None:
        """Blame a client that went on sending before it had the reply to this command."""
        # What is wrong after QUIT says so itself.
        where = "" if verb == "QUIT" else f"after {verb}"
        self._blame(conformance.judge_going_on(self._dialogue, verb, argument), where)

    def _blame(self, codes: Iterable[str], detail: str) -> None:
        for code in codes:
            self._dialogue.violated(code, detail)

    def _shown(self, said: CommandLine, refusal: Refusal | None) -> str:
        # A client that does not look at replies may send a secret even after AUTH was answered. So
        # everything is masked until the first well-formed command.
        login = self._dialogue.login
        if said.is_auth:
            login.attempted()
            return said.shown
        if login.may_hold_secret:
            is_malformed = refusal is not None and refusal.violation == "bad-syntax"
            if said.verb not in COMMANDS or said.fault is not None or is_malformed:
                return MASK
            login.left_behind()
        return command_line.shortened(said) if self._is_too_long(said) else said.shown

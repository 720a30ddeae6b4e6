"""The SMTP engine: octets to command lines and content, and from each to its answer.

How it works: what the engine does about one command is a generator of actions. `next_action`
takes from the generator in work; when it is exhausted, the next command or the next piece of the
content begins another. So a pause in the middle of a command needs no state of its own: the
generator is simply not asked to go on before `resume`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import PAUSING, Close, Send
from pytest_smtpserver.records.exchange import Event

from . import replies
from .commands import COMMANDS, nothing
from .dialogue import Dialogue
from .grammar import Refusal
from .input import Input
from .states import END_OF_CONTENT, TRANSITIONS, State
from .turn import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.engine import Action, EndReason, TLSInfo
    from pytest_smtpserver.records.recorder import Recorder
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Address, EndedBy
    from pytest_smtpserver.rules import RuleBook

    from .commands import Command
    from .content import Content
    from .offer import Offer

# What is kept of a line that is too long, for the record. Arbitrary.
_KEPT_OF_LONG_LINE = 80

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What `surrogateescape` makes of octets that are no UTF-8.
_NOT_UTF8 = re.compile(r"[\udc80-\udcff]")
# The commands whose argument may hold UTF-8 (RFC 6531 sections 3.4 and 3.7.4.2).
_UTF8_COMMANDS = {"MAIL", "RCPT", "VRFY", "EXPN"}

_ENDED_BY: dict[EndReason, EndedBy] = {"idle": "timeout", "stop": "server", "crash": "server"}

_NO_STAGES: tuple[str, ...] = ()
_AT_MESSAGE = ("message",)
# The stages at which a rule can answer a command line.
_STAGES = {verb: (verb.lower(), "*") for verb in COMMANDS}


class SMTPEngine:
    """The server's side of one SMTP session; an `Engine`."""

    def __init__(self, offer: Offer, recorder: Recorder, rules: RuleBook, client: Address) -> None:
        self._offer = offer
        self._recorder = recorder
        self._rules = rules
        self._client = client
        self._input = Input()
        self._work: Iterator[Action] = iter(())
        self._turn: Turn | None = None
        self._paused = False

    @property
    def idle_timeout(self) -> float:
        """Seconds that the client may be silent."""
        return self._offer.settings.idle_timeout

    def opened(self, now: float) -> None:
        """Greet the client."""
        self._session = self._recorder.session_began(self._client, now)
        self._dialogue = Dialogue(self._offer, self._rules, self._session, now)
        self._work = self._take_turn(
            Turn(self._dialogue, ("connect",), self._greeting, self._dialogue.greeted)
        )

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets, cut anyhow."""
        self._dialogue.now = now
        self._input.add(octets)

    def next_action(self) -> Action | None:
        """Return what to do next; see `Engine`."""
        while not self._paused:
            for action in self._work:
                self._paused = isinstance(action, PAUSING)
                return action
            work = self._next_work()
            if work is None:
                return None
            self._work = work
        return None

    def resume(self, now: float) -> None:
        """Go on after a pause."""
        self._dialogue.now = now
        self._paused = False

    def tls_done(self, info: TLSInfo, now: float) -> None:
        """Go on after a handshake."""
        self._session.secured(info, now)
        self.resume(now)

    def tls_failed(self, why: str, now: float) -> None:
        """Give up after a handshake that failed."""
        self._session.not_secured(why, now)
        self._end("client", now)
        self._work = iter((Close(),))

    def eof(self, now: float, *, reset: bool = False) -> None:
        """Take note that the client is gone."""
        self._end("reset" if reset else "client", now)
        self._work = iter((Close(),))

    def end(self, reason: EndReason, now: float) -> None:
        """Say 421 and close (RFC 5321 section 3.8)."""
        if self._dialogue.state is State.CLOSED:
            self._work = iter((Close(),))
            return
        goodbye = self._offer.dressed(replies.GOODBYES[reason])
        if self._turn is not None:
            self._turn.give_up(goodbye)
        else:
            self._session.said(goodbye, now)
        self._end(_ENDED_BY[reason], now)
        self._work = iter((Send(goodbye.octets), Close()))

    def _end(self, ended_by: EndedBy, now: float) -> None:
        self._paused = False
        self._input.clear()
        self._dialogue.now = now
        if self._turn is not None:
            self._turn.give_up()
        if self._dialogue.state is not State.CLOSED:
            self._dialogue.end(ended_by)

    def _take_turn(self, turn: Turn) -> Iterator[Action]:
        self._turn = turn
        return turn.answer()

    def _next_work(self) -> Iterator[Action] | None:
        self._turn = None
        state = self._dialogue.state
        if state is State.CLOSED or self._input.is_empty:
            return None
        if state is State.CONTENT:
            return self._take_content()
        line = self._input.take_line()
        return None if line is None else self._command(line)

    def _take_content(self) -> Iterator[Action] | None:
        content = self._dialogue.content
        assert content is not None
        rest = content.feed(self._input.take())
        if rest is None:
            return None
        self._input.add(rest)
        return self._content_ended(content)

    def _greeting(self) -> Reply:
        settings = self._offer.settings
        if 0 < settings.max_connections < self._recorder.open_sessions:
            return self._offer.dressed(replies.TOO_MANY_CONNECTIONS)
        return self._offer.greeting

    def _command(self, line: bytes) -> Iterator[Action]:
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
        # RFC 5321 section 4.1.1: "receivers SHOULD tolerate trailing white space".
        verb, _, argument = text.rstrip(" \t").partition(" ")
        # ASCII alone, or a dotless i would make a MAIL.
        verb = verb.upper() if verb.isascii() else verb
        too_long = len(line) > self._dialogue.face.line_limit(verb)
        shown = _shown(text, shortened=too_long)
        self._session.asked(shown, self._dialogue.now)
        command = None
        try:
            if too_long:
                raise Refusal(replies.LINE_TOO_LONG)
            _check_characters(text.rstrip(" \t"), verb)
            command = self._command_in_order(verb)
            parsed = command.parse(self._dialogue, argument.rstrip(" "))
        except Refusal as refusal:
            return self._refuse(shown, verb, command, argument, refusal)
        return self._take_turn(
            Turn(
                self._dialogue,
                _STAGES[verb],
                partial(self._answer, command, parsed),
                partial(self._carry_out, verb, command, parsed),
                line=shown,
                about=partial(command.about, self._dialogue, parsed),
            )
        )

    def _refuse(
        self, shown: str, verb: str, command: Command | None, argument: str, refusal: Refusal
    ) -> Iterator[Action]:
        reply = self._offer.dressed(refusal.reply)
        # To the rules, a verb that is no command of the server is one if a rule says so.
        stages = ("*",) if verb in COMMANDS else (verb.lower(), "*")
        malformed = nothing if command is None else command.malformed
        carry_out = partial(malformed, self._dialogue, argument)
        return self._take_turn(Turn(self._dialogue, stages, lambda: reply, carry_out, line=shown))

    def _command_in_order(self, verb: str) -> Command:
        command = COMMANDS.get(verb)
        if command is None:
            raise Refusal(replies.unknown_command(verb))
        state = self._dialogue.state
        if verb not in TRANSITIONS[state]:
            raise Refusal(replies.out_of_order(verb, state.value))
        return command

    def _answer(self, command: Command, parsed: object) -> Reply:
        return self._offer.dressed(command.answer(self._dialogue, parsed))

    def _carry_out(self, verb: str, command: Command, parsed: object, reply: Reply | None) -> None:
        if reply is not None and reply.code // 100 == command.accepted_by:
            self._dialogue.moved(verb)
            command.accepted(self._dialogue, parsed, reply)
        else:
            command.declined(self._dialogue, parsed, reply)

    def _content_ended(self, content: Content) -> Iterator[Action]:
        dialogue, octets = self._dialogue, content.octets()
        self._session.asked(END_OF_CONTENT, dialogue.now)
        if octets is None:
            what: str | bytes = f"[{content.size:,} octets of content, too many to be kept]"
            reply, stages = replies.TOO_BIG, _NO_STAGES
        else:
            what, reply, stages = octets, replies.ACCEPTED, _AT_MESSAGE
            dialogue.content_complete(octets)
        self._session.noticed(Event(time=dialogue.now, origin="C", what=what))
        own = self._offer.dressed(reply)
        return self._take_turn(
            Turn(
                dialogue,
                stages,
                lambda: own,
                dialogue.content_answered,
                line=END_OF_CONTENT,
                about=lambda: {"message": dialogue.message},
            )
        )


def _check_characters(text: str, verb: str) -> None:
    if text.isascii() and text.isprintable():
        return
    if _CONTROL.search(text):
        raise Refusal(replies.MALFORMED_COMMAND)
    if not text.isascii() and (verb not in _UTF8_COMMANDS or _NOT_UTF8.search(text)):
        raise Refusal(replies.NOT_UTF8)


def _shown(text: str, *, shortened: bool = False) -> str:
    # Octets that are no UTF-8 as \\xff; a line that is too long only in its beginning.
    if shortened:
        text = f"{text[:_KEPT_OF_LONG_LINE]}[...]"
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

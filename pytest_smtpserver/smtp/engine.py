"""The SMTP engine: octets to command lines and content, and from each to its answer.

How it works: what the engine does about one command is a generator of actions. `next_action`
takes from the generator in work; when it is exhausted, the next command or the next piece of the
content begins another. So a pause in the middle of a command needs no state of its own: the
generator is simply not asked to go on before `resume`.

Within an answer the order is: the exchange is recorded, then what the reply means is carried out
and recorded, and then the reply leaves. Whoever has a reply can look up what it says.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import PAUSING, Close, Send
from pytest_smtpserver.records.exchange import Event

from . import replies
from .commands import COMMANDS
from .dialogue import Dialogue
from .grammar import Refusal
from .states import END_OF_CONTENT, TRANSITIONS, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver.engine import Action, EndReason
    from pytest_smtpserver.records.recorder import Recorder
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Address, EndedBy

    from .commands import Command
    from .content import Content
    from .offer import Offer

# No command line of any extension is longer: what is beyond is thrown away unread.
_LONGEST_LINE = 16 * 1024
# What is kept of a line that is too long, for the record. Arbitrary.
_KEPT_OF_LONG_LINE = 80

# RFC 5321 section 3.8: "421 (...) Service not available, closing transmission channel".
_CLOSING = 421

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What `surrogateescape` makes of octets that are no UTF-8.
_NOT_UTF8 = re.compile(r"[\udc80-\udcff]")
# The commands whose argument may hold UTF-8 (RFC 6531 sections 3.4 and 3.7.4.2).
_UTF8_COMMANDS = {"MAIL", "RCPT", "VRFY", "EXPN"}

_ENDED_BY: dict[EndReason, EndedBy] = {"idle": "timeout", "stop": "server", "crash": "server"}


class SMTPEngine:
    """The server's side of one SMTP session; an `Engine`."""

    def __init__(self, offer: Offer, recorder: Recorder, client: Address) -> None:
        self._offer = offer
        self._recorder = recorder
        self._client = client
        self._work: Iterator[Action] = iter(())
        self._paused = False
        self._input = b""
        self._start = 0
        # The beginning of a line that is too long, while its end has not come.
        self._too_long = b""

    @property
    def idle_timeout(self) -> float:
        """Seconds that the client may be silent."""
        return self._offer.settings.idle_timeout

    def opened(self, now: float) -> None:
        """Greet the client."""
        self._session = self._recorder.session_began(self._client, now)
        self._dialogue = Dialogue(self._offer, self._session, now)
        self._work = self._greet()

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets, cut anyhow."""
        self._dialogue.now = now
        if self._start < len(self._input):
            octets = self._input[self._start :] + octets
        self._input, self._start = octets, 0

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
        self._session.said(goodbye, now)
        self._end(_ENDED_BY[reason], now)
        self._work = iter((Send(goodbye.octets), Close()))

    def _end(self, ended_by: EndedBy, now: float) -> None:
        self._paused = False
        self._input, self._start = b"", 0
        self._dialogue.now = now
        if self._dialogue.state is not State.CLOSED:
            self._dialogue.end(ended_by)

    def _next_work(self) -> Iterator[Action] | None:
        state = self._dialogue.state
        if state is State.CLOSED or self._start >= len(self._input):
            return None
        if state is State.CONTENT:
            return self._take_content()
        line = self._take_line()
        return None if line is None else self._command(line)

    def _take_line(self) -> bytes | None:
        # RFC 5321 section 2.3.8 knows CRLF alone. That a command line ends with a bare LF does
        # no harm, and who types at a terminal is answered; content is another matter.
        start, end = self._start, self._input.find(b"\n", self._start)
        if end >= 0:
            self._start = end + 1
            line, self._too_long = self._too_long + self._input[start : end + 1], b""
            return line
        if self._too_long or len(self._input) - start > _LONGEST_LINE:
            self._too_long = self._too_long or self._input[start : start + _LONGEST_LINE]
            self._input, self._start = b"", 0
        return None

    def _take_content(self) -> Iterator[Action] | None:
        content = self._dialogue.content
        assert content is not None
        rest = content.feed(self._input[self._start :])
        self._input, self._start = rest or b"", 0
        return None if rest is None else self._content_ended(content)

    def _greet(self) -> Iterator[Action]:
        settings = self._offer.settings
        if 0 < settings.max_connections < self._recorder.open_sessions:
            return self._reply(self._offer.dressed(replies.TOO_MANY_CONNECTIONS))
        return self._reply(self._offer.greeting)

    def _command(self, line: bytes) -> Iterator[Action]:
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
        verb, _, argument = text.partition(" ")
        verb = verb.upper()
        too_long = len(line) > self._offer.line_limit(verb)
        self._session.asked(_shown(text, shortened=too_long), self._dialogue.now)
        try:
            if too_long:
                raise Refusal(replies.LINE_TOO_LONG)
            _check_characters(text, verb)
            command = self._command_in_order(verb)
            # RFC 5321 section 4.1.1: "receivers SHOULD tolerate trailing white space".
            parsed = command.parse(self._dialogue, argument.rstrip())
        except Refusal as refusal:
            return self._reply(self._offer.dressed(refusal.reply))
        reply = self._offer.dressed(command.answer(self._dialogue, parsed))
        return self._reply(reply, partial(self._carry_out, verb, command, parsed))

    def _command_in_order(self, verb: str) -> Command:
        command = COMMANDS.get(verb)
        if command is None:
            raise Refusal(replies.unknown_command(_shown(verb)))
        state = self._dialogue.state
        if verb not in TRANSITIONS[state]:
            raise Refusal(replies.out_of_order(verb, state.value))
        return command

    def _carry_out(self, verb: str, command: Command, parsed: object, reply: Reply) -> None:
        if reply.is_positive:
            self._dialogue.moved(verb)
        command.carry_out(self._dialogue, parsed, reply)

    def _content_ended(self, content: Content) -> Iterator[Action]:
        dialogue, octets = self._dialogue, content.octets()
        self._session.asked(END_OF_CONTENT, dialogue.now)
        if octets is None:
            what: str | bytes = f"[{content.size:,} octets of content, too many to be kept]"
            reply = replies.TOO_BIG
        else:
            what, reply = octets, replies.ACCEPTED
            dialogue.content_complete(octets)
        self._session.noticed(Event(time=dialogue.now, origin="C", what=what))
        return self._reply(self._offer.dressed(reply), dialogue.content_answered)

    def _reply(
        self, reply: Reply, carry_out: Callable[[Reply], None] = lambda _: None
    ) -> Iterator[Action]:
        self._session.answered(reply, self._dialogue.now)
        carry_out(reply)
        if reply.code == _CLOSING:
            self._end("server", self._dialogue.now)
        yield Send(reply.octets)
        if self._dialogue.state is State.CLOSED:
            yield Close()


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

"""The server's turn: from something that the client did to the answer, the server's or a rule's.

A turn begins when the client has done something, such as sending a command, and ends when the
client may do the next thing. The order within it is always the same:

1. The exchange is recorded: the command and the reply.
2. What the reply means is carried out and recorded: a transaction begins, a message is accepted.
3. The reply is sent.

So a client that has its 250 finds its message in the records, and a test that waits for the message
is woken before the client can go on. In the other order, a test would sometimes look before the
message is recorded.

The first reply decides, the server's or a rule's: `_settle` does steps 1 and 2 once. What a rule
says after that only appears in the transcript. If the client leaves in the middle, `give_up`
settles the turn without a reply, and the command has changed nothing. For example
`rule.delay(1).reply("550 no")` at RCPT: the turn yields a `Wait`, and the engine is paused. When it
is resumed, the step says 550: the exchange is recorded with it, the recipient is recorded as
refused, and the reply is sent. If the client has closed the connection meanwhile, the exchange is
recorded without a reply, and no recipient is refused.

A turn that a rule answers is a generator. A pause needs no state of its own: the generator is
simply not asked to go on. The engine takes no other command before the generator is exhausted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVarTuple

from pytest_smtpserver.engine import Close, Send, StartTLS
from pytest_smtpserver.expressions import expression
from pytest_smtpserver.records.exchange import BY_RULE, Exchange
from pytest_smtpserver.records.reply import Reply
from pytest_smtpserver.rules import CallableError, Command, raised_at

from . import replies
from .states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.input import Input
    from pytest_smtpserver.records.exchange import Speaker
    from pytest_smtpserver.rules.state import RuleState

    from .dialogue import Dialogue

# RFC 5321 section 4.2.1: lines with a hyphen after the code, then one without. Clients take a bare
# LF for the end of a line.
_COMPLETE_REPLY = expression(
    rb"^(?:[2-5][0-9]{2}-[^\r\n]*\r?\n)*[2-5][0-9]{2}(?: [^\r\n]*)?\r?\n", re.MULTILINE
)


# A server sends the same replies again and again. How many are kept is arbitrary.
_sending = lru_cache(maxsize=256)(Send)


Parts = TypeVarTuple("Parts")


def answer_without_rules(
    dialogue: Dialogue, reply: Reply, carry_out: Callable[[*Parts, Reply], object], *parts: *Parts
) -> Iterable[Action]:
    """Answer if there are no rules: do what a `Turn` would do, but without making one.

    `carry_out` gets `parts` and the reply. A `Turn` for each command costs a quarter of the
    engine's time. A test checks that both do the same things in the same order.
    """
    if dialogue.is_unanswered:
        dialogue.answered(said=True)
    dialogue.session.answered(reply, dialogue.now)
    carry_out(*parts, reply)
    if reply.code == replies.CLOSING:
        _end_after(dialogue, reply)
    return (_sending(reply.octets),)


def _end_after(dialogue: Dialogue, reply: Reply) -> None:
    if reply.code == replies.CLOSING and dialogue.progress.state is not State.CLOSED:
        dialogue.end("server")


def callable_failed(dialogue: Dialogue, error: CallableError) -> Reply:
    """Note that a callable of the test raised; return the 421 for the client concerned."""
    cause = error.__cause__ or error
    dialogue.session.callable_failed(cause)
    return dialogue.offer.rendered(replies.callable_raised(cause, raised_at(cause) or str(error)))


class Turn:
    """One turn; the steps of a rule act through it.

    `own` returns the server's own reply. `carry_out` carries out the first reply, or `None` if
    there was none. `stages` are those at which a rule can answer. `facts` returns what the rule's
    `Command` has in addition to the verb and to what is known about the session.
    """

    __slots__ = (
        "_carry_out",
        "_command",
        "_dialogue",
        "_facts",
        "_has_said",
        "_is_settled",
        "_is_withheld",
        "_line",
        "_line_rule",
        "_own",
        "_raw",
        "_rule",
        "_stages",
    )

    def __init__(
        self,
        dialogue: Dialogue,
        stages: tuple[str, ...],
        own: Callable[[], Reply],
        carry_out: Callable[[Reply | None], object] = lambda reply: None,
        *,
        line: str = "",
        facts: Callable[[], dict[str, Any]] = dict,
        line_rule: RuleState | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._stages = stages
        self._own = own
        self._carry_out = carry_out
        self._line = line
        self._facts = facts
        self._command: Command | None = None
        self._rule: RuleState | None = None
        self._line_rule = line_rule
        self._is_settled = False
        self._has_said = self._is_withheld = False
        self._raw = b""

    def answer(self) -> Iterable[Action]:
        """Return the actions of the rule that answers, or of the server's own answer."""
        self._dialogue.turn_began(self)
        if not self._dialogue.rules.rules:
            return self.say_own()
        return self._answer_by_rule()

    @property
    def command(self) -> Command:
        """The command that is answered."""
        if self._command is None:
            self._command = self._dialogue.command(self._line, **self._facts())
        return self._command

    def say_own(self) -> Iterable[Action]:
        """Send the server's own reply."""
        return self.say(self._own())

    def say(self, reply: Reply) -> Iterable[Action]:
        """Send a reply; the first one is carried out before it is sent."""
        self._settle(reply, reply)
        _end_after(self._dialogue, reply)
        return (_sending(reply.octets),)

    def take_effect(self) -> Iterable[Action]:
        """Carry out the server's own reply without sending it."""
        self._settle(None, self._own())
        self.withhold()
        return ()

    def withhold(self) -> None:
        """Leave the client without a reply, unless a later step gives one.

        A client that pipelines would take the next command's reply for the missing one, so nothing
        more is sent in this session.
        """
        self._is_withheld = True

    def send(self, octets: bytes) -> Iterable[Action]:
        """Send raw octets; the first complete reply in them counts as one."""
        known, self._raw = len(self._raw), self._raw + octets
        found = None if self._is_settled else _COMPLETE_REPLY.search(self._raw)
        if found is None:
            self._notice_sent(octets)
        else:
            self._notice_sent(self._raw[known : found.start()])
            reply = _reply_of(found[0])
            self._settle(reply, reply)
            _end_after(self._dialogue, reply)
            self._notice_sent(self._raw[found.end() :])
        return (Send(octets),)

    def close(self, *, reset: bool) -> Iterable[Action]:
        """End the session."""
        self.note("reset" if reset else "disconnected")
        self.give_up()
        self._dialogue.close_with(Close(reset=reset))
        return ()

    def note(self, what: str) -> None:
        """Note an event in the transcript."""
        self._notice("*", f"{what}{BY_RULE}{self._rule}")

    def give_up(self, last_word: Reply | None = None) -> None:
        """End the turn without carrying anything out, if it has not been answered yet."""
        if not self._is_settled:
            self._settle(last_word, None)

    def _answer_by_rule(self) -> Iterator[Action]:
        dialogue = self._dialogue
        try:
            found = dialogue.rules.answering(self._stages, self.command)
            if found is None:
                yield from self.say_own()
            else:
                self._rule, phase = found
                yield from phase.run(self)
        except CallableError as error:
            yield from self._fail(callable_failed(dialogue, error))
        self.give_up()
        if self._is_withheld and not self._has_said:
            dialogue.fall_silent()

    def _fail(self, goodbye: Reply) -> Iterable[Action]:
        return self.say(goodbye)

    def _settle(self, said: Reply | None, meant: Reply | None) -> None:
        session, now = self._dialogue.session, self._dialogue.now
        self._has_said = self._has_said or said is not None
        if self._is_settled:
            if said is not None:
                session.said(said, now)
            return
        self._is_settled = True
        self._dialogue.answered(said=said is not None)
        rule = self._rule or self._line_rule
        if rule is None:
            session.answered(said, now)
        else:
            exchange = session.answered_by(rule.rule, said, now)
            for one in {rule, self._line_rule or rule}:
                one.hit(exchange)
        self._carry_out(meant)

    def _notice_sent(self, octets: bytes) -> None:
        if octets:
            self._notice("S", octets)

    def _notice(self, speaker: Speaker, what: str | bytes) -> None:
        self._dialogue.session.noticed(speaker, what, self._dialogue.now)


def _reply_of(octets: bytes) -> Reply:
    lines = octets.decode("utf-8", "surrogateescape").replace("\r", "").split("\n")[:-1]
    return Reply(int(lines[-1][:3]), "\n".join(line[4:] for line in lines).replace("\0", ""))


class Handshake(Turn):
    """The turn in which TLS begins. No reply is due; a rule's steps run before the handshake."""

    __slots__ = ("_input",)

    def __init__(self, dialogue: Dialogue, received: Input) -> None:
        super().__init__(dialogue, ("tls",), lambda: dialogue.offer.greeting)
        self._input = received

    def say_own(self) -> Iterable[Action]:
        """Shake hands."""
        context = self._dialogue.offer.tls_context
        assert context is not None
        self._settle(None, None)
        return (StartTLS(context, self._input.take()),)

    def send(self, octets: bytes) -> Iterable[Action]:
        """Send raw octets; nothing in them counts as a reply."""
        self._notice_sent(octets)
        return (Send(octets),)

    def withhold(self) -> None:
        """Do nothing: without a handshake no reply can be sent anyway."""

    def _fail(self, goodbye: Reply) -> Iterable[Action]:
        # A reply would be sent in clear.
        return self.close(reset=False)

    def _settle(self, said: Reply | None, meant: Reply | None) -> None:
        # The handshake is not an exchange of the session, but a rule that was used needs a hit.
        if not self._is_settled and self._rule is not None:
            now = self._dialogue.now
            exchange = Exchange(
                command="", reply=None, rule=self._rule.rule, received=now, answered=now
            )
            self._rule.hit(exchange)
        self._is_settled = True

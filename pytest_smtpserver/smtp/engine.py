"""The SMTP engine: octets to command lines and content, and the flow from one to the next.

Each command leads to some actions; if a rule answers, a generator makes them. `next_action` returns
the next one. When there are none left, it takes the next command or the next piece of the content,
depending on the state, and that leads to new actions. So a pause in the middle of a command needs
no state of its own: the generator is simply not asked to go on before `resume`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.engine import PAUSING, TLS_RECORD, UNEXPECTED_TLS, Send
from pytest_smtpserver.input import Input

from . import delivery, replies
from .command_turn import CommandTurns
from .dialogue import Dialogue
from .states import (
    BEGAN_WITH_TLS,
    COMMAND_STATES,
    END_OF_CONTENT,
    HANDSHAKE_BEGAN,
    IMPLICIT_TLS,
    SPEECHLESS,
    State,
)
from .turn import Handshake, Turn, answer_without_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_smtpserver.engine import Action, EndReason, SocketAddress, TLSInfo
    from pytest_smtpserver.recording.recorder import Recorder
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import EndedBy
    from pytest_smtpserver.rules import RuleBook

    from .offer import Offer

_ENDED_BY: dict[EndReason, EndedBy] = {
    "idle": "timeout",
    "stop": "server",
    "crash": "server",
    "silence": "server",
}


class SMTPEngine:
    """The server's side of one SMTP or LMTP session; an `Engine`."""

    def __init__(
        self, offer: Offer, recorder: Recorder, rules: RuleBook, client: SocketAddress
    ) -> None:
        self._offer = offer
        self._recorder = recorder
        self._rules = rules
        self._client = client
        #: Seconds that the client may be silent.
        self.idle_timeout = offer.settings.idle_timeout
        self._input = Input(bare_lf=not offer.settings.strict)
        self._work: Iterator[Action] = iter(())
        self._paused = False
        self._is_greeted = self._is_closing = self._has_talked_early = False

    @property
    def awaits_goodbye(self) -> bool:
        """Whether a message was accepted, and nothing is open: QUIT may be on its way."""
        dialogue = self._dialogue
        is_at_rest = dialogue.turn is None and dialogue.transaction is None and not self._paused
        if dialogue.progress.state in SPEECHLESS:
            return False
        last = self._session.last_transaction
        return is_at_rest and last is not None and last.outcome == "accepted"

    def opened(self, now: float) -> None:
        """Greet the client, after a handshake if TLS is implicit (RFC 8314 section 3)."""
        self._session = self._recorder.session_began(self._client, now)
        self._dialogue = Dialogue(self._offer, self._rules, self._session, now)
        self._commands = CommandTurns(self._dialogue, self._input)
        if self._offer.settings.tls == "implicit":
            self._dialogue.progress.move(IMPLICIT_TLS)
        else:
            self._work = self._greet()

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets, in pieces of any size."""
        dialogue = self._dialogue
        dialogue.at(now)
        if not self._is_greeted and not self._has_talked_early and self._is_new:
            self._has_talked_early = True
            dialogue.violated("early-talker")
        if dialogue.conformance.group_failed and self._owes_nothing:
            dialogue.conformance.all_answered()
        self._input.add(octets)

    @property
    def _is_new(self) -> bool:
        # Whether the client has said nothing yet.
        dialogue = self._dialogue
        is_first = dialogue.progress.state in (State.START, State.SILENT)
        return is_first and dialogue.conformance.last_verb is None and self._input.is_empty

    @property
    def _owes_nothing(self) -> bool:
        # Whether everything that the client has sent is answered.
        dialogue = self._dialogue
        is_between = dialogue.turn is None and dialogue.progress.state is not State.CHUNK
        return is_between and self._input.is_empty and not self._input.to_skip

    def next_action(self) -> Action | None:
        """Return what to do next; see `Engine`."""
        while not (self._paused or self._input.to_skip):
            for action in self._work:
                self._paused = isinstance(action, PAUSING)
                return action
            dialogue = self._dialogue
            if dialogue.turn is not None:
                dialogue.turn_ended()
            state = dialogue.progress.state
            if self._input.is_empty and state not in _WITHOUT_OCTETS:
                return None
            take = _WORK.get(state)
            work = self._commands.take() if take is None else take(self)
            if work is None:
                return None
            self._work = iter(work)
        return None

    def resume(self, now: float) -> None:
        """Go on after a pause."""
        self._dialogue.at(now)
        self._paused = False

    def tls_done(self, info: TLSInfo, now: float) -> None:
        """Start over, or greet the client if TLS is implicit, on the encrypted connection."""
        self.resume(now)
        self._dialogue.secured(info)
        if self._offer.settings.tls == "implicit":
            self._work = self._greet()

    def tls_failed(
        self, why: str, now: float, *, in_clear: bool = False, reset: bool = False
    ) -> None:
        """Give up after a handshake that failed."""
        self._session.not_secured(why, now)
        if in_clear and self._offer.settings.tls == "starttls":
            self._dialogue.violated("plaintext-after-starttls")
        self._end("reset" if reset else "client", now)

    def eof(self, now: float, *, reset: bool = False) -> None:
        """Note that the client is gone."""
        if self._dialogue.conformance.owes_quit(self._dialogue):
            self._dialogue.violated("no-quit")
        self._end("reset" if reset else "client", now)

    def end(self, reason: EndReason, now: float) -> None:
        """Say 421 and close (RFC 5321 section 3.8).

        A client that is done gets no 421 when the server stops. If it is about to say QUIT, it
        would take the 421 for the reply, and report an error.
        """
        last_words: list[Action] = []
        is_done = reason == "silence"
        if self._dialogue.turn is None:
            self._dialogue.at(now)
            self._dialogue.content_cut_off()
        if self._dialogue.progress.state not in SPEECHLESS and not is_done:
            goodbye = self._offer.rendered(replies.GOODBYES[reason])
            last_words.append(Send(goodbye.octets))
            self._say_goodbye(goodbye, now)
        self._end(_ENDED_BY[reason], now)
        self._work = iter(last_words)

    def _say_goodbye(self, goodbye: Reply, now: float) -> None:
        if self._dialogue.turn is not None:
            self._dialogue.turn.give_up(goodbye)
        else:
            self._session.said(goodbye, now)

    def _end(self, ended_by: EndedBy, now: float) -> None:
        # While it is paused, what comes is not looked at: it may be anything, such as a chunk.
        is_read, self._paused = not self._paused, False
        self._work = iter(())
        self._dialogue.at(now)
        at_command = is_read and self._dialogue.progress.state in COMMAND_STATES
        if at_command and self._input.has_bare_lf:
            # Under `strict` a bare LF does not end the line, so the client has waited in vain.
            self._dialogue.violated("bare-lf-command", "the client waited in vain for a reply")
        self._input.clear()
        if self._dialogue.turn is not None:
            self._dialogue.turn.give_up()
        if self._dialogue.progress.state is not State.CLOSED:
            self._dialogue.end(ended_by)

    def _greet(self) -> Iterator[Action]:
        dialogue = self._dialogue
        if dialogue.rules.rules:
            yield from Turn(dialogue, ("connect",), self._greeting, dialogue.greeted).answer()
        else:
            yield from answer_without_rules(dialogue, self._greeting(), dialogue.greeted)
        # A rule may have withheld the greeting.
        self._is_greeted = not dialogue.is_unanswered

    def _greeting(self) -> Reply:
        settings = self._offer.settings
        if 0 < settings.max_connections < self._recorder.open_sessions:
            return self._offer.rendered(replies.TOO_MANY_CONNECTIONS)
        return self._offer.greeting

    def _nothing_to_do(self) -> None:
        self._input.clear()

    def _close(self) -> Iterable[Action] | None:
        self._input.clear()
        if self._is_closing:
            return None
        self._is_closing = True
        return (self._dialogue.closing,)

    def _shake_hands(self) -> Iterable[Action]:
        # Not before the client's first octet. Otherwise a rule's octets would arrive together with
        # the 220, and clients throw away what they have buffered by then.
        self._dialogue.progress.move(HANDSHAKE_BEGAN)
        return Handshake(self._dialogue, self._input).answer()

    def _take_content(self) -> Iterable[Action] | None:
        transaction = self._dialogue.transaction
        assert transaction is not None
        content = transaction.content
        assert content is not None
        rest = content.feed(self._input.take())
        if rest is None:
            return None
        if rest:
            self._input.add(rest)
            self._commands.judge_going_on(END_OF_CONTENT)
        return delivery.content_ended(self._dialogue, content)

    def _take_chunk(self) -> Iterable[Action] | None:
        transaction = self._dialogue.transaction
        assert transaction is not None
        chunks = transaction.chunks
        assert chunks is not None
        chunks.feed(self._input.take(chunks.remaining))
        return None if chunks.remaining else delivery.chunk_ended(self._dialogue, chunks)

    def _take_answer(self) -> Iterable[Action] | None:
        authentication = self._dialogue.login.authentication
        assert authentication is not None
        line = self._input.take_line()
        return None if line is None else authentication.take(line)

    def _take_first_command(self) -> Iterable[Action] | None:
        is_first = self._dialogue.conformance.last_verb is None and self._session.tls is None
        if is_first and self._input.begins_with(TLS_RECORD):
            # The client speaks TLS: ignore the rest.
            self._session.not_secured(_WHY_NO_TLS[self._offer.settings.tls], self._dialogue.now)
            self._dialogue.progress.move(BEGAN_WITH_TLS)
            return ()
        return self._commands.take()


# What is recorded of a client that began with TLS where the server expected none.
_WHY_NO_TLS = {
    "off": f"{UNEXPECTED_TLS}, but this server speaks plain SMTP (tls='off')",
    "starttls": f"{UNEXPECTED_TLS}, but this server expects STARTTLS first (tls='starttls')",
}

# What is done about octets, once there are any. In all other states they are command lines.
_WORK: dict[State, Callable[[SMTPEngine], Iterable[Action] | None]] = {
    State.START: SMTPEngine._take_first_command,
    State.HANDSHAKE: SMTPEngine._shake_hands,
    State.SECURING: SMTPEngine._nothing_to_do,
    State.SILENT: SMTPEngine._nothing_to_do,
    State.CONTENT: SMTPEngine._take_content,
    State.CHUNK: SMTPEngine._take_chunk,
    State.AUTH: SMTPEngine._take_answer,
    State.CLOSED: SMTPEngine._close,
}

# Here there may be something to do without octets: an empty chunk is complete as it is, and the
# connection of a session that has ended must be closed.
_WITHOUT_OCTETS = frozenset({State.CHUNK, State.CLOSED})

"""What client and server have agreed on so far, and what a command changes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pytest_smtpserver.engine import Close
from pytest_smtpserver.records.violations import violation
from pytest_smtpserver.rules import Command

from . import replies
from .content import Chunks, Content
from .grammar import Refusal
from .states import END_OF_CONTENT, IN_HANDSHAKE, TRANSITIONS, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.engine import TLSInfo
    from pytest_smtpserver.recording.session import SessionRecording
    from pytest_smtpserver.recording.transaction import TransactionRecording
    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import EndedBy
    from pytest_smtpserver.records.transaction import Outcome
    from pytest_smtpserver.rules import RuleBook

    from .authentication import Authentication
    from .offer import Offer
    from .turn import Turn


# Why there was no TLS in the end, when it was not the handshake that failed.
_UNFINISHED: Mapping[EndedBy, str] = {
    "client": "the client left during the TLS handshake",
    "reset": "the client reset the connection during the TLS handshake",
    "timeout": "the client did not complete the TLS handshake in time",
    "server": "the server ended the session during the TLS handshake",
}

_LEFT_AFTER_HANDSHAKE = (
    "the client left directly after the TLS handshake; some refuse a certificate only then"
)


class Dialogue:
    """The state of one session. The engine sets `now`; the commands do the rest.

    What is told of a reply is told before it leaves; `None` stands for one that never leaves.
    """

    def __init__(
        self, offer: Offer, rules: RuleBook, session: SessionRecording, now: float
    ) -> None:
        self.offer = offer
        self.rules = rules
        self.session = session
        #: What the client is offered here and now.
        self.face = offer.in_clear
        self.now = now
        self.state = State.START
        #: How the connection is closed when the session has ended.
        self.closing = Close()
        self.content: Content | None = None
        self.chunks: Chunks | None = None
        #: The server's turn that is being taken.
        self.turn: Turn | None = None
        self.exchange: Authentication | None = None
        #: Whether the last turn ended without a reply.
        self.is_unanswered = False
        #: Whether the last AUTH failed: what comes then may be a secret.
        self.auth_failed = False
        #: Whether the client has said nothing since the handshake.
        self.is_untried = False
        #: The verb of the last command line, `None` before the first.
        self.last_verb: str | None = None
        #: Whether a command that came before its predecessor's reply can blame that reply.
        self.group_failed = False
        self._is_esmtp = False
        # The keywords that the reply to EHLO has named, which may be a rule's.
        self._announced: frozenset[str] = frozenset()
        self._transaction: TransactionRecording | None = None
        self._data_refused = False
        self._delivered = False
        # Whether all replies to the content, of which LMTP gives several, have refused it.
        self._content_refused = True

    @property
    def has_transaction(self) -> bool:
        """Whether there is a transaction, begun and not ended."""
        return self._transaction is not None

    @property
    def is_binary(self) -> bool:
        """Whether the open transaction has asked for BINARYMIME (RFC 3030 section 3)."""
        body = self._transaction.parameters.get("BODY") if self._transaction else None
        return body is not None and body.upper() == "BINARYMIME"

    @property
    def takes_auth(self) -> bool:
        """Whether AUTH is accepted here and now."""
        return self.session.tls is not None or not self.offer.settings.auth_needs_tls

    @property
    def is_utf8(self) -> bool:
        """Whether the open transaction has asked for SMTPUTF8 (RFC 6531)."""
        return self._transaction is not None and "SMTPUTF8" in self._transaction.parameters

    @property
    def recipients(self) -> tuple[str, ...]:
        """The recipients that the open transaction has."""
        return self._transaction.addresses if self._transaction else ()

    @property
    def recipient_count(self) -> int:
        """How many recipients the open transaction has."""
        return len(self._transaction.recipients) if self._transaction else 0

    @property
    def message(self) -> Message | None:
        """The message of the open transaction, once its content is complete."""
        return self._transaction.message if self._transaction else None

    def command(self, line: str, **about: Any) -> Command:
        """Return what a rule is asked about: a command line, and what is known by now."""
        known: dict[str, Any] = {
            "verb": line.partition(" ")[0].upper(),
            "line": line,
            "mail_from": self._transaction.mail_from if self._transaction else None,
            "rcpt_to": self.recipients,
            "username": self.session.username,
            "mechanism": self.session.mechanism,
            "_session": self.session,
        }
        return Command(**{**known, **about})

    def offers(self, extension: str) -> bool:
        """Whether this client was told of an extension, and the server knows it."""
        return self._is_esmtp and extension in self.face.extensions

    def announced(self, extension: str) -> bool:
        """Whether this client was told of an extension, be it by a rule."""
        return extension in self._announced

    @property
    def was_misled(self) -> bool:
        """Whether a rule has told this client of an extension that the server does not know."""
        return not self._announced <= self.face.extensions.keys()

    def check_parameters(self, given: Parameters, command: Literal["mail", "rcpt"]) -> None:
        """Raise `Refusal` for a parameter that this client may not give, or not so.

        Without EHLO there are no parameters (RFC 5321 section 2.2.1).
        """
        if not given:
            return
        if not self._is_esmtp:
            raise Refusal(replies.unknown_parameter(next(iter(given))), "unknown-parameter")
        self.face.check_parameters(given, command)

    def moved(self, verb: str) -> None:
        """Go on to the state that an accepted command leads to."""
        self.state = TRANSITIONS[self.state][verb]

    def violated(self, code: str, detail: str = "") -> None:
        """Note what the client did against the protocol."""
        self.session.violated(violation(code, detail))

    def secured(self, info: TLSInfo) -> None:
        """Begin anew, encrypted. RFC 3207 section 4.2: "reset to the initial state"."""
        self.moved("STARTTLS")
        self.face = self.offer.under_tls
        self._is_esmtp, self._announced = False, frozenset()
        self.is_untried = True
        self.session.secured(info, self.now)

    def auth_ended(self) -> None:
        """Go on after an exchange that AUTH began."""
        self.moved("AUTH")
        self.exchange = None

    def greeted(self, reply: Reply | None) -> None:
        """Take note of whether the client is welcome."""
        if reply is not None and not reply.is_positive:
            self.state = State.REFUSED

    def introduce(self, domain: str, reply: Reply, *, is_esmtp: bool) -> None:
        """Take note of EHLO or HELO, which also resets."""
        self.reset()
        self._is_esmtp = is_esmtp
        self._announced = _keywords(reply) if is_esmtp else frozenset()
        self.session.greeted(domain, is_esmtp=is_esmtp)

    def begin(self, mail_from: str, parameters: Parameters, reply: Reply | None) -> None:
        """Begin a transaction; if its MAIL was not accepted, it has ended already."""
        self._transaction = self.session.begin(mail_from, parameters, self.now)
        self._data_refused = self._delivered = False
        self._content_refused = True
        if reply is None:
            self._finish("aborted")
            return
        self._transaction.answered(reply)
        if self.state is not State.MAIL:
            self._finish("rejected")

    def accept_recipient(self, address: str, parameters: Parameters, reply: Reply) -> None:
        """Add a recipient to the open transaction."""
        assert self._transaction is not None
        self._transaction.accept(address, parameters)
        self._transaction.answered(reply)

    def refuse_recipient(self, address: str, reply: Reply) -> None:
        """Note a refused recipient of the open transaction."""
        assert self._transaction is not None
        self._transaction.refuse(address, reply)
        self._transaction.answered(reply)

    def expect_content(self, reply: Reply) -> None:
        """Expect the content."""
        assert self._transaction is not None
        self._transaction.answered(reply)
        self._data_refused = False
        self.content = Content(self.offer.settings.max_message_size)

    def refuse_content(self, reply: Reply) -> None:
        """Note that the content was refused before it came."""
        assert self._transaction is not None
        self._transaction.answered(reply)
        self._data_refused = not reply.is_positive

    def content_complete(self, octets: bytes) -> None:
        """Keep the content as the transaction's message; it is not accepted yet."""
        assert self._transaction is not None
        self._transaction.received(octets, self.now)

    def expect_chunk(self, size: int, line: str, *, is_last: bool) -> None:
        """Expect a chunk of the content."""
        self.chunks = self.chunks or Chunks(self.offer.settings.max_message_size)
        self.chunks.expect(size, line, is_last=is_last)

    def chunk_answered(self, reply: Reply | None) -> None:
        """Await the next chunk; one that was not taken ends the transaction."""
        assert self._transaction is not None
        if reply is not None:
            self._transaction.answered(reply)
            if reply.is_completion:
                self.moved("BDAT")
                return
        self.moved(END_OF_CONTENT)
        self.group_failed = True
        self._finish("aborted" if reply is None else "rejected")

    def content_answered(
        self, recipient: str | None, reply: Reply | None, *, is_last: bool
    ) -> None:
        """Do as the reply to the content says, given to all recipients or (LMTP) to one."""
        assert self._transaction is not None
        self._content_refused &= reply is not None and not reply.is_positive
        if reply is not None:
            self._transaction.answered(reply)
            if reply.is_completion:
                self._delivered = True
                if not is_last:
                    self.session.accept(self._transaction)
            elif recipient is not None:
                self._transaction.refuse(recipient, reply)
        if is_last:
            self.moved(END_OF_CONTENT)
            self._finish(self._outcome_of_content())

    def _outcome_of_content(self) -> Outcome:
        if self._delivered:
            return "accepted"
        return "rejected" if self._content_refused else "aborted"

    def reset(self) -> None:
        """Give up the open transaction, if there is one."""
        if self._transaction is not None:
            self._finish(self._outcome_of_what_was_given_up())

    def end(self, ended_by: EndedBy) -> None:
        """End the session."""
        self.reset()
        if self.state in IN_HANDSHAKE and self.session.tls_failure is None:
            self.session.not_secured(_UNFINISHED[ended_by], self.now)
        if self.is_untried and ended_by in ("client", "reset"):
            self.session.distrusted(_LEFT_AFTER_HANDSHAKE, self.now)
        self.state = State.CLOSED
        self.session.end(ended_by, self.now)

    def _outcome_of_what_was_given_up(self) -> Outcome:
        assert self._transaction is not None
        if self._delivered:
            return "accepted"
        nobody_left = self._transaction.refused and not self._transaction.recipients
        return "rejected" if self._data_refused or nobody_left else "aborted"

    def _finish(self, outcome: Outcome) -> None:
        assert self._transaction is not None
        transaction, self._transaction = self._transaction, None
        self.content = self.chunks = None
        self.session.finish(transaction, outcome)


def _keywords(reply: Reply) -> frozenset[str]:
    # RFC 5321 section 4.1.1.1: ehlo-line = ehlo-keyword *( SP ehlo-param ), after the first line.
    return frozenset(line.partition(" ")[0].upper() for line in reply.text.split("\n")[1:])

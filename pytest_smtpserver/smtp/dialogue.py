"""What client and server have agreed on so far, and what a command changes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pytest_smtpserver.engine import LEFT_HANDSHAKE, RESET_HANDSHAKE, Close
from pytest_smtpserver.records.violations import violation
from pytest_smtpserver.rules import Command

from . import replies
from .conformance import Conformance
from .grammar import Refusal
from .login import Login
from .open_transaction import OpenTransaction
from .states import (
    CHUNK_TAKEN,
    END_OF_CONTENT,
    ENDED,
    HANDSHAKE_DONE,
    IN_HANDSHAKE,
    REFUSED,
    WITHHELD,
    Progress,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.engine import TLSInfo
    from pytest_smtpserver.recording.session import SessionRecording
    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import EndedBy
    from pytest_smtpserver.rules import RuleBook

    from .offer import Offer
    from .turn import Turn


# Why there was no TLS in the end, if the handshake itself did not fail.
_UNFINISHED: Mapping[EndedBy, str] = {
    "client": LEFT_HANDSHAKE,
    "reset": RESET_HANDSHAKE,
    "timeout": "the client did not complete the TLS handshake in time",
    "server": "the server ended the session during the TLS handshake",
}

_ORDERLY = Close()
_IN_CONTENT = frozenset({State.CONTENT, State.CHUNK})

_LEFT_AFTER_HANDSHAKE = (
    "the client left directly after the TLS handshake; some refuse a certificate only then"
)


class Dialogue:
    """One session: what was agreed on here, and the parts that own the rest of its state.

    `progress` says which command may come, `login` who the client is, `conformance` remembers how
    it behaves, `transaction` is what is open between MAIL and its end. Each attribute is written
    by its own module alone.

    Methods that take a reply are called before it is sent; `None`: there will be none.
    """

    def __init__(
        self, offer: Offer, rules: RuleBook, session: SessionRecording, now: float
    ) -> None:
        self.offer = offer
        self.rules = rules
        self.session = session
        self.progress = Progress()
        self.login = Login()
        self.conformance = Conformance()
        self.transaction: OpenTransaction | None = None
        #: The extensions that the client is offered now.
        self.extensions = offer.in_clear
        #: When the input that is dealt with now arrived, in seconds since the epoch.
        self.now = now
        #: How the connection is closed when the session has ended.
        self.closing = _ORDERLY
        #: The turn that is going on, if there is one.
        self.turn: Turn | None = None
        #: Whether something was accepted that the grammar does not allow.
        self.has_tolerated = False
        #: Whether the last turn ended without a reply.
        self.is_unanswered = False
        self._is_esmtp = False
        # The keywords in the reply to EHLO, which may be a rule's reply.
        self._announced: frozenset[str] = frozenset()

    def at(self, now: float) -> None:
        """Take note of the time."""
        self.now = now

    def turn_began(self, turn: Turn) -> None:
        """Note that the server has something to answer."""
        self.turn = turn

    def turn_ended(self) -> None:
        """Note that the turn is over."""
        self.turn = None

    def answered(self, *, said: bool) -> None:
        """Note whether the client gets a reply."""
        self.is_unanswered = not said

    @property
    def is_binary(self) -> bool:
        """Whether the open transaction has asked for BINARYMIME (RFC 3030 section 3)."""
        return self.transaction is not None and self.transaction.is_binary

    @property
    def is_utf8(self) -> bool:
        """Whether the open transaction has asked for SMTPUTF8 (RFC 6531)."""
        return self.transaction is not None and self.transaction.is_utf8

    @property
    def recipient_count(self) -> int:
        """How many recipients the open transaction has."""
        return len(self.transaction.recipients) if self.transaction else 0

    @property
    def takes_auth(self) -> bool:
        """Whether AUTH is accepted on the connection as it is now."""
        return self.session.tls is not None or not self.offer.settings.auth_needs_tls

    def command(self, line: str, **facts: Any) -> Command:
        """Return the `Command` that rules are asked about: a line, and what is known so far."""
        transaction = self.transaction
        recipients = transaction.recipients if transaction else ()
        known: dict[str, Any] = {
            "verb": line.partition(" ")[0].upper(),
            "line": line,
            "mail_from": transaction.mail_from if transaction else None,
            "username": self.session.username,
            "mechanism": self.session.mechanism,
            "_session": self.session,
            "_accepted": recipients,
            "_accepted_count": len(recipients),
        }
        return Command(**{**known, **facts})

    def offers(self, extension: str) -> bool:
        """Return whether this client was told of an extension, and the server knows it."""
        return self._is_esmtp and extension in self.extensions.rows

    def announced(self, extension: str) -> bool:
        """Return whether this client was told of an extension, even if only by a rule."""
        return extension in self._announced

    @property
    def was_misled(self) -> bool:
        """Whether a rule has told this client of an extension that the server does not know."""
        return not self._announced <= self.extensions.rows.keys()

    def check_parameters(self, given: Parameters, command: Literal["mail", "rcpt"]) -> None:
        """Raise `Refusal` for a parameter that this client may not give, or for a wrong value.

        Without EHLO there are no parameters (RFC 5321 section 2.2.1).
        """
        if given and not self._is_esmtp:
            raise Refusal(replies.unknown_parameter(next(iter(given))), "unknown-parameter")
        self.extensions.check_parameters(given, command)

    def tolerate(self, objection: Reply) -> None:
        """Accept something that the grammar does not allow, but real servers do.

        Under `strict`, raise `Refusal` with this reply instead.
        """
        if self.offer.settings.strict:
            raise Refusal(objection)
        self.has_tolerated = True

    def blamed(self) -> None:
        """Note that what was tolerated is on record."""
        self.has_tolerated = False

    def violated(self, code: str, detail: str = "") -> None:
        """Note a violation of the protocol by the client."""
        self.session.violated(violation(code, detail))

    def secured(self, info: TLSInfo) -> None:
        """Begin anew, encrypted. RFC 3207 section 4.2: "reset to the initial state"."""
        self.progress.move(HANDSHAKE_DONE)
        self.extensions = self.offer.under_tls
        self._is_esmtp, self._announced = False, frozenset()
        self.conformance.secured()
        self.session.secured(info, self.now)

    def greeted(self, reply: Reply | None) -> None:
        """Note whether the client is welcome."""
        if reply is not None and not reply.is_positive:
            self.progress.move(REFUSED)

    def introduce(self, domain: str, reply: Reply, *, is_esmtp: bool) -> None:
        """Note EHLO or HELO, which also resets."""
        self.reset()
        self._is_esmtp = is_esmtp
        self._announced = _keywords(reply) if is_esmtp else frozenset()
        self.session.greeted(domain, is_esmtp=is_esmtp)

    def begin(self, mail_from: str, parameters: Parameters, reply: Reply | None) -> None:
        """Begin a transaction; if its MAIL was not accepted, it ends at once."""
        self.transaction = transaction = OpenTransaction(
            self.session, mail_from, parameters, self.offer.settings.max_message_size, self.now
        )
        if reply is not None:
            transaction.answered(reply)
        if reply is None or self.progress.state is not State.MAIL:
            self.transaction = None
            transaction.finish("aborted" if reply is None else "rejected")

    def chunk_answered(self, reply: Reply | None) -> None:
        """Await the next chunk; a chunk that was not accepted ends the transaction."""
        transaction = self.transaction
        assert transaction is not None
        if reply is not None:
            transaction.answered(reply)
            if reply.is_completion:
                self.progress.move(CHUNK_TAKEN)
                return
        self._content_over()
        self.conformance.refused()
        transaction.finish("aborted" if reply is None else "rejected")

    def content_answered(
        self, recipient: str | None, reply: Reply | None, *, is_last: bool
    ) -> None:
        """Carry out the reply to the content: for all recipients, or in LMTP for one."""
        transaction = self.transaction
        assert transaction is not None
        transaction.content_answered(recipient, reply)
        if is_last:
            self._content_over()
            transaction.finish_content()
        else:
            transaction.show_message()

    def _content_over(self) -> None:
        self.progress.move(END_OF_CONTENT)
        self.transaction = None

    def reset(self) -> None:
        """Give up the open transaction, if there is one."""
        transaction, self.transaction = self.transaction, None
        if transaction is not None:
            transaction.give_up()

    def close_with(self, closing: Close) -> None:
        """End the session on the server's side, and close the connection in this way."""
        self.closing = closing
        if self.progress.state is not State.CLOSED:
            self.end("server")

    def fall_silent(self) -> None:
        """Send nothing more and ignore what comes: a reply was withheld."""
        if self.progress.state is not State.CLOSED:
            self.progress.move(WITHHELD)

    def end(self, ended_by: EndedBy) -> None:
        """End the session."""
        if self.transaction is not None:
            self.content_cut_off()
            self.reset()
        if self.progress.state in IN_HANDSHAKE and self.session.tls_failure is None:
            self.session.not_secured(_UNFINISHED[ended_by], self.now)
        if self.conformance.is_silent_since_tls and ended_by in ("client", "reset"):
            self.session.distrusted(_LEFT_AFTER_HANDSHAKE, self.now)
        self.progress.move(ENDED)
        self.session.end(ended_by, self.now)

    def content_cut_off(self) -> None:
        """Record the part that arrived of content that will never be complete."""
        if self.transaction is None or self.progress.state not in _IN_CONTENT:
            return
        incomplete = self.transaction.take_incomplete()
        if incomplete is None:
            return
        octets, size = incomplete
        if octets:
            self.session.noticed("C", octets, self.now)
        what = f"the content never became complete: {size:,} octets of it came"
        self.session.noticed("*", what, self.now)


def _keywords(reply: Reply) -> frozenset[str]:
    # RFC 5321 section 4.1.1.1: ehlo-line = ehlo-keyword *( SP ehlo-param ), after the first line.
    return frozenset(line.partition(" ")[0].upper() for line in reply.text.split("\n")[1:])

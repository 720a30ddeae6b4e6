"""One session while it lasts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_smtpserver.records.envelope import NO_PARAMETERS
from pytest_smtpserver.records.exchange import Event, Exchange
from pytest_smtpserver.records.session import Session

from .recording import Recording, when
from .transaction import TransactionRecording
from .wire import WIDTH, TransactionsView, Wire, WireView

if TYPE_CHECKING:
    from pytest_smtpserver.engine import SocketAddress, TLSInfo
    from pytest_smtpserver.matching.tables import EndedBy, Outcome
    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.records.exchange import Speaker
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import AuthAttempt
    from pytest_smtpserver.records.violations import Violation

    from .recorder import Recorder
    from .wire import Entry


@lru_cache(maxsize=64)
def _introduction(helo: str, is_esmtp: bool) -> tuple[str, bool]:
    # Together, so that a reader sees both or neither. Clients say the same again and again, and
    # sessions share it. How many are kept is arbitrary.
    return helo, is_esmtp


class SessionRecording(Recording[Session]):
    """One session while it lasts."""

    __slots__ = (
        "_helo",
        "_login",
        "_meanwhile",
        "_pending",
        "_recorder",
        "auth",
        "client",
        "current",
        "ended",
        "ended_by",
        "exchange_count",
        "id",
        "last_transaction",
        "started",
        "tls",
        "tls_failure",
        "violations",
        "wire",
    )

    def __init__(self, recorder: Recorder, id: int, client: SocketAddress, now: float) -> None:  # noqa: A002
        super().__init__()
        self._recorder = recorder
        self._helo: tuple[str, bool] | None = None
        self._pending: tuple[str, float] | None = None
        self._meanwhile: list[Event] | None = None
        self.id = id
        self.client = client
        self.started = now
        self.ended: float | None = None
        self.ended_by: EndedBy | None = None
        self.tls: TLSInfo | None = None
        self.tls_failure: str | None = None
        # Most sessions have none of these, and an empty list in each would cost memory.
        self.auth: list[AuthAttempt] | None = None
        self.violations: list[Violation] | None = None
        # The attempt by which the client is authenticated.
        self._login: AuthAttempt | None = None
        self.wire = Wire()
        #: How many exchanges there were, including those that were forgotten.
        self.exchange_count = 0
        #: The last transaction, open or not, unless it was forgotten; it has the one before it.
        self.last_transaction: TransactionRecording | None = None
        #: The transaction that is open.
        self.current: TransactionRecording | None = None

    def greeted(self, helo: str, *, is_esmtp: bool) -> None:
        """Note how the client introduced itself."""
        self._helo = _introduction(helo, is_esmtp)
        self._kept = None

    @property
    def awaits_answer(self) -> bool:
        """Whether the client has sent a command, or content, that is not answered yet.

        BDAT is not answered before its chunk has come, so the client may be within it.
        """
        pending, transaction = self._pending, self.current
        if pending is None:
            return False
        is_within = transaction is not None and transaction.arriving is not None
        return not (is_within and pending[0].upper().startswith("BDAT"))

    @property
    def progress(self) -> tuple[int, int]:
        """How far the client has come: its exchanges, and octets of content since the last one."""
        transaction = self.current
        arriving = transaction.arriving if transaction is not None else None
        return self.exchange_count, len(arriving()) if arriving is not None else 0

    @property
    def is_authenticated(self) -> bool:
        """Whether the client is authenticated; with some mechanisms it need not give a name."""
        return self._login is not None

    @property
    def mechanism(self) -> str | None:
        """The mechanism by which the client is authenticated."""
        return self._login.mechanism if self._login else None

    @property
    def username(self) -> str | None:
        """The user that is authenticated."""
        return self._login.username if self._login else None

    @property
    def helo(self) -> str | None:
        """How the client introduced itself last; costs less than a snapshot."""
        return self._helo[0] if self._helo else None

    def callable_failed(self, error: BaseException) -> None:
        """Note that a callable of the test raised."""
        self._recorder.callable_failed(error)

    def secured(self, info: TLSInfo, now: float) -> None:
        """Note that the connection is encrypted, and forget what the client said before.

        RFC 3207 section 4.2: "The server MUST discard any knowledge obtained from the client".
        """
        self.tls, self._helo, self._login = info, None, None
        self.noticed("*", f"{info.version} with {info.cipher}", now)

    def not_secured(self, why: str, now: float) -> None:
        """Note that the TLS handshake failed."""
        self.tls_failure = why
        self.noticed("*", f"TLS handshake failed: {why}", now)

    def distrusted(self, why: str, now: float) -> None:
        """Note that the client may have refused the certificate after a complete handshake."""
        self.tls_failure = why
        self.noticed("*", why, now)

    def authenticated(self, attempt: AuthAttempt) -> None:
        """Note an attempt to authenticate, and the user if it succeeded."""
        self._recorder.authenticated(self, attempt, is_answer=False)

    def authentication_answered(self, attempt: AuthAttempt) -> None:
        """Note how the last attempt ended, if it was noted before its end."""
        self._recorder.authenticated(self, attempt, is_answer=True)

    def tried(self, attempt: AuthAttempt, *, is_answer: bool) -> None:
        """Note an attempt, or how the last one ended; called under the recorder's lock."""
        if attempt.succeeded:
            self._login = attempt
        before = self.auth or []
        self.auth = [*(before[:-1] if is_answer else before), attempt]
        self._kept = None

    def violated(self, violation: Violation) -> None:
        """Note a violation of the protocol by the client."""
        violations = self.violations
        if violations is None:
            self.violations = violations = []
        # A test that clears the records meanwhile forgets this one too.
        violations.append(violation)
        self._kept = None

    def asked(self, command: str, now: float) -> None:
        """Note a command line (secrets masked) that must be answered."""
        self._pending = command, now
        self._kept = None

    def noticed(self, speaker: Speaker, what: str | bytes, now: float) -> None:
        """Note an event, within the pending exchange if there is one."""
        if self._pending is None:
            self.wire.extend((speaker, what, now))
        else:
            self._meanwhile = self._meanwhile or []
            self._meanwhile.append(Event(time=now, speaker=speaker, what=what))
        self._kept = None

    def answered(self, reply: Reply | None, now: float) -> None:
        """Note the answer to the pending command."""
        command, received = self._pending or ("", now)
        if self._meanwhile is None and received == now:
            self._complete((command, reply, now))
        else:
            self.answered_by(None, reply, now)

    def answered_by(self, rule: object | None, reply: Reply | None, now: float) -> Exchange:
        """Note a rule's answer to the pending command, and return the exchange."""
        command, received = self._pending or ("", now)
        exchange = Exchange(
            command=command,
            reply=reply,
            rule=rule,
            received=received,
            answered=now,
            meanwhile=tuple(self._meanwhile or ()),
        )
        self._complete((exchange, None, None))
        return exchange

    def _complete(self, exchange: Entry) -> None:
        # In this order, a reader may see both the pending command and its exchange, but never
        # neither.
        self.wire.extend(exchange)
        self.exchange_count += 1
        self._pending = self._meanwhile = None
        self._kept = None

    def said(self, reply: Reply, now: float) -> None:
        """Note a reply that the server gave unasked, unless a command is waiting for one."""
        if self._pending is not None:
            self.answered(reply, now)
            return
        for line in reply.lines:
            self.noticed("S", line, now)

    def begin(self, mail_from: str, parameters: Parameters, now: float) -> TransactionRecording:
        """Begin a transaction and return its recording."""
        transaction = TransactionRecording(self, mail_from, parameters or NO_PARAMETERS, now)
        self._recorder.transaction_began(transaction)
        self._kept = None
        return transaction

    def transaction_began(self, transaction: TransactionRecording) -> None:
        """Note that a transaction is open; called under the recorder's lock, as `forget` is."""
        transaction.began(max(0, len(self.wire) - WIDTH), self.last_transaction)
        self.current = self.last_transaction = transaction

    def transaction_ended(self) -> None:
        """Note that none is open; called under the recorder's lock."""
        self.current = None

    def transaction_changed(self) -> None:
        """Let the next reader make a new snapshot: the session's has one of the transaction."""
        self._kept = None

    def accept(self, transaction: TransactionRecording) -> None:
        """Show a message that was accepted for one recipient before the others are answered."""
        self._recorder.message_accepted(transaction)

    def finish(self, transaction: TransactionRecording, outcome: Outcome) -> None:
        """End a transaction; with `"accepted"` its message becomes one of the server's."""
        transaction.end(outcome)
        self._recorder.transaction_ended(transaction)

    def end(self, ended_by: EndedBy, now: float) -> None:
        """End the session: its next snapshot is its final value."""
        if self._pending is not None:
            self.answered(None, now)
        self.ended, self.ended_by = now, ended_by
        self._kept = None
        self._recorder.session_ended(self)

    def cut_off(self, now: float) -> None:
        """Record the session as ended by the server, whatever still happens."""
        if self.current is not None:
            self.current.cut_off()
        self.ended, self.ended_by = now, "server"
        self.seal()

    def forget(self) -> None:
        """Forget everything except the login, the open transaction and what passed since its MAIL.

        Violations are forgotten too.
        It is called in a test's thread. What the server's thread notes at this very moment is
        either kept or forgotten with the rest.
        """
        self.last_transaction = current = self.current
        self.wire = self.wire.since(len(self.wire) if current is None else current.wire_start)
        if current is not None:
            current.began(0, None)
        self.violations = None
        self.auth = None if self._login is None else [self._login]
        self._kept = None

    def _value(self) -> Session:
        helo, is_esmtp = self._helo or (None, False)
        return Session(
            id=self.id,
            client=self.client,
            started_at=when(self.started),
            ended_at=None if self.ended is None else when(self.ended),
            ended_by=self.ended_by,
            helo=helo,
            is_esmtp=is_esmtp,
            tls=self.tls,
            tls_failure=self.tls_failure,
            auth=tuple(self.auth or ()),
            username=self.username,
            violations=tuple(self.violations or ()),
            _transactions=TransactionsView(self.last_transaction),
            _passed=self._wire_now(),
        )

    def _wire_now(self) -> WireView:
        # What is pending first, and the length of the wire last: see `_complete`.
        pending, meanwhile, wire = self._pending, tuple(self._meanwhile or ()), self.wire
        if pending is None:
            return WireView(wire, len(wire), ())
        # A command without an answer is shown, but is not an exchange yet.
        command, received = pending
        asked = (Event(time=received, speaker="C", what=command),) if command else ()
        return WireView(wire, len(wire), (*asked, *meanwhile))

"""What the engine writes while a session lasts; tests read snapshots of it.

How it works: one thread, the server's, writes; any thread reads, and may have what has ended
forgotten. A recording only ever appends and replaces whole values, so a snapshot taken in the
middle is one that was true a moment ago. What makes waiting tests look again (a message, the end of
a transaction or of a session) goes through the `Recorder` and its lock. A snapshot is made when
somebody asks for it, and kept until something changes; once the transaction or session has ended,
it is the final value. It is kept with the state of which it was made, an object that is replaced
after each change, and before anybody is told of it: if a change comes while a snapshot is being
made, the states differ, and the next reader makes another. What changes in a transaction changes
its session.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from .envelope import NO_PARAMETERS, Envelope
from .exchange import Event, Exchange, Origin
from .message import Message
from .session import Session
from .transaction import Transaction

if TYPE_CHECKING:
    from pytest_smtpserver.engine import TLSInfo

    from .envelope import Parameters
    from .recorder import Recorder
    from .reply import Reply
    from .session import Address, AuthAttempt, EndedBy
    from .transaction import Outcome
    from .violations import Violation

# What makes an `Event` and an `Exchange`. Most exchanges have no events within them, and with many
# records an empty place for them in each is felt.
RawEvent = tuple[float, Origin, "str | bytes"]
RawExchange = (
    tuple[str, "Reply | None", float, float]
    | tuple[str, "Reply | None", float, float, "tuple[RawEvent, ...]"]
)

Value = TypeVar("Value")


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class _Recording(Generic[Value]):
    """Gives snapshots of what a subclass records."""

    __slots__ = ("_snapshot", "_state")

    def __init__(self) -> None:
        self._state = object()
        self._snapshot: tuple[object, Value] | None = None

    def snapshot(self) -> Value:
        """Return the value as it is now."""
        state, kept = self._state, self._snapshot
        if kept is None or kept[0] is not state:
            self._snapshot = kept = state, self._value()
        return kept[1]

    def changed(self) -> None:
        """Let the next reader make another snapshot."""
        self._state = object()

    def _value(self) -> Value:
        raise NotImplementedError


class TransactionRecording(_Recording[Transaction]):
    """One transaction while it lasts."""

    __slots__ = (
        "is_announced",
        "mail_from",
        "message",
        "outcome",
        "parameters",
        "recipients",
        "recording",
        "refused",
        "reply",
        "started",
    )

    def __init__(
        self,
        recording: SessionRecording,
        mail_from: str,
        parameters: Parameters,
        started: float,
    ) -> None:
        super().__init__()
        self.recording = recording
        self.mail_from = mail_from
        self.parameters = parameters
        self.started = started
        # Each with its parameters: one list, so that a reader sees both or neither.
        self.recipients: list[tuple[str, Parameters]] = []
        self.refused: list[tuple[str, Reply]] | None = None
        self.reply: Reply | None = None
        self.message: Message | None = None
        self.outcome: Outcome | None = None
        # Whether the message is one of the server's already.
        self.is_announced = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """The recipients that were accepted."""
        return tuple([address for address, _ in self.recipients])

    def changed(self) -> None:
        """Let the next reader make another snapshot, of the session as well."""
        super().changed()
        self.recording.changed()

    def accept(self, address: str, parameters: Parameters) -> None:
        """Note a recipient that was accepted."""
        self.recipients.append((address, parameters))
        self.changed()

    def refuse(self, address: str, reply: Reply) -> None:
        """Note a recipient that was refused."""
        # Most transactions have none, and with many records an empty list for each is felt.
        self.refused = self.refused or []
        self.refused.append((address, reply))
        self.changed()

    def answered(self, reply: Reply) -> None:
        """Note the last reply that the transaction got."""
        self.reply = reply
        self.changed()

    def received(self, content: bytes, now: float) -> Message:
        """Note that the content is complete, and return the message that it makes."""
        self.message = Message(
            envelope=self._envelope(), content=content, _received=now, _origin=self
        )
        self.changed()
        return self.message

    def end(self, outcome: Outcome) -> None:
        """Fix the final value: nothing is noted after this."""
        self.outcome = outcome
        self.changed()

    def _value(self) -> Transaction:
        return Transaction(
            envelope=self.message.envelope if self.message else self._envelope(),
            outcome=self.outcome,
            refused=tuple(self.refused or ()),
            reply=self.reply,
            message=self.message,
            started_at=_when(self.started),
            _is_accepted=self.is_announced,
            _session=self.recording,
        )

    @property
    def transaction(self) -> Transaction:
        """The transaction as it is now (what a `Message` asks for)."""
        return self.snapshot()

    @property
    def session(self) -> Session:
        """The session as it is now (what a `Message` asks for)."""
        return self.recording.snapshot()

    def _envelope(self) -> Envelope:
        recipients = tuple(self.recipients)
        return Envelope(
            mail_from=self.mail_from,
            parameters=self.parameters,
            rcpt_to=tuple([address for address, _ in recipients]),
            rcpt_parameters=tuple([parameters for _, parameters in recipients]),
        )


class SessionRecording(_Recording[Session]):
    """One session while it lasts."""

    __slots__ = (
        "_helo",
        "_meanwhile",
        "_mechanism",
        "_pending",
        "_recorder",
        "auth",
        "client",
        "current",
        "ended",
        "ended_by",
        "id",
        "is_authenticated",
        "started",
        "tls",
        "tls_failure",
        "transactions",
        "username",
        "violations",
        "wire",
    )

    def __init__(self, recorder: Recorder, id: int, client: Address, now: float) -> None:  # noqa: A002
        super().__init__()
        self._recorder = recorder
        self._helo: tuple[str, bool] | None = None
        self._pending: tuple[str, float] | None = None
        self._meanwhile: list[RawEvent] | None = None
        self.id = id
        self.client = client
        self.started = now
        self.ended: float | None = None
        self.ended_by: EndedBy | None = None
        self.tls: TLSInfo | None = None
        self.tls_failure: str | None = None
        # Most sessions have none of these, and with many records an empty list for each is felt.
        self.auth: list[AuthAttempt] | None = None
        self.violations: list[Violation] | None = None
        #: With some mechanisms a client can be let in without saying who it is.
        self.is_authenticated = False
        self._mechanism: str | None = None
        self.username: str | None = None
        # Plain tuples until somebody looks: most sessions are never looked at.
        self.wire: list[RawExchange | RawEvent | Exchange | Event] = []
        self.transactions: list[TransactionRecording] = []
        #: The transaction that is open.
        self.current: TransactionRecording | None = None

    def greeted(self, helo: str, *, is_esmtp: bool) -> None:
        """Note how the client introduced itself."""
        self._helo = helo, is_esmtp
        self.changed()

    @property
    def mechanism(self) -> str | None:
        """The mechanism by which the client is authenticated."""
        return self._mechanism if self.is_authenticated else None

    @property
    def helo(self) -> str | None:
        """How the client introduced itself last, without a snapshot of all the rest."""
        return self._helo[0] if self._helo else None

    def callable_failed(self, error: BaseException) -> None:
        """Note that a callable of the test raised."""
        self._recorder.callable_failed(error)

    def secured(self, info: TLSInfo, now: float) -> None:
        """Note that the connection is encrypted; what the client said before is forgotten.

        RFC 3207 section 4.2: "The server MUST discard any knowledge obtained from the client".
        """
        self.tls, self._helo = info, None
        self.is_authenticated, self.username = False, None
        self.noticed("*", f"{info.version} with {info.cipher}", now)

    def not_secured(self, why: str, now: float) -> None:
        """Note that the TLS handshake failed."""
        self.tls_failure = why
        self.noticed("*", f"TLS handshake failed: {why}", now)

    def distrusted(self, why: str, now: float) -> None:
        """Note that the client may not have liked what it saw in a handshake that was done."""
        self.tls_failure = why
        self.noticed("*", why, now)

    def authenticated(self, attempt: AuthAttempt) -> None:
        """Note an attempt to authenticate, and who is authenticated from now on."""
        self.auth = self.auth or []
        self.auth.append(attempt)
        if attempt.succeeded:
            self.is_authenticated, self.username = True, attempt.username
            self._mechanism = attempt.mechanism
        self.changed()

    def violated(self, violation: Violation) -> None:
        """Note what the client did against the protocol."""
        self.violations = self.violations or []
        self.violations.append(violation)
        self.changed()

    def asked(self, command: str, now: float) -> None:
        """Note a command line (secrets masked) that is to be answered."""
        self._pending = command, now
        self.changed()

    def noticed(self, origin: Origin, what: str | bytes, now: float) -> None:
        """Note an event: within the pending exchange if there is one."""
        event = now, origin, what
        if self._pending is None:
            self.wire.append(event)
        else:
            self._meanwhile = self._meanwhile or []
            self._meanwhile.append(event)
        self.changed()

    def answered(self, reply: Reply | None, now: float) -> None:
        """Note the answer to the pending command."""
        self._complete(self._exchange_now(reply, now))

    def answered_by(self, rule: object, reply: Reply | None, now: float) -> Exchange:
        """Note the answer of a rule to the pending command, and return the exchange."""
        exchange = _exchange(*self._exchange_now(reply, now), rule=rule)
        self._complete(exchange)
        return exchange

    def _exchange_now(self, reply: Reply | None, now: float) -> RawExchange:
        command, received = self._pending or ("", now)
        if self._meanwhile is None:
            return command, reply, received, now
        return command, reply, received, now, tuple(self._meanwhile)

    def _complete(self, exchange: RawExchange | Exchange) -> None:
        # In this order: a reader may see the pending command as well as its exchange, but never
        # keeps a snapshot with neither.
        self.wire.append(exchange)
        self._pending = self._meanwhile = None
        self.changed()

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
        self.changed()
        return transaction

    def accept(self, transaction: TransactionRecording) -> None:
        """Show a message that has been accepted for one recipient, though others are to come."""
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
        self.changed()
        self._recorder.session_ended(self)

    def forget(self) -> None:
        """Forget the transactions that have ended."""
        self.transactions = [] if self.current is None else [self.current]
        self.changed()

    def _value(self) -> Session:
        helo, is_esmtp = self._helo or (None, False)
        return Session(
            id=self.id,
            client=self.client,
            started_at=_when(self.started),
            ended_at=None if self.ended is None else _when(self.ended),
            ended_by=self.ended_by,
            helo=helo,
            is_esmtp=is_esmtp,
            tls=self.tls,
            tls_failure=self.tls_failure,
            auth=tuple(self.auth or ()),
            username=self.username,
            violations=tuple(self.violations or ()),
            transactions=tuple([t.snapshot() for t in list(self.transactions)]),
            _wire=self._wire_now(),
        )

    def _wire_now(self) -> tuple[Exchange | Event, ...]:
        seen = [_seen(entry) for entry in list(self.wire)]
        self.wire[: len(seen)] = seen
        # A command that still awaits its answer is shown, but is no exchange yet.
        pending, meanwhile = self._pending, [_event(*event) for event in self._meanwhile or ()]
        if pending is not None and pending[0]:
            seen.append(Event(time=pending[1], origin="C", what=pending[0]))
        return (*seen, *meanwhile)


def _seen(entry: RawExchange | RawEvent | Exchange | Event) -> Exchange | Event:
    if not isinstance(entry, tuple):
        return entry
    return _event(*entry) if len(entry) == 3 else _exchange(*entry)


def _event(time: float, origin: Origin, what: str | bytes) -> Event:
    return Event(time=time, origin=origin, what=what)


def _exchange(
    command: str,
    reply: Reply | None,
    received: float,
    answered: float,
    meanwhile: tuple[RawEvent, ...] = (),
    *,
    rule: object | None = None,
) -> Exchange:
    return Exchange(
        command=command,
        reply=reply,
        rule=rule,
        received=received,
        answered=answered,
        meanwhile=tuple(_event(*event) for event in meanwhile),
    )

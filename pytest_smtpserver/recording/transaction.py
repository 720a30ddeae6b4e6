"""One transaction while it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.records.envelope import NO_PARAMETERS, Envelope
from pytest_smtpserver.records.message import Message
from pytest_smtpserver.records.transaction import Transaction

from .recording import Recording, when

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.matching.tables import Outcome
    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Session

    from .session import SessionRecording

    #: An address and its parameters.
    Recipient = tuple[str, Parameters]

_ONE_WITHOUT = (NO_PARAMETERS,)
# Nothing is added to it: what an ended transaction with a message has in place of its own list,
# because they are in its envelope.
_IN_ENVELOPE: list[Recipient] = []


class TransactionRecording(Recording[Transaction]):
    """One transaction while it lasts."""

    __slots__ = (
        "arriving",
        "before",
        "is_announced",
        "mail_from",
        "message",
        "outcome",
        "parameters",
        "recipients",
        "refused",
        "reply",
        "session_recording",
        "size_dropped",
        "started",
        "wire_start",
    )

    def __init__(
        self,
        session_recording: SessionRecording,
        mail_from: str,
        parameters: Parameters,
        started: float,
    ) -> None:
        super().__init__()
        self.session_recording = session_recording
        #: The transaction before it in its session, unless it was forgotten. A list of them in each
        #: session would cost memory, and most sessions have one.
        self.before: TransactionRecording | None = None
        #: The length of the session's wire before the exchange of its MAIL.
        self.wire_start = 0
        self.mail_from = mail_from
        self.parameters = parameters
        self.started = started
        # Each with its parameters: one list, so that a reader sees both or neither.
        self.recipients: list[Recipient] = []
        self.refused: list[tuple[str, Reply]] | None = None
        self.reply: Reply | None = None
        self.message: Message | None = None
        # The size of content that was too big to be kept.
        self.size_dropped: int | None = None
        self.outcome: Outcome | None = None
        # Returns the content that has arrived so far, while it is incomplete.
        self.arriving: Callable[[], bytes] | None = None
        # Whether the message is already among the server's messages.
        self.is_announced = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """The recipients that were accepted."""
        return tuple([address for address, _ in self.recipients])

    def changed(self) -> None:
        """Let the next reader make another snapshot, of the session as well."""
        self._kept = None
        self.session_recording.transaction_changed()

    def accept(self, address: str, parameters: Parameters, reply: Reply) -> None:
        """Note a recipient that was accepted with this reply."""
        self.recipients.append((address, parameters))
        self.answered(reply)

    def refuse(self, address: str, reply: Reply) -> None:
        """Note a recipient that was refused with this reply."""
        # Most transactions have none, and an empty list in each would cost memory.
        self.refused = self.refused or []
        self.refused.append((address, reply))
        self.answered(reply)

    def answered(self, reply: Reply) -> None:
        """Note the last reply that the transaction got."""
        self.reply = reply
        self.changed()

    def expect(self, arriving: Callable[[], bytes]) -> None:
        """Note that the content comes from now on; `arriving` returns what has arrived of it."""
        self.arriving = arriving
        self.changed()

    def received(self, content: bytes, now: float) -> Message:
        """Note that the content is complete, and return the message made from it."""
        self.arriving = None
        self.message = Message(
            envelope=self._envelope(tuple(self.recipients)),
            content=content,
            _received=now,
            _origin=self,
        )
        self.changed()
        return self.message

    def dropped(self, size: int) -> None:
        """Note that the content is complete, and has too many octets to be kept."""
        self.arriving, self.size_dropped = None, size
        self.changed()

    def began(self, wire_start: int, before: TransactionRecording | None) -> None:
        """Note what comes before it in its session."""
        self.wire_start, self.before = wire_start, before

    def announce(self) -> None:
        """Note that the message is among the server's messages."""
        self.is_announced = True
        self.changed()

    def cut_off(self) -> None:
        """Record how far the transaction has come, whatever still happens."""
        # In LMTP the message may have been accepted for one recipient already.
        self.outcome = "accepted" if self.is_announced else "aborted"
        self.seal()

    def end(self, outcome: Outcome) -> None:
        """Fix the final value: nothing is noted after this."""
        if self.arriving is not None:
            octets = self.arriving()
            self.arriving = lambda: octets
        self.outcome = outcome
        if self.message is not None:
            self.recipients = _IN_ENVELOPE
        self.changed()

    def _value(self) -> Transaction:
        # In this order: the message of a transaction that ends meanwhile has the recipients.
        recipients, message = tuple(self.recipients), self.message
        return Transaction(
            envelope=message.envelope if message else self._envelope(recipients),
            outcome=self.outcome,
            refused=tuple(self.refused or ()),
            reply=self.reply,
            message=message,
            started_at=when(self.started),
            _is_accepted=self.is_announced,
            _arriving=self.arriving,
            _size_dropped=self.size_dropped,
            _session=self.session_recording,
        )

    @property
    def transaction(self) -> Transaction:
        """The transaction as it is now; a `Message` asks for it."""
        return self.snapshot()

    @property
    def session(self) -> Session:
        """The session as it is now; a `Message` asks for it."""
        return self.session_recording.snapshot()

    def _envelope(self, recipients: tuple[Recipient, ...]) -> Envelope:
        return Envelope(
            mail_from=self.mail_from,
            parameters=self.parameters,
            rcpt_to=tuple([address for address, _ in recipients]),
            rcpt_parameters=_shared(tuple([parameters for _, parameters in recipients])),
        )


def _shared(parameters: tuple[Parameters, ...]) -> tuple[Parameters, ...]:
    # Most transactions have one recipient without parameters: they share a tuple.
    return _ONE_WITHOUT if parameters == _ONE_WITHOUT else parameters

"""What a server's records show about a client, in the form that the verdict's rows need."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smtpserver.matching import comparable
from pytest_smtpserver.settings import SHOW_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.records.exchange import Exchange
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction

    from .at_work import FaultAtWork
    from .belief import Beliefs
    from .fault import Fault

_CONTENT = frozenset({".", "BDAT"})


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A recipient whose last attempt was not accepted, or a MAIL that got no further."""

    #: `None`: the server never said why.
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when `check` is called."""

    at_work: FaultAtWork
    beliefs: Beliefs
    sessions: tuple[Session, ...]
    transactions: tuple[Transaction, ...]
    #: Comparable addresses, and how often the same mail was accepted for each, at most.
    delivered: Counter[str]
    #: Comparable addresses; `""` for a MAIL that was refused.
    undelivered: dict[str, Undelivered]
    took: float
    timeout: float | None
    tls_is_required: bool

    @classmethod
    def of(
        cls,
        at_work: FaultAtWork,
        beliefs: Beliefs,
        *,
        called: float,
        timeout: float | None,
        tls: str,
    ) -> Evidence:
        """Return what is known about the clients of a server with a fault at work."""
        sessions, transactions = at_work.server.sessions, at_work.server.transactions
        began = sessions[0].started_at.timestamp() if sessions else called
        return cls(
            at_work, beliefs, sessions, transactions,
            delivered=_delivered(transactions, at_work.fault),
            undelivered=_undelivered(transactions),
            took=called - began, timeout=timeout, tls_is_required=tls == "required",
        )  # fmt: skip

    @property
    def fault(self) -> Fault:
        """The fault."""
        return self.at_work.fault

    @property
    def tls_failed(self) -> bool:
        """Whether the fault leaves the client without TLS that protects it."""
        return bool(self.fault.tls)

    @property
    def refusals(self) -> tuple[tuple[Session, Exchange, Reply], ...]:
        """Each exchange whose reply refuses something, without those that are mere consequences.

        A reply to QUIT says nothing about the mail.
        """
        return tuple(
            (session, one, one.reply)
            for session in self.sessions
            for one in session.exchanges
            if one.reply and _is_refusal(one, one.reply)
        )

    @property
    def unprotected(self) -> tuple[Session, ...]:
        """The sessions that somebody between client and server could read."""
        if self.fault.tls == "untrusted":
            return self.sessions
        return tuple(one for one in self.sessions if one.tls is None)

    def shown_passwords(self) -> Iterator[str]:
        """Yield the mechanism of each password that was sent where others can read it."""
        for session in self.unprotected:
            for attempt in session.auth:
                if attempt.mechanism in SHOW_SECRET and attempt._has_answer:
                    yield attempt.mechanism

    def shown_contents(self) -> Iterator[Session]:
        """Yield each session in which content was sent where others can read it."""
        for session in self.unprotected:
            if any(one.verb in _CONTENT for one in session.exchanges):
                yield session

    def has_heard(self, recipient: str = "") -> bool:
        """Return whether the client sent more commands after its mail was accepted.

        Then it must have read that reply. Otherwise the reply may not have reached it.
        """
        return any(
            _went_on(one)
            for one in self.transactions
            if one.outcome == "accepted" and (not recipient or recipient in _accepted(one))
        )


# RFC 5321 section 4.1.4: 503 means that a command is out of order. A client that pipelines gets it
# for commands that it had sent before it knew that an earlier one was refused.
_IN_VAIN = 503


def _is_refusal(exchange: Exchange, reply: Reply) -> bool:
    is_in_vain = reply.code == _IN_VAIN and exchange.rule is None
    return not (reply.is_positive or is_in_vain or exchange.verb == "QUIT")


def _accepted(transaction: Transaction) -> tuple[str, ...]:
    """Return the recipients for whom a transaction was accepted, as comparable addresses."""
    if transaction.outcome != "accepted":
        return ()
    # In LMTP the content may be refused for a recipient whose RCPT was accepted.
    refused = {comparable(address) for address, _ in transaction.refused}
    return tuple(one for one in map(comparable, transaction.envelope.rcpt_to) if one not in refused)


def _delivered(transactions: tuple[Transaction, ...], fault: Fault) -> Counter[str]:
    copies: Counter[tuple[str, object]] = Counter()
    for transaction in transactions:
        if (message := transaction.message) is not None:
            for address in _accepted(transaction):
                copies[address, _identity(message, transaction, fault)] += 1
    most: Counter[str] = Counter()
    for (address, _), count in copies.items():
        most[address] = max(most[address], count)
    return most


def _identity(message: Message, transaction: Transaction, fault: Fault) -> object:
    """Return what makes two messages the same one (RFC 5322 section 3.6.4)."""
    if message_id := message["Message-ID"]:
        return message_id.strip()
    # If the fault is about several messages, two of them may well have the same content.
    return transaction if fault.is_about_several else message.content


def _undelivered(transactions: tuple[Transaction, ...]) -> dict[str, Undelivered]:
    left: dict[str, Undelivered] = {}
    for transaction in transactions:
        given = {comparable(one): transaction.reply for one in transaction.envelope.rcpt_to}
        given |= {comparable(address): reply for address, reply in transaction.refused}
        accepted = _accepted(transaction)
        left.pop("", None)
        if not given:
            left[""] = Undelivered(transaction.reply)
        for address, reply in given.items():
            left[address] = Undelivered(reply)
            if address in accepted:
                del left[address]
    return left


def _went_on(transaction: Transaction) -> bool:
    exchanges = transaction.session.exchanges
    ends = [n for n, one in enumerate(exchanges) if one.verb in _CONTENT]
    return bool(ends) and exchanges[ends[-1]].reply is not None and ends[-1] + 1 < len(exchanges)

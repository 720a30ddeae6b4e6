"""What is known when a wait has failed: about the server, and what it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.recording.recording import when

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_smtpserver.matching import Criteria
    from pytest_smtpserver.records.exchange import Exchange
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.settings import Settings


class Elsewhere(NamedTuple):
    """Another server of the same test, and how much went there."""

    address: str
    sessions: int
    messages: int


@frozen(kw_only=True)
class Surroundings:
    """What a server says about itself and its test."""

    address: str
    state: Literal["new", "listening", "stopped"]
    settings: Settings
    others: Sequence[Elsewhere] = ()
    #: If the server's thread is in a callable of the test: file and line where it is. Else `""`.
    callable_at: str = ""


@frozen(kw_only=True)
class Facts:
    """All that the causes look at. `loop` names the event loop that the wait blocked, if any."""

    server: Surroundings
    sessions: Sequence[Session]
    transactions: Sequence[Transaction]
    #: What was waited for: `"message"`, `"transaction"` or `"session"`.
    noun: str = "message"
    criteria: Criteria | None = None
    loop: str | None = None
    #: How many of the missing messages came before the block of `capture` was entered.
    skipped: int = 0
    #: When the records were last emptied, in seconds since the epoch, and how many sessions were
    #: forgotten then.
    cleared: float = 0.0
    forgotten: int = 0

    @property
    def settings(self) -> Settings:
        """The settings of the server."""
        return self.server.settings

    def came_before_clear(self, session: Session) -> bool:
        """Return whether a session began before the records were emptied: part of it is gone."""
        return session.started_at.timestamp() < self.cleared


#: RFC 5321 section 4.1.4: EHLO and HELO clear a transaction as RSET does.
CLEARING: Final = ("RSET", "EHLO", "HELO", "LHLO")


def exchanges_of(transaction: Transaction) -> Sequence[Exchange]:
    """Return the exchanges from a transaction's MAIL to what cleared it, or to the next MAIL.

    If there is nothing that clears it, the last ones are those after its end.
    """
    exchanges, every = transaction.session.exchanges, transaction.session.transactions
    began = transaction.started_at
    mails = [number for number, one in enumerate(exchanges) if _is_mail(one, began)]
    # Pipelined transactions may have begun at the same time.
    place = next((number for number, one in enumerate(every) if one is transaction), len(every))
    before = sum(one.started_at == began for one in every[:place])
    ends = [
        number
        for following in every[place + 1 : place + 2]
        for number in mails[before + 1 :]
        if _is_mail(exchanges[number], following.started_at)
    ]
    if before >= len(mails):
        return ()
    own = exchanges[mails[before] : ends[0] if ends else None]
    cleared = next((number for number, one in enumerate(own) if clears(one)), len(own))
    return own[: cleared + 1]


def _is_mail(exchange: Exchange, began: datetime) -> bool:
    # A rule may have delayed it, so what counts is the time of the reply.
    return exchange.verb == "MAIL" and when(exchange.answered) >= began


def clears(exchange: Exchange) -> bool:
    """Return whether an exchange cleared a transaction."""
    reply = exchange.reply
    return exchange.verb in CLEARING and reply is not None and reply.is_completion


def on_one_line(reply: Reply | None) -> str:
    """Return a reply as a part of a sentence."""
    return " ".join(str(reply).split()) if reply else "no reply"

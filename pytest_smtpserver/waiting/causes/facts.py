"""What is known when a wait has failed: about the server, and what it has seen."""

from __future__ import annotations

from itertools import dropwhile, islice, takewhile
from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.recording.recording import when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
    state: Literal["new", "listening", "stopped", "over"]
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


def exchanges_of(transaction: Transaction) -> Iterator[Exchange]:
    """Yield the exchanges from a transaction's MAIL to the next one's, as far as times tell."""
    began, session = transaction.started_at, transaction.session
    later = [one.started_at for one in session.transactions if one.started_at > began]
    exchanges = dropwhile(lambda one: not _is_mail(one, began), session.exchanges)
    yield from islice(exchanges, 1)
    yield from takewhile(lambda one: not later or not _is_mail(one, later[0]), exchanges)


def _is_mail(exchange: Exchange, began: datetime) -> bool:
    # A rule may have delayed it, so what counts is the time of the reply.
    return exchange.verb == "MAIL" and when(exchange.answered) >= began


def on_one_line(reply: Reply | None) -> str:
    """Return a reply as a part of a sentence."""
    return " ".join(str(reply).split()) if reply else "no reply"

"""One session: everything that passed on one connection (RFC 5321 section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .exchange import Event, Exchange
from .transcript import render

if TYPE_CHECKING:
    from datetime import datetime

    from .message import Message
    from .transaction import Transaction

#: Who or what ended a session.
EndedBy = Literal["quit", "client", "reset", "timeout", "server"]

#: An IP address and a port; IPv6 addresses without their scope.
Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Session:
    """One client's visit, from its connection to its end.

    `id` counts from 1. `ended_by` is `None` while the session is open, then `"quit"`,
    `"client"` (end of file), `"reset"`, `"timeout"` (the client was silent for too long) or
    `"server"` (it was stopped, or had no more room). `helo` is the argument of the last EHLO or
    HELO, `None` before the first; `is_esmtp` says that it was EHLO.
    `transactions` includes an open one.
    """

    id: int
    client: Address
    started_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None
    helo: str | None
    is_esmtp: bool
    transactions: tuple[Transaction, ...]
    _wire: tuple[Exchange | Event, ...]

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All commands with their replies, oldest first; the greeting is the first."""
        return tuple(entry for entry in self._wire if isinstance(entry, Exchange))

    @property
    def tls(self) -> None:
        """`None`: the session was not encrypted."""
        return None

    @property
    def auth(self) -> tuple[Any, ...]:
        """The attempts to authenticate: none."""
        return ()

    @property
    def username(self) -> str | None:
        """Who is authenticated: nobody."""
        return None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages accepted in this session, oldest first."""
        return tuple(
            transaction.message
            for transaction in self.transactions
            if transaction.outcome == "accepted" and transaction.message
        )

    @property
    def transcript(self) -> str:
        """Both directions line by line, with seconds since the session's start."""
        return render(self)

    def __repr__(self) -> str:
        end = f"ended by {self.ended_by}" if self.ended_by else "open"
        return f"<Session {self.id} from {self.client[0]}:{self.client[1]}, {end}>"

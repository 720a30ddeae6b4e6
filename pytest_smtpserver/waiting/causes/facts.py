"""What is known when a wait has failed: about the server, and what it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_smtpserver.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smtpserver.matching import Criteria
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
    #: If the server's thread is in a callable of a rule: file and line where it is. Else `""`.
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


def on_one_line(reply: Reply | None) -> str:
    """Return a reply as a part of a sentence."""
    return " ".join(str(reply).split()) if reply else "no reply"

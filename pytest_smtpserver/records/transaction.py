"""One transaction: an attempt to deliver a message, from MAIL on (RFC 5321 section 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_smtpserver.frozen import frozen, not_pickled
from pytest_smtpserver.suggesting import suggesting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pytest_smtpserver.matching.tables import Outcome as Outcome

    from .envelope import Envelope
    from .message import Message
    from .reply import Reply
    from .session import Session


class Lasting(Protocol):
    """The session of a transaction; asked each time, because it may still go on."""

    def snapshot(self) -> Session:
        """Return the session as it is now."""


@not_pickled
@suggesting
@frozen(kw_only=True, eq=False)
class Transaction:
    """One attempt to send a message, and what became of it.

    It begins with any well-formed MAIL command in order, even one that is refused. `outcome` is

    * `"accepted"`: the content got its 250;
    * `"rejected"`: MAIL, every RCPT, DATA or the content was refused, whatever came next;
    * `"aborted"`: the client left or reset it, or the server ended the session, before that;
    * `None` while it lasts.

    `refused` has each refused recipient with its `Reply`. `reply` is the last reply to the
    transaction's MAIL, RCPT, DATA or content. `message` has the content, even if it was refused,
    and is `None` if the content was never complete or was over `max_message_size`.
    """

    envelope: Envelope
    outcome: Outcome | None
    refused: tuple[tuple[str, Reply], ...]
    reply: Reply | None
    message: Message | None
    started_at: datetime
    #: Whether the message was accepted. In LMTP one recipient is enough, so it may still be open.
    _is_accepted: bool
    #: Returns the content that has arrived so far, if it is incomplete.
    _arriving: Callable[[], bytes] | None = None
    #: The size of content that was over `max_message_size`.
    _size_dropped: int | None = None
    _session: Lasting

    @property
    def session(self) -> Session:
        """The session as it is now, and once it has ended, its final value."""
        return self._session.snapshot()

    def __repr__(self) -> str:
        return f"<Transaction {self.outcome or 'open'}: {self.envelope._route}>"

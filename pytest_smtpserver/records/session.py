"""One session: everything that passed on one connection (RFC 5321 section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.frozen import frozen, not_pickled
from pytest_smtpserver.numeric import is_whole
from pytest_smtpserver.suggesting import suggesting

from . import assertions
from .exchange import Event, Exchange
from .transcript import render

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from pytest_smtpserver.engine import SocketAddress, TLSInfo
    from pytest_smtpserver.matching.tables import EndedBy as EndedBy

    from .message import Message
    from .reply import Reply
    from .transaction import Transaction
    from .violations import Violation


# RFC 5321 section 4.2.2: "Service not available, closing transmission channel".
_CLOSING = 421


@suggesting
@frozen(kw_only=True, eq=False)
class AuthAttempt:
    """One AUTH command, and the exchange after it, if there was one.

    `mechanism` is in upper case, or `"***"` if it is unknown, because it may be a secret.
    `username` is the user that the client named, `None` if it named none, or left before it did.
    `succeeded` says whether the server's reply was positive, and `over_tls` whether the connection
    was encrypted. `reply` is the last reply, `None` if there was none.
    """

    mechanism: str
    username: str | None
    succeeded: bool
    over_tls: bool
    reply: Reply | None = None
    #: Whether the client has sent more than the command: a secret, or the beginning of one.
    _has_answer: bool = False
    #: Whether the credentials were right, but the user wanted to act for another one.
    _is_for_another: bool = False

    def __repr__(self) -> str:
        outcome = "succeeded" if self.succeeded else "failed"
        where = "over TLS" if self.over_tls else "in clear"
        return f"<AuthAttempt {self.mechanism} as {self.username!r} {where}, {outcome}>"


@not_pickled
@suggesting
@frozen(kw_only=True, eq=False)
class Session:
    """One client's visit, from its connection to its end.

    `id` counts from 1. `ended_by` is `None` while the session is open, then `"quit"`, `"client"`
    (end of file), `"reset"`, `"timeout"` (the client was silent for too long) or `"server"` (a
    rule, a stop or the limit of connections ended it). `helo` is the argument of the last EHLO,
    HELO or LHLO, `None` before the first and again after STARTTLS; `is_esmtp` says whether it was
    EHLO or LHLO. `tls` is the result of the handshake, `None` on a connection in clear.
    `tls_failure` is a sentence about a handshake that failed, or after which the client left at
    once, because some clients (GnuTLS's, Node's) check the certificate only then. `auth` has the
    attempts to authenticate, and `username` is the authenticated user. `transactions` includes an
    open one. `violations` has the client's mistakes in its commands.
    """

    id: int
    client: SocketAddress
    started_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None
    helo: str | None
    is_esmtp: bool
    tls: TLSInfo | None
    tls_failure: str | None
    auth: tuple[AuthAttempt, ...]
    username: str | None
    violations: tuple[Violation, ...]
    # Called on demand: a session may be long, and many snapshots of it are never read.
    _transactions: Callable[[], tuple[Transaction, ...]]
    _passed: Callable[[], tuple[Exchange | Event, ...]]

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """The attempts to send a message, an open one included, oldest first."""
        return self._transactions()

    @property
    def _wire(self) -> tuple[Exchange | Event, ...]:
        return self._passed()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All commands with their replies, oldest first; the greeting is the first."""
        return tuple(entry for entry in self._wire if isinstance(entry, Exchange))

    @property
    def _last_auth(self) -> Exchange | None:
        """The last AUTH command."""
        return next((one for one in reversed(self.exchanges) if one.verb == "AUTH"), None)

    @property
    def _unfinished_auth(self) -> str | None:
        """The mechanism of the last AUTH command, if its exchange was broken off.

        That is, if the client left, or if the server ended the session meanwhile, with a 421.
        """
        last = self._last_auth
        if last is None or not (last.reply is None or last.reply.code == _CLOSING):
            return None
        # An attempt that has ended is on record, with or without a reply.
        if self.auth and self.auth[-1].reply in (None, last.reply):
            return None
        return last.argument.lstrip().partition(" ")[0].upper()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages accepted in this session, oldest first."""
        return tuple(
            transaction.message
            for transaction in self.transactions
            if transaction._is_accepted and transaction.message
        )

    def assert_quit(self) -> None:
        """Raise `SMTPAssertionError` unless the client ended the session with QUIT."""
        __tracebackhide__ = True
        assertions.has_quit(self)

    def assert_no_violations(self, *, ignore: Collection[str] = ()) -> None:
        """Raise `SMTPAssertionError` if there are violations other than the ignored codes.

        Raises `ValueError` for an unknown code.
        """
        __tracebackhide__ = True
        assertions.has_no_violations(self, ignore)

    def assert_tls(self, minimum: str = "TLSv1.2") -> None:
        """Raise `SMTPAssertionError` unless the session used this version of TLS or a later one.

        Raises `ValueError` unless it is `"TLSv1"`, `"TLSv1.1"`, `"TLSv1.2"` or `"TLSv1.3"`.
        """
        __tracebackhide__ = True
        assertions.is_encrypted(self, minimum)

    def assert_authenticated(
        self, username: str | None = None, *, mechanism: str | None = None
    ) -> None:
        """Raise `SMTPAssertionError` unless the client is authenticated.

        `username` is the expected user, or any if `None`; `mechanism` is compared without case.
        """
        __tracebackhide__ = True
        assertions.is_authenticated(self, username, mechanism)

    @property
    def transcript(self) -> str:
        """Both directions of the conversation, line by line, with the seconds since its start."""
        return render(self)

    def transcript_end(self, last: int) -> str:
        """Return the transcript of the last `last` exchanges and events.

        Raises `ValueError` unless that is a whole number from 1.
        """
        if not is_whole(last) or last < 1:
            raise ValueError(f"last={last!r}: must be a whole number from 1")
        return render(self, last, compact=True)

    def dialogue(self) -> str:
        """Return the conversation as a text that is the same in each run, for snapshots.

        It has no times and no ports, and placeholders such as `<name>`, `<size>`, `<challenge>` and
        `<content>` replace what differs in each run.
        """
        from . import snapshots

        return snapshots.of_session(self)

    def __repr__(self) -> str:
        end = f"ended by {self.ended_by}" if self.ended_by else "open"
        return f"<Session {self.id} from {self.client[0]}:{self.client[1]}, {end}>"

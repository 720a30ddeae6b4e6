"""An attempt to authenticate (RFC 4954), without its secret."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_smtpserver.frozen import frozen


@frozen
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AuthAttempt:
    """One AUTH exchange that was answered.

    `mechanism` is in upper case; `username` is who the client said it is, `None` if it did not
    come so far; `succeeded` says that the server's reply was positive, `over_tls` that the
    connection was encrypted.
    """

    mechanism: str
    username: str | None
    succeeded: bool
    over_tls: bool

    def __repr__(self) -> str:
        outcome = "succeeded" if self.succeeded else "failed"
        where = "over TLS" if self.over_tls else "in clear"
        return f"<AuthAttempt {self.mechanism} as {self.username!r} {where}, {outcome}>"

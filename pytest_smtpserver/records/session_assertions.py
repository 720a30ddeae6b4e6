"""What a test asserts of one session; what fails shows the end of its transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching import (
    Criteria,
    SMTPAssertionError,
    describe_mismatch,
    transcript_end,
)

from . import faults, violations

if TYPE_CHECKING:
    from collections.abc import Collection

    from .session import Session

#: The versions of TLS, oldest first, as the standard library writes them.
TLS_VERSIONS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

# How much of the transcript is shown; arbitrary: an ordinary session fits.
_TRANSCRIPT_LINES: Final = 30

_INSTEAD_OF_QUIT: Final = {
    None: "it is still open",
    "client": "the client closed the connection",
    "reset": "the client reset the connection",
    "timeout": "the client was silent for too long",
    "server": "the server ended it",
}


def has_quit(session: Session) -> None:
    """Raise `SMTPAssertionError` unless the session ended with QUIT."""
    __tracebackhide__ = True
    if session.ended_by != "quit":
        _fail(session, "end with QUIT", _INSTEAD_OF_QUIT[session.ended_by])


def has_no_violations(session: Session, ignore: Collection[str]) -> None:
    """Raise `SMTPAssertionError` if the client violated the protocol otherwise than ignored."""
    __tracebackhide__ = True
    faults.assert_none(
        "violation", session.violations, ignore=ignore, known=violations.KINDS, of=session
    )


def is_encrypted(session: Session, minimum: str) -> None:
    """Raise `SMTPAssertionError` unless the session used this version of TLS or a later one."""
    __tracebackhide__ = True
    if minimum not in TLS_VERSIONS:
        raise ValueError(f"minimum={minimum!r}: allowed is one of {', '.join(TLS_VERSIONS)}")
    wanted = f"use {minimum} or later"
    if session.tls is None:
        _fail(session, wanted, _why_in_clear(session))
    elif _rank(session.tls.version) < _rank(minimum):
        _fail(session, wanted, f"it used {session.tls.version}")


def is_authenticated(session: Session, username: str | None, mechanism: str | None) -> None:
    """Raise `SMTPAssertionError` unless the client is authenticated, so and as this user."""
    __tracebackhide__ = True
    succeeded = [attempt for attempt in session.auth if attempt.succeeded]
    if not succeeded:
        wanted = "be authenticated" + (f" as {username!r}" if username is not None else "")
        _fail(session, wanted, _why_not_authenticated(session))
    if username is not None:
        criteria = Criteria.for_sessions({"username": username})
        if differences := criteria.differences(session):
            raise SMTPAssertionError(describe_mismatch(criteria, session, differences))
    used = succeeded[-1].mechanism
    if mechanism is not None and used.upper() != mechanism.upper():
        _fail(session, f"be authenticated with {mechanism}", f"it was with {used}")


def _why_in_clear(session: Session) -> str:
    if session.tls_failure:
        return f"the TLS handshake failed: {session.tls_failure}"
    asked = any(exchange.verb == "STARTTLS" for exchange in session.exchanges)
    return "it is in clear: " + ("STARTTLS was refused" if asked else "there was no STARTTLS")


def _why_not_authenticated(session: Session) -> str:
    if not session.auth:
        return "there was no AUTH that was answered"
    last = session.auth[-1]
    replies = [str(one.reply) for one in session.exchanges if one.verb == "AUTH" and one.reply]
    return f"AUTH {last.mechanism} as {last.username!r} was refused: {''.join(replies[-1:])}"


def _rank(version: str) -> int:
    return TLS_VERSIONS.index(version) if version in TLS_VERSIONS else -1


def _fail(session: Session, wanted: str, instead: str) -> None:
    __tracebackhide__ = True
    end = transcript_end(session.transcript_end(_TRANSCRIPT_LINES), _TRANSCRIPT_LINES)
    first = f"expected the session to {wanted}, but {instead}"
    raise SMTPAssertionError("\n".join([first, "", f"the session: {session!r}", "", *end]))

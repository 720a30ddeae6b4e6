"""The client could not log in, or AUTH was not offered to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.matching import Cause, shown

from .facts import on_one_line

if TYPE_CHECKING:
    from pytest_smtpserver.records.exchange import Exchange
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Session

    from .facts import Facts

# RFC 4954 sections 4 and 6: "Authentication credentials invalid"; unknown mechanism; encryption
# required.
_INVALID = 535
_UNKNOWN_MECHANISM = 504
_NEEDS_TLS = 538


def refused(facts: Facts) -> Cause | None:
    """The last session that tried to log in failed to."""
    tried = next((one for one in reversed(facts.sessions) if _tried(one)), None)
    return why_not(tried, facts) if tried else None


def _tried(session: Session) -> bool:
    return bool(session.auth) or any(one.verb == "AUTH" for one in session.exchanges)


def why_not(session: Session, facts: Facts | None = None) -> Cause | None:
    """Return why a login failed; `None` if it succeeded or the client did not try."""
    asked = [one for one in session.exchanges if one.verb == "AUTH"]
    if any(attempt.succeeded for attempt in session.auth) or not (session.auth or asked):
        return None
    last = asked[-1] if asked else None
    if mechanism := session._unfinished_auth:
        before = f"before it, {_reply(asked[-2])}" if asked[:-1] else ""
        return Cause(f"AUTH {mechanism}: the client did not finish the exchange", aside=before)
    what = f"AUTH {_mechanism(session, last)}{_as_whom(session)}"
    if last and last.rule:
        return Cause(f"{what}: refused, {_reply(last)}", aside=f"rule {last.rule}")
    # Some mechanisms refuse with a challenge; what the session got after that is another matter.
    is_challenge = bool(session.auth) and session.auth[-1].reply is None
    reply = last.reply if last and not is_challenge else None
    return Cause(f"{what}: {_reason(session, reply, facts)}", _advice(reply, facts))


def _mechanism(session: Session, last: Exchange | None) -> str:
    named = last.argument.lstrip().partition(" ")[0].upper() if last else ""
    return named or (session.auth[-1].mechanism if session.auth else "")


def _as_whom(session: Session) -> str:
    name = session.auth[-1].username if session.auth else None
    return "" if name is None else f" as {shown(name)}"


def _reason(session: Session, reply: Reply | None, facts: Facts | None) -> str:
    code = reply.code if reply else _INVALID
    if code == _UNKNOWN_MECHANISM:
        return "mechanism not offered"
    if code == _NEEDS_TLS:
        return "offered only under TLS"
    if code != _INVALID or (session.auth and session.auth[-1]._is_for_another):
        return on_one_line(reply)
    users = facts.settings.users if facts else None
    # If a callable decides, no users are known, and only the callable knows the reason.
    if users and session.auth:
        return "wrong password" if session.auth[-1].username in users else "no such user"
    return on_one_line(reply) if reply else "the credentials were refused"


def _advice(reply: Reply | None, facts: Facts | None) -> str:
    code = reply.code if reply else 0
    if facts is None or code not in _ADVICE:
        return ""
    users = facts.settings.users
    names = ", ".join(map(shown, users))
    mechanisms = ", ".join(facts.settings.mechanisms)
    return (
        _ADVICE[code].format(users=names, mechanisms=mechanisms)
        if names or code != _INVALID
        else ""
    )


_ADVICE = {
    _INVALID: "the users are {users}",
    _UNKNOWN_MECHANISM: "the server offers {mechanisms}",
    _NEEDS_TLS: "the client must use STARTTLS first; or set auth_needs_tls=False",
}


def _reply(exchange: Exchange | None) -> str:
    return on_one_line(exchange.reply if exchange else None)


def offered_only_after_tls(facts: Facts) -> Cause | None:
    """The client left after EHLO, and AUTH would have been offered only after STARTTLS."""
    settings = facts.settings
    if settings.auth == "off" or settings.tls != "starttls" or not settings.auth_needs_tls:
        return None
    if any(attempt.succeeded for session in facts.sessions for attempt in session.auth):
        return None
    for session in facts.sessions:
        if session.helo and not (session.tls or session.auth) and left_after_greeting(session):
            return Cause(
                "the client left after EHLO: AUTH is offered only after STARTTLS",
                _ADVICE[_NEEDS_TLS],
            )
    return None


def left_after_greeting(session: Session) -> bool:
    """Return whether the client said EHLO or the like and left without trying anything else."""
    verbs = {one.verb for one in session.exchanges}
    return session.ended_at is not None and verbs <= {"", "EHLO", "HELO", "LHLO", "NOOP", "QUIT"}

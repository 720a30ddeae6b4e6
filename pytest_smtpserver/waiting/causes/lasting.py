"""Something still lasts, or ended too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.matching import Cause, counted
from pytest_smtpserver.records.exchange import Event

from .login import left_after_greeting

if TYPE_CHECKING:
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction

    from .facts import Facts


def kept_waiting(facts: Facts) -> Cause | None:
    """A rule keeps a client waiting."""
    for session in facts.sessions:
        rule = None if session.ended_at else facts.about.waiting_at(session.id)
        last = session._wire[-1] if session._wire else None
        if rule and isinstance(last, Event) and isinstance(last.what, str) and last.origin == "*":
            return _kept_waiting(session, last.what, rule)
    return None


def _kept_waiting(session: Session, how: str, rule: str) -> Cause | None:
    asked = [one for one in session._wire if isinstance(one, Event) and one.origin == "C"]
    line = asked[-1].what if asked and isinstance(asked[-1].what, str) else ""
    verb = line.partition(" ")[0].upper() or "the client"
    verb = "the content" if verb == "." else verb
    if how == "held":
        return Cause(f"{verb} is still held by {rule}", "call rule.release()")
    if how.startswith("waiting for "):
        return Cause(f"{verb} is delayed by {how[len('waiting for ') :]} by {rule}")
    return Cause(f"{verb} was never answered, by {rule}") if how == "never answered" else None


def still_open(facts: Facts) -> Cause | None:
    """A transaction is open."""
    open_ones = [one for one in facts.transactions if one.outcome is None]
    if not open_ones:
        return None
    return Cause(f"a message is still being sent: {_how_far(open_ones[-1])}")


def _how_far(transaction: Transaction) -> str:
    if transaction.reply and transaction.reply.code == 354:
        return "its content has not ended"
    recipients = transaction.envelope.rcpt_to
    return f"{counted(len(recipients), 'recipient')} so far, and no DATA"


def aborted(facts: Facts) -> Cause | None:
    """The last transaction was given up."""
    last = facts.transactions[-1] if facts.transactions else None
    if last is None or last.outcome != "aborted":
        return None
    who = _who_left(last.session)
    if last.reply and last.reply.code == 354:
        return Cause(f"{who} before the end of the content")
    if not last.envelope.rcpt_to:
        return Cause(f"{who} after MAIL, without any recipient")
    return Cause(f"{who} before DATA: no content was sent")


def _who_left(session: Session) -> str:
    if any(one.verb == "RSET" for one in session.exchanges):
        return "the client gave up (RSET)"
    return {
        "quit": "the client quit",
        "client": "the client left",
        "reset": "the client reset the connection",
        "timeout": "the client fell silent",
        "server": "the server closed the connection",
    }.get(session.ended_by or "", "the client gave up")


def session_open(facts: Facts) -> Cause | None:
    """The session that is waited for has not ended."""
    lasting = [session for session in facts.sessions if session.ended_at is None]
    if facts.noun != "session" or not lasting:
        return None
    return Cause(
        f"{counted(len(lasting), 'session')} still open: the client has not left",
        "a session is waited for until it has ended",
    )


def sent_nothing(facts: Facts) -> Cause | None:
    """Clients came, and none began a transaction."""
    if not facts.sessions or facts.transactions:
        return None
    if all(map(left_after_greeting, facts.sessions)):
        return Cause(
            "the client left after EHLO, without sending a message",
            _not_offered(facts),
            weight="nothing",
        )
    who = counted(len(facts.sessions), "client")
    return Cause(f"{who} connected, but none began to send a message", weight="nothing")


def _not_offered(facts: Facts) -> str:
    settings = facts.settings
    missing = [f"{name}='off'" for name in ("tls", "auth") if getattr(settings, name) == "off"]
    return f"it may have wanted what is not offered: {', '.join(missing)}" if missing else ""

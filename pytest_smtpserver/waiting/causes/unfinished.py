"""A session or a transaction still lasts, or ended too early."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_smtpserver.matching import Cause, counted, shown
from pytest_smtpserver.records.exchange import (
    BY_RULE,
    HELD,
    NEVER_ANSWERED,
    WAITING,
    Event,
    Exchange,
)

from .facts import CLEARING, clears, exchanges_of
from .login import left_after_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction

    from .facts import Facts

# RFC 5321 section 4.1.1.4: a dot ends the content only with CRLF before and after it. The last
# alternative is a dot between CRLF and a bare LF; undoing transparency has removed that dot.
_BARE_END = re.compile(rb"(?:(?<!\r)\n\.\r?\n|\r\n\.?\n)\Z")
_CRLF = "the content ends with CRLF, a dot and CRLF (RFC 5321 section 4.1.1.4)"


def in_a_callable(facts: Facts) -> Cause | None:
    """A callable of the test has not returned."""
    at = facts.server.callable_at
    if not at:
        return None
    return Cause(
        "a callable of the test blocks the server's thread",
        f"it is at {at}; the server answers nobody until it returns, so it must not wait, or talk "
        "to a server of this process",
    )


def kept_waiting(facts: Facts) -> Cause | None:
    """A rule keeps a client waiting."""
    for session in facts.sessions:
        if session.ended_at is None and (cause := _kept_waiting(session._wire)):
            return cause
    return None


def _kept_waiting(wire: Sequence[Exchange | Event]) -> Cause | None:
    how, by, rule = _last_event(wire).partition(BY_RULE)
    verb = _last_verb(wire)
    if not by:
        return None
    if how == HELD:
        return Cause(f"{verb} is still held by the rule {rule}", "call rule.release()")
    if how.startswith(WAITING):
        seconds = how.removeprefix(WAITING)
        return Cause(f"{verb} is still delayed for {seconds} by the rule {rule}")
    if how == NEVER_ANSWERED:
        return Cause(f"{verb} is never answered by the rule {rule}")
    return None  # pragma: no cover  # throttled: the reply is recorded in the next moment


def _last_event(wire: Sequence[Exchange | Event]) -> str:
    # A command that still waits for its reply keeps the events since then in `meanwhile`.
    last = wire[-1] if wire else None
    if isinstance(last, Exchange):
        last = last.meanwhile[-1] if last.reply is None and last.meanwhile else None
    return last.what if last and last.speaker == "*" and isinstance(last.what, str) else ""


def _last_verb(wire: Sequence[Exchange | Event]) -> str:
    for entry in reversed(wire):
        said = entry.command if isinstance(entry, Exchange) else entry.what
        is_clients = isinstance(entry, Exchange) or entry.speaker == "C"
        if is_clients and isinstance(said, str) and said:
            verb = said.partition(" ")[0].upper()
            return "the content" if verb == "." else verb
    return "the client"


def still_open(facts: Facts) -> Cause | None:
    """A transaction is open."""
    open_ones = [one for one in facts.transactions if one.outcome is None]
    if not open_ones:
        return None
    how_far = _how_far(open_ones[-1])
    return Cause(f"a message is still being sent: {how_far}", _CRLF if "LF" in how_far else "")


def _how_far(transaction: Transaction) -> str:
    if transaction._arriving is not None:
        octets = transaction._arriving()
        return _dot_after_lf(octets) or f"{counted(len(octets), 'octet')} of content, and no end"
    recipients = transaction.envelope.rcpt_to
    return f"{counted(len(recipients), 'recipient')} so far, and no DATA"


def _dot_after_lf(octets: bytes) -> str:
    """Return a sentence if the content ends with a dot that ends nothing because of a bare LF."""
    return "its dot follows a bare LF, not CRLF" if _BARE_END.search(octets) else ""


def aborted(facts: Facts) -> Cause | None:
    """The last transaction was aborted."""
    last = facts.transactions[-1] if facts.transactions else None
    return _given_up(last) if last is not None and last.outcome == "aborted" else None


def given_up_before(transactions: Sequence[Transaction]) -> Iterator[str]:
    """Yield a sentence for each aborted transaction except the last one, the newest first."""
    for one in reversed(transactions[:-1]):
        if one.outcome == "aborted":
            envelope = one.envelope
            whose = f"mail_from={shown(envelope.mail_from)}, rcpt_to={shown(envelope.rcpt_to)}"
            yield f"earlier, {_given_up(one).text} ({whose})"


def _given_up(last: Transaction) -> Cause:
    who = _who_left(last)
    if last._arriving is not None:
        octets = last._arriving()
        if dot := _dot_after_lf(octets):
            return Cause(f"{who}: {dot}", _CRLF)
        return Cause(f"{who} after {counted(len(octets), 'octet')} of content, before its end")
    exchanges = exchanges_of(last)
    rule = exchanges[-1].rule if exchanges else None
    aside = f"rule {rule}" if rule else ""
    if last.message is not None or any(one.verb == "." for one in exchanges):
        return Cause(f"{who} after the content, which was not accepted", aside=aside)
    if begun := [one.verb for one in exchanges if one.verb in ("DATA", "BDAT")]:
        return Cause(f"{who} after {begun[-1]}, before the content was accepted", aside=aside)
    if not last.envelope.rcpt_to:
        return Cause(f"{who} after MAIL, without any recipient")
    return Cause(f"{who} before DATA: no content was sent")


def _who_left(transaction: Transaction) -> str:
    last = exchanges_of(transaction)[-1:]
    if last and clears(last[0]):
        return f"the client gave up ({last[0].verb})"
    return _WHO_ENDED.get(transaction.session.ended_by or "", "the client gave up")


_WHO_ENDED = {
    "quit": "the client quit",
    "client": "the client left",
    "reset": "the client reset the connection",
    "timeout": "the client fell silent",
    "server": "the server closed the connection",
}


def session_open(facts: Facts) -> Cause | None:
    """The session that is waited for has not ended."""
    lasting = [session for session in facts.sessions if session.ended_at is None]
    if facts.noun != "session" or not lasting:
        return None
    return Cause(
        f"{counted(len(lasting), 'session')} still open: the client has not left",
        "wait_for_session waits until a session has ended",
    )


def ended_early(facts: Facts) -> Cause | None:
    """The last session ended before any transaction, and its client did not mean it to."""
    if facts.transactions or not facts.sessions or facts.came_before_clear(facts.sessions[-1]):
        return None
    session = facts.sessions[-1]
    last = session.exchanges[-1] if session.exchanges else None
    unanswered = last is not None and last.reply is None
    if session.ended_by not in ("server", "timeout") and not (session.ended_by and unanswered):
        return None
    rule = last.rule if last else None
    return Cause(
        f"{_WHO_ENDED[session.ended_by]} {_when_ended(last)}",
        weight="nothing",
        aside=f"rule {rule}" if rule else "",
    )


def _when_ended(last: Exchange | None) -> str:
    if last is None or (not last.verb and last.reply is None):
        return "before the greeting"
    if not last.verb:
        return "after the greeting"
    return f"after {last.verb}{'' if last.reply else ', which got no reply'}"


def sent_nothing(facts: Facts) -> Cause | None:
    """Clients connected, but none began a transaction."""
    if not facts.sessions or facts.transactions:
        return None
    if any(map(facts.came_before_clear, facts.sessions)):
        return Cause(
            "no message was begun since clear() or the test's start",
            "what came before is forgotten",
            weight="nothing",
        )
    if all(map(left_after_greeting, facts.sessions)):
        return Cause(
            f"the client left after {_hello(facts.sessions[-1])}, without sending a message",
            _not_offered(facts),
            weight="nothing",
        )
    who = counted(len(facts.sessions), "client")
    return Cause(f"{who} connected, but none began to send a message", weight="nothing")


def _hello(session: Session) -> str:
    said = [one.verb for one in session.exchanges if one.verb in CLEARING]
    return said[-1] if said else "the greeting"


def _not_offered(facts: Facts) -> str:
    settings = facts.settings
    missing = [f"{name}='off'" for name in ("tls", "auth") if getattr(settings, name) == "off"]
    return f"perhaps it wants what is not offered: {', '.join(missing)}" if missing else ""

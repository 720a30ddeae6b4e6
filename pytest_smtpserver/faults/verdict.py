"""The verdict: a table of the mistakes of a client that can be seen from outside.

Each row has a function that returns what is wrong, as the start of a sentence, or `None`. The first
row that finds something makes the first line of the failure; what the others find follows below.

The client gets the benefit of the doubt. Example: the server accepted the mail and closed the
connection, and the mailer says "to be tried again". If the client sent another command after the
250, it has read the 250, and is wrong. If not, the 250 may have got lost, and nothing is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching import comparable
from pytest_smtpserver.matching.wording import LINE, shortened

from .belief import Belief
from .evidence import Undelivered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver.records.exchange import Exchange
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Session

    from .evidence import Evidence


@dataclass(frozen=True, slots=True)
class Mistake:
    """One row: something that a client must not do."""

    code: str
    #: The mistake in words, for the reference.
    sentence: str
    #: The RFC section; `""`: use the source of the fault.
    source: str
    find: Callable[[Evidence], str | None]


# Attempts in spite of a permanent refusal: the first one, and one more.
_TOLERATED: Final = 2
_TEMPORARY, _PERMANENT = 4, 5
#: If MAIL was refused, the recipient is not known.
_WHOEVER: Final = "somebody"
#: The fault after which a mail may arrive twice.
_MAY_REPEAT: Final = "lost-reply"


def _believes_in_delivery(evidence: Evidence) -> str | None:
    beliefs = evidence.beliefs
    if beliefs.of_all is Belief.DELIVERED:
        for address, missed in evidence.undelivered.items():
            return _not_there(address or _WHOEVER, missed)
        if not evidence.delivered:
            return f"nothing was delivered, but the mailer says 'delivered'{_last(evidence)}"
    if beliefs.all_delivered and "" in evidence.undelivered:
        return _not_there(_WHOEVER, evidence.undelivered[""])
    for address, belief in beliefs.of_each.items():
        is_there = address in evidence.delivered and address not in evidence.undelivered
        if belief is Belief.DELIVERED and not is_there:
            return _not_there(address, evidence.undelivered.get(address, Undelivered(None)))
    return None


def _not_there(who: str, missed: Undelivered) -> str:
    return f"{who} did not get the mail, but the mailer says 'delivered'{_why(missed.reply)}"


def _believes_in_failure(evidence: Evidence) -> str | None:
    belief = evidence.beliefs.of_all
    all_delivered = bool(evidence.delivered) and not evidence.undelivered
    if all_delivered and belief is not None and _is_mistaken(evidence, belief):
        return f"the mail was accepted, but the mailer says '{belief.value}'"
    for address, each in evidence.beliefs.of_each.items():
        # If the last MAIL was refused, we do not know whom that message was for.
        was_delivered = address in evidence.delivered and not {"", address} & {
            *evidence.undelivered
        }
        if was_delivered and _is_mistaken(evidence, each, address):
            return f"the mail to {address} was accepted, but the mailer says '{each.value}'"
    return None


def _is_mistaken(evidence: Evidence, belief: Belief, recipient: str = "") -> bool:
    if belief is Belief.DELIVERED:
        return False
    # A client that does not say "failed for good" may not have received the positive reply.
    return belief is Belief.FAILED or evidence.has_heard(recipient)


def _gave_up(evidence: Evidence) -> str | None:
    for address, belief in evidence.beliefs.of_each.items():
        left = evidence.undelivered.get(address)
        if belief is Belief.FAILED and left and _is(left.reply, _TEMPORARY):
            return f"gave up for good after '{left.reply}' for {address}"
    last = _last_refusal(evidence)
    everything_failed = Belief.FAILED in (evidence.beliefs.of_all, *_uniform(evidence))
    if everything_failed and _is(last, _TEMPORARY) and not _has_permanent(evidence):
        return f"gave up for good after '{last}'"
    return None


def _uniform(evidence: Evidence) -> set[Belief]:
    """Return what the mailer says about each recipient, if all the same and none got the mail."""
    said = set(evidence.beliefs.of_each.values())
    return said if len(said) == 1 and not evidence.delivered else set()


def _retried(evidence: Evidence) -> str | None:
    tries: Counter[tuple[object, ...]] = Counter()
    tolerated = _TOLERATED * max(1, len(evidence.beliefs.of_each))
    for session, exchange, reply in evidence.refusals:
        if reply.code // 100 != _PERMANENT or _is_fallback(session, exchange):
            continue
        about = _about(exchange)
        tries[about] += 1
        if tries[about] > (_TOLERATED if exchange.verb == "RCPT" else tolerated):
            return f"tried again {tries[about] - 1} times after '{reply}' to {_named(exchange)}"
    return None


def _about(exchange: Exchange) -> tuple[object, ...]:
    """Return what was refused, as a key: with another recipient or mechanism it is not a retry."""
    if exchange.verb == "AUTH":
        return ("AUTH", exchange.argument.partition(" ")[0].upper())
    path = exchange.argument.partition(">")[0]
    return (exchange.verb, comparable(path) if exchange.verb in ("MAIL", "RCPT") else "")


def _is_fallback(session: Session, exchange: Exchange) -> bool:
    # RFC 5321 section 3.2: a client whose EHLO is refused "SHOULD be able to fall back and send
    # HELO".
    return exchange.verb == "EHLO" and any(one.verb == "HELO" for one in session.exchanges)


def _sent_twice(evidence: Evidence) -> str | None:
    if evidence.fault.name == _MAY_REPEAT:
        return None
    for address, count in evidence.delivered.items():
        if count > 1:
            return f"sent the same mail {count} times to {address}"
    return None


def _showed_password(evidence: Evidence) -> str | None:
    mechanism = next(evidence.shown_passwords(), None) if evidence.tls_failed else None
    if mechanism is None:
        return None
    return f"sent its password with AUTH {mechanism}{_unprotected(evidence)}"


def _showed_content(evidence: Evidence) -> str | None:
    is_secret = evidence.tls_failed and evidence.tls_is_required
    session = next(evidence.shown_contents(), None) if is_secret else None
    if session is None:
        return None
    return f"sent the content in session {session.id}{_unprotected(evidence)}"


def _unprotected(evidence: Evidence) -> str:
    if evidence.fault.tls == "untrusted":
        return f" though {evidence.fault.text}"
    return f" in clear, after TLS failed: {evidence.fault.text}"


def _took_too_long(evidence: Evidence) -> str | None:
    if evidence.timeout is not None and evidence.took > evidence.timeout:
        return f"took {evidence.took:.1f} s, but may take only {evidence.timeout:g} s"
    return None


def _violated(evidence: Evidence) -> str | None:
    for session in evidence.sessions:
        for one in session.violations:
            excused = _EXCUSES.get(one.code)
            if excused is None or not excused(session):
                return f"violated the protocol: {one.text} ({one.code}, {one.rfc})"
    return None


def _may_leave(session: Session) -> bool:
    """Return whether a client left without QUIT because of what the server did."""
    # A negative reply, no reply, or a certificate that the client does not trust. Of a client that
    # an earlier test has left, the last reply may be forgotten.
    last = session.exchanges[-1] if session.exchanges else None
    reply = last.reply if last else None
    return last is None or reply is None or not reply.is_positive or last.verb == "STARTTLS"


def _may_pipeline(session: Session) -> bool:
    """Return whether a client may have sent a whole group before it knew what was refused.

    From outside one cannot see whether it wrote the next command before it read the reply.
    """
    replies = [(one.verb, one.reply) for one in session.exchanges if one.reply is not None]
    is_offered = any(
        verb in ("EHLO", "LHLO") and "\nPIPELINING" in reply.text for verb, reply in replies
    )
    return is_offered and any(not reply.is_positive for _, reply in replies)


#: For a violation: whether something other than a mistake of the client explains it.
_EXCUSES: Final = {"no-quit": _may_leave, "out-of-order": _may_pipeline}


#: What a client can do wrong, the worst first.
MISTAKES: Final[tuple[Mistake, ...]] = (
    Mistake(
        "believed-delivered", "it believes that mail was delivered, and it was not",
        "RFC 5321 section 4.2.5", _believes_in_delivery,
    ),
    Mistake(
        "believed-failed", "it believes that mail failed, though the server had accepted it",
        "RFC 5321 section 4.2.5", _believes_in_failure,
    ),
    Mistake(
        "gave-up", "it gave up for good after a temporary reply",
        "RFC 5321 section 4.2.1", _gave_up,
    ),
    Mistake(
        "tried-again", "it tried again more than once after a permanent reply. Another mechanism "
        "after a 535, and HELO after a refused EHLO, are not retries",
        "RFC 5321 section 4.2.1", _retried,
    ),
    Mistake(
        "sent-twice", "it sent the same mail twice to one recipient, except after `lost-reply`",
        "RFC 5321 section 6.1", _sent_twice,
    ),
    Mistake(
        "password-in-clear", "it sent a password where others can read it, after TLS had failed or "
        "was not offered", "RFC 4954 section 4", _showed_password,
    ),
    Mistake(
        "content-in-clear", "it sent the content where others can read it, after TLS had failed or "
        "was not offered; not judged with `tls=\"opportunistic\"`",
        "RFC 3207 section 6", _showed_content,
    ),
    Mistake("too-slow", "it took longer than `timeout`; not judged without it", "", _took_too_long),
    Mistake(
        "violation", "it violated the protocol. Leaving without QUIT counts only if the last reply "
        "was positive, and a command out of order only if nothing was refused before it or "
        "PIPELINING was not offered", "its section", _violated,
    ),
)  # fmt: skip


def on(evidence: Evidence) -> str | None:
    """Return the text of a failure, or `None` if nothing is wrong with the client."""
    found = list(_found(evidence))
    if not found:
        return None
    fault = evidence.fault
    lines = [
        found[0],
        "",
        f"the fault: {fault.name}: {fault.text} ({fault.source})",
        f"a good client {fault.wanted}",
        f"the mailer said: {evidence.beliefs}",
        *(f"also: {one}" for one in found[1:]),
        *_seen(evidence),
    ]
    return "\n".join(shortened(line, LINE) for line in lines)


def _found(evidence: Evidence) -> Iterator[str]:
    if not evidence.at_work.was_met and not evidence.beliefs.claims_delivery:
        return
    for mistake in MISTAKES if evidence.at_work.was_met else MISTAKES[:1]:
        if (wrong := mistake.find(evidence)) is not None:
            yield f"{wrong}{_cited(mistake, evidence)}"


def _cited(mistake: Mistake, evidence: Evidence) -> str:
    if mistake.code == "violation":
        return f" [{evidence.fault.name}]"
    return f" [{evidence.fault.name}, {mistake.source or evidence.fault.source}]"


def _seen(evidence: Evidence) -> Iterator[str]:
    if not evidence.sessions:
        yield "no client connected"
    for transaction in evidence.transactions:
        yield f"the server saw: {transaction!r}{_why(transaction.reply)}"


def notes(evidence: Evidence) -> Iterator[str]:
    """Yield what is worth knowing about a client that has done nothing wrong."""
    for address, count in evidence.delivered.items():
        if count > 1:
            yield (
                f"{evidence.fault.name}: {address} got the mail {count} times, which is right "
                f"after a lost reply ({evidence.fault.source})"
            )


def _is(reply: Reply | None, kind: int) -> bool:
    return reply is not None and reply.code // 100 == kind


def _why(reply: Reply | None) -> str:
    return f": '{reply}'" if reply and not reply.is_positive else ""


def _last(evidence: Evidence) -> str:
    return _why(_last_refusal(evidence)) if evidence.sessions else ": no client connected"


def _last_refusal(evidence: Evidence) -> Reply | None:
    return evidence.refusals[-1][2] if evidence.refusals else None


def _has_permanent(evidence: Evidence) -> bool:
    return any(_is(reply, _PERMANENT) for _, _, reply in evidence.refusals)


def _named(exchange: Exchange) -> str:
    return {"": "the connection", ".": "the content"}.get(exchange.verb, exchange.verb)

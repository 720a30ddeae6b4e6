"""The server refused something, because of a rule or of a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching import Cause, Criteria, same_address, shown

from .facts import exchanges_of, on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smtpserver.matching.failure import Weight
    from pytest_smtpserver.records.exchange import Exchange
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.settings import Settings

    from .facts import Facts


def transaction_refused(facts: Facts) -> Cause | None:
    """Something was refused in a transaction, and was not sent again successfully."""
    for number, transaction in reversed(list(enumerate(facts.transactions))):
        if not _is_refused(transaction) or _came_later(transaction, facts.transactions[number:]):
            continue
        exchange, what = _refusing(transaction)
        weight = _weight(facts, transaction)
        if exchange and weight:
            by = f"rule {exchange.rule}" if exchange.rule else ""
            sentence = _sentence(exchange, what, transaction, facts.settings)
            return Cause(sentence, weight=weight, aside=by)
    return None


def _is_refused(transaction: Transaction) -> bool:
    return bool(transaction.refused) or transaction.outcome == "rejected"


def _came_later(refused: Transaction, later: Sequence[Transaction]) -> bool:
    """Return whether all its recipients got mail from the same sender later."""
    wanted = [*refused.envelope.rcpt_to, *(address for address, _ in refused.refused)]
    got = [
        address
        for one in later
        if one.outcome == "accepted" and one.envelope.mail_from == refused.envelope.mail_from
        for address in one.envelope.rcpt_to
    ]
    return bool(wanted) and all(any(same_address(one, two) for two in got) for one in wanted)


def _weight(facts: Facts, transaction: Transaction) -> Weight | None:
    """Return how much the refusal explains; `None` if the criteria rule it out."""
    given = facts.criteria.given if facts.criteria else {}
    if facts.noun == "transaction":
        return "something"
    if facts.noun != "message":
        return None if "ended_by" in given else "something"
    if transaction.message is not None and facts.criteria:
        return "this" if facts.criteria.matches(transaction.message) else None
    envelope = {key: given[key] for key in ("mail_from", "rcpt_to") if key in given}
    if not envelope:
        return "something"
    return "this" if Criteria.for_transactions(envelope).matches(transaction) else None


def _refusing(transaction: Transaction) -> tuple[Exchange | None, str]:
    """Return the exchange that refused last, and what it refused."""
    replies = [reply for _, reply in transaction.refused]
    if transaction.outcome == "rejected" and transaction.reply is not None:
        replies.append(transaction.reply)
    for exchange in reversed(exchanges_of(transaction)):
        if exchange.reply is not None and exchange.reply in replies:
            return exchange, _what(exchange, transaction)
    return None, ""  # pragma: no cover  # for the types only: the session has had that reply


def _what(exchange: Exchange, transaction: Transaction) -> str:
    if exchange.verb == "RCPT":
        for address, reply in transaction.refused:  # pragma: no branch  # it is one of them
            if reply == exchange.reply and address in exchange.argument:
                return f"RCPT {shown(address)}"
    if exchange.verb == "MAIL":
        return f"MAIL {shown(transaction.envelope.mail_from)}"
    return "the content" if exchange.verb == "." else exchange.verb


def _sentence(exchange: Exchange, what: str, transaction: Transaction, settings: Settings) -> str:
    assert exchange.reply is not None
    said = on_one_line(exchange.reply)
    limit = _LIMITS.get((exchange.reply.code, exchange.reply.enhanced or ""))
    limit = None if exchange.rule else limit
    return limit(exchange, transaction, settings) if limit else f"{what} was refused: {said}"


def _too_big(exchange: Exchange, transaction: Transaction, settings: Settings) -> str:
    declared = transaction.envelope.parameters.get("SIZE") if exchange.verb == "MAIL" else None
    octets = int(declared) if declared else transaction._size_dropped
    size = "the content is too big" if octets is None else f"{octets:,} octets"
    return f"too big: {size}, max_message_size is {settings.max_message_size:,}"


def _too_many(exchange: Exchange, _: Transaction, settings: Settings) -> str:
    said = on_one_line(exchange.reply)
    return f"too many recipients: max_recipients is {settings.max_recipients:,}; {said}"


def _no_tls(exchange: Exchange, _: Transaction, __: Settings) -> str:
    return f"{exchange.verb} came before STARTTLS, and tls_required is on: {exchange.reply}"


def _no_auth(exchange: Exchange, _: Transaction, __: Settings) -> str:
    return f"{exchange.verb} came without AUTH, and auth='required': {exchange.reply}"


#: Refusals by the server's own limits, whose reply does not name the setting. Two of them have the
#: code 530 5.7.0.
_LIMITS: Final[dict[tuple[int, str], Callable[[Exchange, Transaction, Settings], str]]] = {
    (552, "5.3.4"): _too_big,
    (452, "4.5.3"): _too_many,
    (530, "5.7.0"): lambda exchange, transaction, settings: (
        _no_tls if "STARTTLS" in str(exchange.reply) else _no_auth
    )(exchange, transaction, settings),
}


def accepted_by_a_rule(facts: Facts) -> Cause | None:
    """Content was too big to be kept, and a rule accepted it, so there is no message."""
    for transaction in reversed(facts.transactions if facts.noun == "message" else ()):
        size, limit = transaction._size_dropped, facts.settings.max_message_size
        is_gone = transaction.outcome == "accepted" and size is not None
        if is_gone and (weight := _weight(facts, transaction)):
            sentence = f"too big to be kept: {size:,} octets, max_message_size is {limit:,}"
            return Cause(sentence, weight=weight, aside="a rule accepted it")
    return None


def session_refused(facts: Facts) -> Cause | None:
    """No transaction began, and the server refused something before it."""
    if any(session.transactions for session in facts.sessions):
        return None
    for session in reversed(facts.sessions):
        if cause := _refused_before_mail(session, facts.settings):
            return cause
    return None


def _refused_before_mail(session: Session, settings: Settings) -> Cause | None:
    for exchange in reversed(session.exchanges):
        reply = exchange.reply
        if reply is None or reply.is_positive or exchange.verb == "AUTH":
            continue
        said = on_one_line(reply)
        by = f"rule {exchange.rule}" if exchange.rule else ""
        if not exchange.verb and not by and settings.max_connections:
            return Cause(
                f"too many connections: max_connections is {settings.max_connections}", aside=said
            )
        what = exchange.verb or "the connection"
        return Cause(f"{what} was refused: {said}", weight="nothing", aside=by)
    return None

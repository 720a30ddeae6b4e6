"""What a bare `assert left == right` says about our records, where pytest alone would say little.

A record equals only itself, so comparing it with anything else is a mistake in the test. The
explanation says what to compare instead, and which fields differ.

pytest asks for every comparison of the run that failed, also of values that have nothing to do with
mail. Their methods may raise or have effects, so nothing of theirs is called: no `__eq__`, no
`__iter__`, no `__bool__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_smtpserver.matching.wording import counted, shown
from pytest_smtpserver.records.envelope import Envelope
from pytest_smtpserver.records.message import Message
from pytest_smtpserver.records.reply import Reply
from pytest_smtpserver.records.session import Session
from pytest_smtpserver.records.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# How many records of a sequence are listed; arbitrary, the same as in a failed wait.
_LISTED = 6


def explain(left: object, right: object) -> list[str] | None:
    """Return the lines that pytest shows for `left == right`, or `None` if its own are as good."""
    if left is right:  # something else in the assertion has failed
        return None
    for one, other in ((left, right), (right, left)):
        for kind, lines in _EXPLANATIONS:
            if issubclass(type(one), kind):
                return [f"{_short(left)} == {_short(right)}", *lines(one, other)]
        if type(one) is tuple and type(other) is list and _are_same_texts(one, other):
            return [
                f"{shown(left)} == {shown(right)}",
                f"a tuple is never equal to a list: compare with {one!r}",
            ]
        if _records_in(one):
            return [f"{_short(left)} == {_short(right)}", *_listed(left), *_listed(right)]
    return None


def _are_same_texts(one: tuple[object, ...], other: list[object]) -> bool:
    return bool(one) and all(type(item) is str for item in (*one, *other)) and [*one] == other


def _reply(reply: Reply, other: object) -> Iterator[str]:
    if not isinstance(other, Reply):
        yield "a Reply only equals a Reply: compare str(reply), reply.code or Reply.parse(...)"
        return
    for name in ("code", "enhanced", "text"):
        if getattr(reply, name) != getattr(other, name):
            yield f"{name}: {getattr(reply, name)!r} != {getattr(other, name)!r}"


def _envelope(envelope: Envelope, other: object) -> Iterator[str]:
    yield "an Envelope only equals itself: use message.assert_envelope(...), or compare fields"
    yield from _fields(envelope, other, ("mail_from", "rcpt_to", "parameters"))


def _message(message: Message, other: object) -> Iterator[str]:
    yield "a Message only equals itself: use message.assert_matches(...), or compare fields"
    yield from _fields(message, other, ("subject", "from_", "to", "text", "html", "content"))
    if isinstance(other, Message):
        yield from _fields(message.envelope, other.envelope, ("mail_from", "rcpt_to"))


def _transaction(transaction: Transaction, other: object) -> Iterator[str]:
    yield "a Transaction is a snapshot and only equals itself: compare its fields"
    yield from _fields(transaction, other, ("outcome", "refused", "reply", "message"))


def _session(session: Session, other: object) -> Iterator[str]:
    yield "a Session is a snapshot and only equals itself: compare its fields, such as the id"
    yield from _fields(session, other, ("id", "ended_by", "helo", "username", "transactions"))


def _fields(one: Any, other: object, names: Sequence[str]) -> Iterator[str]:
    if type(one) is not type(other):
        return
    for name in names:
        if (mine := getattr(one, name)) != (theirs := getattr(other, name)):
            yield f"{name}: {_short(mine)} != {_short(theirs)}"


_EXPLANATIONS: tuple[tuple[type, Callable[[Any, object], Iterator[str]]], ...] = (
    (Reply, _reply),
    (Envelope, _envelope),
    (Message, _message),
    (Transaction, _transaction),
    (Session, _session),
)

_RECORDS = (Message, Session, Transaction)


def _records_in(value: Any) -> list[Any]:
    """Return the items of a tuple or list if all are records, otherwise none."""
    items: list[Any] = []
    if issubclass(type(value), tuple):
        items = [*tuple.__iter__(value)]
    elif issubclass(type(value), list):
        items = [*list.__iter__(value)]
    return items if all(issubclass(type(one), _RECORDS) for one in items) else []


def _short(value: object) -> str:
    records = _records_in(value)
    return counted(len(records), type(records[0]).__name__.lower()) if records else shown(value)


def _listed(value: object) -> Iterator[str]:
    records = _records_in(value)
    if not records:
        return
    yield f"{_short(value)}:"
    if len(records) > _LISTED:
        yield f"  ... {len(records) - _LISTED} more before"
    for number, record in list(enumerate(records, 1))[-_LISTED:]:
        yield f"  {number}. {record!r}"

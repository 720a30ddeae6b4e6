"""What a bare `assert left == right` says about our records, where pytest alone would say little.

A record equals only itself, so comparing it with anything else is a mistake in the test. The
explanation says what to compare instead, and which fields differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.matching.wording import counted, shown
from pytest_smtpserver.records.envelope import Envelope
from pytest_smtpserver.records.message import Message
from pytest_smtpserver.records.reply import Reply
from pytest_smtpserver.records.session import Session
from pytest_smtpserver.records.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How many records of a sequence are listed; arbitrary, the same as in a failed wait.
_LISTED = 6


def explain(left: object, right: object) -> list[str] | None:
    """Return the lines that pytest shows for `left == right`, or `None` if its own are as good."""
    for one, other in ((left, right), (right, left)):
        for kind, lines in _EXPLANATIONS:
            if isinstance(one, kind):
                return [f"{_short(left)} == {_short(right)}", *lines(one, other)]
        if isinstance(one, tuple) and isinstance(other, list) and list(one) == other:
            return _a_list(left, right, one)
        if _are_records(one):
            return [f"{_short(left)} == {_short(right)}", *_listed(left), *_listed(right)]
    return None


def _a_list(left: object, right: object, one: tuple[object, ...]) -> list[str] | None:
    if not one or not all(isinstance(item, str) for item in one):
        return None
    return [
        f"{shown(left)} == {shown(right)}",
        f"a tuple is never equal to a list: compare with {one!r}",
    ]


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


def _are_records(value: object) -> bool:
    return (
        isinstance(value, tuple | list)
        and bool(value)
        and all(isinstance(one, _RECORDS) for one in value)
    )


def _short(value: object) -> str:
    if _are_records(value) and isinstance(value, Sequence):
        return counted(len(value), type(value[0]).__name__.lower())
    return shown(value)


def _listed(value: object) -> Iterator[str]:
    if not _are_records(value) or not isinstance(value, Sequence):
        return
    yield f"{_short(value)}:"
    if len(value) > _LISTED:
        yield f"  ... {len(value) - _LISTED} more before"
    for number, record in list(enumerate(value, 1))[-_LISTED:]:
        yield f"  {number}. {record!r}"

"""Possible reasons for a difference, in a few words: the value is there, but in another place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.expressions import expression

from .mailboxes import same_address
from .passages import contains
from .wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    #: Given a record and the expected value, it returns the words, or `""`.
    Note = Callable[[Any, object], str]

_ENCODED_WORD: Final = expression(r"=\?[^?\s]+\?[bBqQ]\?")


def first_of(*notes: Note) -> Note:
    """Return the note that is the first of these with something to say."""

    def note(record: Any, expected: object) -> str:
        return next(filter(None, (one(record, expected) for one in notes)), "")

    return note


def in_other_part(other: str, name: str, *, unless: str) -> Note:
    """Return the note for a part of the body that lacks what the other one has.

    `unless` is the part that is compared, `other` the attribute of the other part, and `name` what
    that part is called.
    """

    def note(message: Any, expected: object) -> str:
        text = getattr(message, other)
        if text and isinstance(expected, str) and contains(expected, text):
            return f"found in the {name} body: use body="
        is_only_there = text and not getattr(message, unless)
        return f"there is only {_article(name)} body" if is_only_there else ""

    return note


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "AEIOUH" else f"a {name}"


def part_of(read: Callable[[Any], Iterable[str]]) -> Note:
    """Return the note for texts that contain the expected one, but had to be equal to it."""

    def note(record: Any, expected: object) -> str:
        if isinstance(expected, str) and expected and any(expected in one for one in read(record)):
            return "the whole value is compared: use re.compile for a part"
        return ""

    return note


def mojibake(read: Callable[[Any], Iterable[str]]) -> Note:
    """Return the note for texts that are right, but were decoded with the wrong charset."""

    def note(record: Any, expected: object) -> str:
        if not isinstance(expected, str) or expected.isascii():
            return ""
        for charset in ("latin-1", "cp1252"):
            garbled = expected.encode().decode(charset, "replace")
            if any(contains(garbled, text) for text in read(record)):
                return f"UTF-8 read as {charset}"
        return ""

    return note


def encoded_twice(message: Any, _: object) -> str:
    """Say that a decoded subject still has encoded words (RFC 2047)."""
    return "encoded twice" if _ENCODED_WORD.search(message.subject) else ""


def in_header(record: Any, expected: object) -> str:
    """Say which field names a recipient that the envelope lacks."""
    envelope = record.envelope.rcpt_to
    for field, attribute in (("To", "to"), ("Cc", "cc")):
        named = getattr(record, attribute, ())
        for address in _addresses(expected):
            if _has(named, address) and not _has(envelope, address):
                return f"though {field} names {shown(address)}"
    return ""


def in_envelope(message: Any, expected: object) -> str:
    """Say that a recipient whom the field does not name is in the envelope."""
    recipients = message.envelope.rcpt_to
    found = (one for one in _addresses(expected) if _has(recipients, one))
    return next((f"though the envelope has {shown(one)}" for one in found), "")


def author(record: Any, expected: object) -> str:
    """Say that the expected sender is the author in the header."""
    named = getattr(record, "from_", "")
    is_named = any(_has((named,), one) for one in _addresses(expected))
    return "though From has that address" if is_named else ""


def _addresses(expected: object) -> Iterator[str]:
    values = (expected,) if isinstance(expected, str) else expected
    if isinstance(values, list | tuple | set | frozenset):
        yield from (value for value in values if isinstance(value, str) and value)


def _has(addresses: tuple[str, ...], address: str) -> bool:
    return any(same_address(address, one) for one in addresses)

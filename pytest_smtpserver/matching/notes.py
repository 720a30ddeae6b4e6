"""What a difference may come from, in a few words: the value is there, but in another place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .addresses import same_address
from .wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Given a record and the expected value, it returns the words, or `""`.
    Note = Callable[[Any, object], str]

_ENCODED_WORD: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?")


def only_in(other: str, name: str, *, unless: str) -> Note:
    """Return the note for a part of the body (`unless`) that is absent while the other is there."""

    def note(message: Any, _: object) -> str:
        is_only_there = getattr(message, other) and not getattr(message, unless)
        return f"the body is only in {name}" if is_only_there else ""

    return note


def encoded_twice(message: Any, _: object) -> str:
    """Say that a decoded subject still has encoded words (RFC 2047)."""
    return "encoded twice?" if _ENCODED_WORD.search(message.subject) else ""


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
    return next(("though it is From" for one in _addresses(expected) if _has((named,), one)), "")


def _addresses(expected: object) -> Iterator[str]:
    values = (expected,) if isinstance(expected, str) else expected
    if isinstance(values, list | tuple | set | frozenset):
        yield from (value for value in values if isinstance(value, str) and value)


def _has(addresses: tuple[str, ...], address: str) -> bool:
    return any(same_address(address, one) for one in addresses)

"""For snapshots of a message: the tree of its parts, and placeholders for what varies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching import given

from . import header, structure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

#: What to replace in a snapshot: what a pattern finds, or the value of the field of that name.
Mask = re.Pattern[str] | str

# What a mask must be, in words.
_MASK: Final = "a compiled pattern of str or the name of a header field"

#: Fields whose whole value is different in each run, and the placeholder for it.
_FIELDS: Final = {
    "date": "<date>",
    "resent-date": "<date>",
    "message-id": "<message-id>",
    "resent-message-id": "<message-id>",
    "received": "<received>",
    "dkim-signature": "<signature>",
}
#: Fields that name other messages by their Message-ID.
_REFERENCES: Final = frozenset(("in-reply-to", "references"))
_MSG_ID: Final = re.compile(r"<[^<>\s][^<>\s@]*+@[^<>\s]*+>")
_BOUNDARY: Final = re.compile(r"""\bboundary\s*=\s*("[^"]*"|[^;\s]*)""", re.IGNORECASE)
_PORT: Final = re.compile(r"(?<=\b127\.0\.0\.1:)\d+|(?<=\blocalhost:)\d+|(?<=\[::1\]:)\d+")


def tree(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield the depth and the type of each part; a forwarded message is one part."""
    root = structure.parse(content, header.split(content))[0]
    stack = [(0, root)]
    while stack:
        depth, part = stack.pop()
        yield depth, part.type
        stack.extend((depth + 1, child) for child in reversed(part.children))


class Masks:
    """Replaces what is different in each run with placeholders.

    `masks` are compiled patterns, whose matches become `<...>`, and names of header fields, whose
    values become the name. Raises `TypeError` for anything else.
    """

    def __init__(self, masks: Mask | Collection[Mask], message_id: str | None) -> None:
        every = given.several("mask", masks, (str, re.Pattern), _MASK)
        self._names = {one.lower() for one in every if isinstance(one, str)}
        self._patterns = [one for one in every if not isinstance(one, str)]
        for one in self._patterns:
            if not isinstance(one.pattern, str):
                raise TypeError(f"mask has {one!r}: must be {_MASK}")
        self._message_id = (message_id or "").strip()

    def field(self, name: str, value: str) -> str:
        """Return the value of a field, with placeholders."""
        lower = name.lower()
        if lower in self._names:
            return f"<{lower}>"
        if lower in _FIELDS:
            return _FIELDS[lower]
        if lower in _REFERENCES:
            value = _MSG_ID.sub("<message-id>", value)
        if lower == "content-type":
            value = _BOUNDARY.sub("boundary=<boundary>", value)
        return self.text(value)

    def text(self, text: str) -> str:
        """Return a text, with placeholders."""
        if self._message_id:
            text = text.replace(self._message_id, "<message-id>")
        text = without_ports(text)
        for pattern in self._patterns:
            text = pattern.sub("<...>", text)
        return text


def without_ports(text: str) -> str:
    """Return the text with `<port>` for each port of this machine."""
    # A quick check first: the expression takes a second for 20 MB.
    has_one = any(host in text for host in ("127.0.0.1:", "localhost:", "[::1]:"))
    return _PORT.sub("<port>", text) if has_one else text


def fields_in_order(
    names: Iterable[str], values_of: Callable[[str], tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """Yield name and decoded value of each field; `values_of` gives those of one name."""
    left: dict[str, Iterator[str]] = {}
    for name in names:
        values = left.setdefault(name.lower(), iter(values_of(name)))
        yield name, next(values, "")

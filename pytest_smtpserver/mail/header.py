"""The header section of a message or a part: its fields as they were sent.

Mail that real senders produce makes the parsers of the standard library raise, or loses something
in them. So the fields are split here, octet by octet as sent.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: A field's name, and its value as sent: folded, what is not UTF-8 as escaped surrogates.
Field = tuple[str, str]

# RFC 5322 section 2.1: the header ends with an empty line. Bare LFs are met in practice.
_EMPTY_LINE: Final = re.compile(rb"\r?\n")
# Section 2.2: `field-name ":" field-body`, where a name is printable US-ASCII "except colon", and
# the body goes on in lines that begin with white space. A bare CR ends no line. Nobody names a
# field like a delimiter of parts.
_FIELD: Final = re.compile(rb"(?!--)([!-9;-~]+)[ \t]*+:[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")


class Section(NamedTuple):
    """The fields, where the body begins, and whether the header ended as it should."""

    fields: tuple[Field, ...]
    body: int
    is_whole: bool


def split(content: bytes, start: int = 0, end: int | None = None) -> Section:
    """Return the header section that begins there.

    A line that cannot be a field ends the header: it and all after it are the body.
    """
    end = len(content) if end is None else end
    fields: list[Field] = []
    while start < end:
        if empty := _EMPTY_LINE.match(content, start, end):
            return Section(tuple(fields), empty.end(), is_whole=True)
        field = _FIELD.match(content, start, end)
        if field is None:
            return Section(tuple(fields), start, is_whole=False)
        value = field[2].decode("utf-8", "surrogateescape")
        fields.append((field[1].decode("ascii"), value.removesuffix("\r")))
        start = field.end()
    return Section(tuple(fields), end, is_whole=True)

"""The header section of a message or a part: its fields as they were sent.

The parsers of the standard library raise on mail that real senders produce, or lose parts of it. So
the fields are split here, and nothing of what was sent is changed.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: A field's name, and its value as sent: folded, with octets that are not UTF-8 as surrogates.
Field = tuple[str, str]

#: How many fields are read; arbitrary: no mailer makes a hundredth of it.
_MOST: Final = 10_000
_NO_FIELD: Final = "the header has a line that is not a field; the body begins there"
_TOO_MANY: Final = f"the header has more than {_MOST:,} fields; the body begins after these"

# RFC 5322 section 2.1: the header ends with an empty line. Bare LFs do occur in practice.
_EMPTY_LINE: Final = re.compile(rb"\r?\n")
# Section 2.2: `field-name ":" field-body`. A name is printable US-ASCII "except colon", and lines
# that begin with white space continue the body. A bare CR does not end a line. A name that begins
# with "--" is taken for a delimiter between parts instead.
_FIELD: Final = re.compile(rb"(?!--)([!-9;-~]+)[ \t]*+:[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")


class Section(NamedTuple):
    """The fields, where the body begins, and what is wrong if it does not begin as it should."""

    fields: tuple[Field, ...]
    body: int
    complaint: str = ""


def split(content: bytes, start: int = 0) -> Section:
    """Return the header section that begins at `start`.

    A line that cannot be a field ends the header: it and all after it are the body. So do very many
    fields.
    """
    end = len(content)
    fields: list[Field] = []
    while start < end:
        if empty := _EMPTY_LINE.match(content, start, end):
            return Section(tuple(fields), empty.end())
        field = _FIELD.match(content, start, end)
        if field is None or len(fields) == _MOST:
            return Section(tuple(fields), start, _TOO_MANY if field else _NO_FIELD)
        value = field[2].decode("utf-8", "surrogateescape")
        fields.append((field[1].decode("ascii"), value.removesuffix("\r")))
        start = field.end()
    return Section(tuple(fields), end)

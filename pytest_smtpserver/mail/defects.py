"""What could not be parsed, as values: a sentence each, and which kind of problem that makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: The code of the problem that a defect is (`problems.py`).
Kind = Literal["bad-encoding", "unparsable"]

#: The standard library's defects that concern octets; all others concern the structure.
_OF_ENCODING: Final = frozenset(
    (
        "InvalidBase64CharactersDefect",
        "InvalidBase64LengthDefect",
        "InvalidBase64PaddingDefect",
        "InvalidMultipartContentTransferEncodingDefect",
        "UndecodableBytesDefect",
    )
)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that could not be parsed; `where` is the part, if it is in one."""

    kind: Kind
    text: str
    where: str = ""


def from_library(found: object, where: str) -> Defect:
    """Return a defect that the standard library found, in its words, or its name's."""
    name = type(found).__name__
    sentence = (type(found).__doc__ or name).strip().splitlines()[0]
    return Defect("bad-encoding" if name in _OF_ENCODING else "unparsable", sentence, where)

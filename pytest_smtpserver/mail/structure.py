"""The tree of a message's parts (RFC 2046 section 5.1), read from the octets.

Parts within parts could be read by cutting out each part and looking into it for its own parts. But
then each octet is looked at once for each level, and hostile mail has thousands of levels. So this
is one pass over all lines that begin with two hyphens. `_open` is the stack of the multiparts that
the position is in, and `_depths` maps each of their boundaries to its places in that stack. So one
look-up says whether a line is a delimiter, and of which multipart.

Example: the lines are `--a`, `--b`, `--b--`, `--a--`, and the part after `--a` is a multipart with
the boundary `b`. If `--b--` is missing, `--a--` still ends both: `_end` pops everything that is
deeper than the multipart whose delimiter was found.

A forwarded message is a leaf: its parts do not belong to this message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from . import header, structured
from .defects import Defect
from .structured import Structured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .header import Section

#: How many parts are read, and octets of their headers; arbitrary: no mailer makes a hundredth.
_MOST: Final = 10_000
_MOST_OCTETS: Final = 500_000
_TOO_MANY: Final = (
    f"there are more than {_MOST:,} parts, or {_MOST_OCTETS:,} octets in their headers: what "
    "follows is not taken apart"
)

# RFC 2046 section 5.1.1: "The boundary delimiter MUST occur at the beginning of a line".
_DELIMITER: Final = re.compile(rb"\n--([^\n]*)")
# RFC 2045 section 5.1: `type "/" subtype`, both of which are tokens.
_TYPE: Final = re.compile(r"[^\s/()<>@,;:\\\"\[\]?=]+/[^\s/()<>@,;:\\\"\[\]?=]+")

_FIELDS: Final = {
    name.lower(): name
    for name in (
        "Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "Content-ID",
    )
}  # fmt: skip
_NONE: Final = Structured("", {})


@dataclass(slots=True, eq=False)
class Part:
    """One part: what its header says, and where its body is in the content.

    `type` is from the field, or the default. `is_closed` says whether it had a close delimiter.
    """

    number: int
    body: int
    end: int
    type: str
    content_type: Structured
    disposition: Structured
    #: The transfer encoding; `""` if none is declared.
    encoding: str
    content_id: str | None
    defects: list[Defect]
    children: list[Part] = field(default_factory=list)
    is_closed: bool = False

    @property
    def boundary(self) -> str:
        """What separates the parts of this multipart; `""` if it is not a multipart."""
        is_multipart = self.type.startswith("multipart/")
        # Section 5.1.1: a boundary does not end with white space.
        return self.content_type.parameters.get("boundary", "").rstrip() if is_multipart else ""

    @property
    def filename(self) -> str:
        """The file name of the part; `""` if there is none."""
        names = self.disposition.parameters, self.content_type.parameters
        return names[0].get("filename") or names[1].get("name") or names[0].get("name") or ""

    @property
    def where(self) -> str:
        """The part in words."""
        return f"part {self.number} ({self.type})"


def parse(content: bytes, section: Section) -> list[Part]:
    """Return all parts in order, the message itself first; never raises."""
    reader = _Reader(content)
    root = reader.part(section, "text/plain")
    root.end = len(content)
    if root.boundary:
        reader.open_parts(root)
        reader.read(root.body - 1)
    return reader.parts


class _Reader:
    """The parts found so far, and the multiparts that are still open."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.parts: list[Part] = []
        # How long the headers of the parts are together.
        self._header_octets = 0
        self._open: list[Part] = []
        # The depths at which a boundary is open. If a boundary is used twice, the innermost counts.
        self._depths: dict[bytes, list[int]] = {}

    def part(self, section: Section, default_type: str) -> Part:
        """Make the part that has this header section; its end is not known yet."""
        fields = {_FIELDS[name.lower()]: value for name, value in reversed(section.fields)
                  if name.lower() in _FIELDS}  # fmt: skip
        parsed = {name: structured.parse(value) for name, value in fields.items()
                  if name != "Content-ID"}  # fmt: skip
        made = Part(
            number=len(self.parts) + 1,
            body=section.body,
            end=section.body,
            type=default_type,
            content_type=parsed.get("Content-Type", _NONE),
            disposition=parsed.get("Content-Disposition", _NONE),
            encoding=parsed.get("Content-Transfer-Encoding", _NONE).value,
            content_id=_content_id(fields.get("Content-ID")),
            defects=[],
        )
        _set_type(made, fields)
        for name, one in parsed.items():
            found = (Defect(it.kind, f"{name} {it.text}", made.where) for it in one.defects)
            made.defects.extend(found)
        self.parts.append(made)
        return made

    def open_parts(self, part: Part) -> None:
        """Begin to look for the delimiters of this multipart."""
        self._depths.setdefault(_octets(part.boundary), []).append(len(self._open))
        self._open.append(part)

    def read(self, start: int) -> None:
        """Read all parts; `start` is the line end before the first line."""
        leaf: Part | None = None
        for match in _DELIMITER.finditer(self.content, max(start, 0)):
            depth, closes = self._found(match[1].rstrip(b" \t\r"))
            if depth is None:
                continue
            is_last = not closes and self._is_full()
            if is_last:
                self.parts[0].defects.append(Defect("unparsable", _TOO_MANY))
            if is_last and leaf:
                break
            self._end(leaf, match.start(), depth)
            if closes:
                self._pop(match.start()).is_closed = True
            leaf = None if closes else self._next(match.end())
            if is_last:
                break
        self._end(leaf, len(self.content) - self.content.endswith(b"\n"), -1)

    def _is_full(self) -> bool:
        """Return whether no more parts are read; what follows then belongs to the last one."""
        return len(self.parts) >= _MOST or self._header_octets >= _MOST_OCTETS

    def _found(self, line: bytes) -> tuple[int | None, bool]:
        # "--" after the boundary means that no further parts follow.
        if depths := self._depths.get(line):
            return depths[-1], False
        if line.endswith(b"--") and (depths := self._depths.get(line[:-2])):
            return depths[-1], True
        return None, False

    def _end(self, leaf: Part | None, position: int, depth: int) -> None:
        """End the part that is being read, and all multiparts deeper than this depth."""
        if leaf:
            leaf.end = self._without_cr(position, leaf)
        while len(self._open) > depth + 1:
            self._pop(position)

    def _without_cr(self, position: int, part: Part) -> int:
        # "The CRLF preceding the boundary delimiter line is conceptually attached to the
        # boundary". At the end of the content, it is the CRLF before the final dot.
        is_crlf = self.content.startswith(b"\r\n", position - 1)
        return max(part.body, position - is_crlf)

    def _pop(self, position: int) -> Part:
        part = self._open.pop()
        self._depths[_octets(part.boundary)].pop()
        part.end = self._without_cr(position, part)
        return part

    def _next(self, position: int) -> Part | None:
        """Make the part that begins after this line; return it unless it is a multipart."""
        parent = self._open[-1]
        start = min(position + 1, len(self.content))
        section = header.split(self.content, start)
        self._header_octets += section.body - start
        # RFC 2046 section 5.1.5: in a digest, the default type is message/rfc822.
        is_digest = parent.type == "multipart/digest"
        part = self.part(section, "message/rfc822" if is_digest else "text/plain")
        parent.children.append(part)
        if section.complaint and not self._is_delimiter(section.body):
            part.defects.append(Defect("unparsable", section.complaint, part.where))
        if not part.boundary:
            return part
        self.open_parts(part)
        return None

    def _is_delimiter(self, position: int) -> bool:
        return self.content.startswith(b"--", position)


def _set_type(part: Part, fields: dict[str, str]) -> None:
    if _TYPE.fullmatch(part.content_type.value):
        part.type = part.content_type.value
    elif fields.get("Content-Type", "").strip():
        # RFC 2045 section 5.2 recommends text/plain for a Content-Type that is not valid.
        part.type = "text/plain"
        part.defects.append(Defect("unparsable", "Content-Type has no type", part.where))


def _octets(boundary: str) -> bytes:
    return boundary.encode("utf-8", "surrogateescape")


def _content_id(value: str | None) -> str | None:
    # RFC 2045 section 7: the syntax is that of Message-ID.
    return " ".join(value.split()).strip("<>") if value else None


def wrong_multiparts(parts: list[Part]) -> Iterator[Defect]:
    """Yield what is wrong with the multiparts."""
    for part in parts:
        if not part.type.startswith("multipart/"):
            continue
        if not part.boundary:
            yield Defect("unparsable", "a multipart has no boundary parameter", part.where)
        elif not part.children:
            yield Defect("unparsable", "a multipart has no parts", part.where)
        elif not part.is_closed:
            yield Defect("unparsable", "a multipart has no close delimiter", part.where)

"""The tree of a message's parts (RFC 2046 section 5.1), read from the octets.

One pass over the lines that begin with two hyphens, with all boundaries that are open at hand: so
the time does not depend on how deep the parts are nested. A forwarded message is one leaf: its
parts are not this message's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from . import header, structured
from .defects import Defect, not_whole
from .structured import Structured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .header import Field, Section

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
    """One part: its fields, and where its body is in the content.

    `type` is that of the field, or the default; `is_closed` says that the close delimiter came.
    """

    number: int
    fields: tuple[Field, ...]
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
        """What separates the parts of this multipart; `""` if this is none."""
        is_multipart = self.type.startswith("multipart/")
        # Section 5.1.1: a boundary does not end with white space.
        return self.content_type.parameters.get("boundary", "").rstrip() if is_multipart else ""

    @property
    def filename(self) -> str:
        """The name of the file; `""` if there is none."""
        names = self.disposition.parameters, self.content_type.parameters
        return names[0].get("filename") or names[1].get("name") or names[0].get("name") or ""

    @property
    def where(self) -> str:
        """The part in words."""
        return f"part {self.number} ({self.type})"


def parse(content: bytes, section: Section) -> list[Part]:
    """Return the message itself and all its parts, in order; never raises."""
    reader = _Reader(content)
    root = reader.part(section, "text/plain")
    root.end = len(content)
    if root.boundary:
        reader.open_parts(root)
        reader.read(root.body - 1)
    return reader.parts


class _Reader:
    """The parts that were found, and the multiparts that are still open."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.parts: list[Part] = []
        self._open: list[Part] = []
        # The depths at which a boundary is open: the innermost one counts.
        self._depths: dict[bytes, list[int]] = {}

    def part(self, section: Section, default_type: str) -> Part:
        """Make the part that has this header section; its end is not known yet."""
        fields = {_FIELDS[name.lower()]: value for name, value in reversed(section.fields)
                  if name.lower() in _FIELDS}  # fmt: skip
        parsed = {name: structured.parse(value) for name, value in fields.items()
                  if name != "Content-ID"}  # fmt: skip
        made = Part(
            number=len(self.parts) + 1,
            fields=section.fields,
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
        """Look for the delimiters of this multipart from now on."""
        self._depths.setdefault(_octets(part.boundary), []).append(len(self._open))
        self._open.append(part)

    def read(self, start: int) -> None:
        """Read all parts, from the line end before the first line on."""
        leaf: Part | None = None
        for match in _DELIMITER.finditer(self.content, max(start, 0)):
            depth, closes = self._found(match[1].rstrip(b" \t\r"))
            if depth is None:
                continue
            self._end(leaf, match.start(), depth)
            if closes:
                self._pop(match.start()).is_closed = True
            leaf = None if closes else self._next(match.end())
        self._end(leaf, len(self.content) - self.content.endswith(b"\n"), -1)

    def _found(self, line: bytes) -> tuple[int | None, bool]:
        # "--" after the boundary: there are no further parts.
        if depths := self._depths.get(line):
            return depths[-1], False
        if line.endswith(b"--") and (depths := self._depths.get(line[:-2])):
            return depths[-1], True
        return None, False

    def _end(self, leaf: Part | None, position: int, depth: int) -> None:
        """End the part that is being read, and the multiparts within that of this depth."""
        if leaf:
            leaf.end = self._without_cr(position, leaf)
        while len(self._open) > depth + 1:
            self._pop(position)

    def _without_cr(self, position: int, part: Part) -> int:
        # "The CRLF preceding the boundary delimiter line is conceptually attached to the
        # boundary". At the end of the content it is the one before the final dot.
        is_crlf = self.content.startswith(b"\r\n", position - 1)
        return max(part.body, position - is_crlf)

    def _pop(self, position: int) -> Part:
        part = self._open.pop()
        self._depths[_octets(part.boundary)].pop()
        part.end = self._without_cr(position, part)
        return part

    def _next(self, position: int) -> Part | None:
        """Return the part that begins after this line, unless it is a multipart itself."""
        parent = self._open[-1]
        section = header.split(self.content, min(position + 1, len(self.content)))
        # RFC 2046 section 5.1.5: in a digest, parts are messages by default.
        is_digest = parent.type == "multipart/digest"
        part = self.part(section, "message/rfc822" if is_digest else "text/plain")
        parent.children.append(part)
        if not section.is_whole and not self._is_delimiter(section.body):
            part.defects.append(not_whole(part.where))
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
    # RFC 2045 section 7: it is written like a Message-ID.
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

"""The parts of a message as a reader gets them: its bodies, its attachments, and its defects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.matching.wording import shortened
from pytest_smtpserver.suggesting import suggesting

from . import bodies, charsets, flowed, structure, transfer
from .defects import Defect

if TYPE_CHECKING:
    from .header import Section
    from .structure import Part

# The HTML standard looks for a <meta> with a charset in so many octets.
_SEARCHED: Final = 1024
_META: Final = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)

_FORWARDED: Final = "a forwarded message is encoded, which RFC 2046 section 5.2.1 forbids"
_WHOLE: Final = "a multipart has a transfer encoding, which RFC 2045 section 6.4 forbids"


@suggesting
@frozen(kw_only=True, eq=False)
class Attachment:
    """A part that is not text of the body.

    `filename` is decoded, and `""` if there is none. `content` has the octets after the transfer
    encoding. `content_id` has no angle brackets, and is `None` if there is none. `is_inline` says
    whether the part is meant to be shown within the body.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str | None
    is_inline: bool

    def __repr__(self) -> str:
        name, kind = shortened(repr(self.filename)), shortened(self.content_type)
        return f"<Attachment {name}, {kind}, {len(self.content)} octets>"


@frozen()
class Parts:
    """The bodies and attachments of a message, and what could not be parsed."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    defects: tuple[Defect, ...]


def parse(content: bytes, section: Section) -> Parts:
    """Return the parts of a message with this header section; never raises."""
    parts = structure.parse(content, section)
    chosen = bodies.choose(content, parts[0])
    reader = _Reader(content)
    text = "\n".join(map(reader.text, chosen.texts))
    html = "\n".join(map(reader.text, chosen.htmls))
    attachments = tuple(map(reader.attachment, chosen.others))
    found = [one for part in parts for one in part.defects]
    found += structure.wrong_multiparts(parts)
    found += [Defect("bad-encoding", _WHOLE, part.where) for part in parts if _is_encoded(part)]
    return Parts(text, html, attachments, (*found, *reader.defects))


def _is_encoded(part: Part) -> bool:
    return bool(part.children) and part.encoding not in transfer.IDENTITIES


class _Reader:
    """Decodes the parts of one message, and notes what cannot be decoded."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.defects: list[Defect] = []

    def text(self, part: Part) -> str:
        r"""Return the text of a body part, with `\n` line ends."""
        octets = self._octets(part)
        decoded = charsets.decode(octets, _charset(part, octets))
        if decoded.complaint:
            self._note(part, f"text {decoded.complaint}")
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
        parameters = part.content_type.parameters
        if part.type != "text/plain" or parameters.get("format", "").lower() != "flowed":
            return text
        return flowed.unwrapped(text, delsp=parameters.get("delsp", "").lower() == "yes")

    def attachment(self, part: Part) -> Attachment:
        """Return the part as an attachment."""
        disposition = part.disposition.value
        return Attachment(
            filename=part.filename,
            content_type=part.type,
            content=self._forwarded(part) if part.type == "message/rfc822" else self._octets(part),
            content_id=part.content_id,
            is_inline=disposition == "inline"
            or (part.content_id is not None and disposition != "attachment"),
        )

    def _octets(self, part: Part) -> bytes:
        octets, complaint = transfer.decode(self._content[part.body : part.end], part.encoding)
        if complaint:
            self._note(part, complaint)
        return octets

    def _forwarded(self, part: Part) -> bytes:
        """Return the octets of a forwarded message, as they were sent if possible."""
        sent = self._content[part.body : part.end]
        if part.encoding in transfer.IDENTITIES:
            return sent
        self._note(part, _FORWARDED)
        octets, complaint = transfer.decode(sent, part.encoding)
        return sent if complaint else octets

    def _note(self, part: Part, sentence: str) -> None:
        self.defects.append(Defect("bad-encoding", sentence, part.where))


def _charset(part: Part, octets: bytes) -> str | None:
    if charset := part.content_type.parameters.get("charset"):
        return charset
    if part.type != "text/html" or octets.isascii():
        return None
    # The part declares no charset. Mail programs then look into the HTML, as browsers do.
    meta = _META.search(octets, 0, _SEARCHED)
    return meta[1].decode("ascii", "replace") if meta else None

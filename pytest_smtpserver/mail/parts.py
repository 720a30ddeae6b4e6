"""The parts of a message (RFC 2045, 2046): its bodies and its attachments, however deep.

The standard library's older policy parses the structure: it takes what the newer one raises on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.frozen import frozen

from . import header
from .defects import Defect, from_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message as Part


# RFC 2045 section 6.7: "=" stands before two hexadecimal digits, or before white space and the
# line's end. What follows it otherwise is kept as it is.
_WRONG_ESCAPE = re.compile(r"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|\Z))")
_WRONG_QUOTED_PRINTABLE = "quoted-printable text has an equals sign that introduces nothing"
# RFC 2045 section 6.1: the encodings that there are, beside private ones with "x-".
_ENCODINGS = frozenset(("7bit", "8bit", "binary", "quoted-printable", "base64"))


@frozen
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Attachment:
    """A part that is not the body.

    `filename` is decoded, and `""` if there is none; `content` is decoded from its transfer
    encoding; `content_id` is without its angle brackets, `None` if there is none; `is_inline` says
    that the part is to be shown within the body.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str | None
    is_inline: bool

    def __repr__(self) -> str:
        return f"<Attachment {self.filename!r}, {self.content_type}, {len(self.content)} octets>"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a message is made of, and what could not be parsed."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    defects: tuple[Defect, ...]


def parse(content: bytes) -> Parts:
    """Return the parts of a message; never raises."""
    from email import message_from_bytes

    try:
        return _parts(list(_walk(message_from_bytes(content))))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        # Nested too deep, or something that the parser stumbles over: take it as one text.
        body = header.split(content)[1].decode("utf-8", "replace")
        defect = Defect("unparsable", f"the structure could not be parsed: {error!r}")
        return Parts(_with_lf(body), "", (), (defect,))


def _parts(walked: list[Part[Any, Any]]) -> Parts:
    defects: list[Defect] = []
    leaves = [part for part in walked if not _is_container(part)]
    text = _first(leaves, "text/plain")
    html = _first(leaves, "text/html")
    parts = Parts(
        "" if text is None else _text(text, defects),
        "" if html is None else _text(html, defects),
        tuple(_attachment(leaf) for leaf in leaves if leaf is not text and leaf is not html),
        (),
    )
    # Decoding a part finds the defects of its transfer encoding.
    found = [one for number, part in enumerate(walked, 1) for one in _defects(part, number)]
    return Parts(parts.text, parts.html, parts.attachments, tuple(dict.fromkeys(found + defects)))


def _defects(part: Part[Any, Any], number: int) -> Iterator[Defect]:
    where = f"part {number} ({part.get_content_type()})"
    for found in part.defects:
        yield from_library(found, where)
    if _is_wrong_quoted_printable(part):
        yield Defect("bad-encoding", _WRONG_QUOTED_PRINTABLE, where)
    if (encoding := _encoding(part)) not in _ENCODINGS and not encoding.startswith("x-"):
        yield Defect("bad-encoding", f"unknown transfer encoding {encoding!r}", where)


def _walk(message: Part[Any, Any]) -> Iterator[Part[Any, Any]]:
    # Depth first, in order. A forwarded message is one leaf: its body is not this message's.
    stack = [message]
    while stack:
        part = stack.pop()
        yield part
        if _is_container(part):
            stack.extend(reversed(part.get_payload()))  # type: ignore[arg-type]


def _is_container(part: Part[Any, Any]) -> bool:
    return part.is_multipart() and part.get_content_maintype() == "multipart"


def _first(leaves: list[Part[Any, Any]], content_type: str) -> Part[Any, Any] | None:
    for leaf in leaves:
        if _body_type(leaf) == content_type and not _is_attached(leaf):
            return leaf
    return None


def _body_type(leaf: Part[Any, Any]) -> str:
    # A multipart that is a leaf has no boundary that cuts it. RFC 2045 section 5.2 recommends
    # text/plain for a Content-Type that is not valid.
    is_uncut = leaf.get_content_maintype() == "multipart"
    return "text/plain" if is_uncut else leaf.get_content_type()


def _is_attached(part: Part[Any, Any]) -> bool:
    return _disposition(part) == "attachment" or bool(_filename(part))


def _disposition(part: Part[Any, Any]) -> str:
    return str(part.get("Content-Disposition", "")).partition(";")[0].strip().lower()


def _filename(part: Part[Any, Any]) -> str:
    try:
        name = part.get_filename("")
    except (ValueError, LookupError, TypeError):
        name = ""
    return header.decode(str(name))


def _octets(part: Part[Any, Any]) -> bytes:
    if part.is_multipart():
        from email.policy import compat32

        # A forwarded message: what is attached is that message.
        policy = compat32.clone(linesep="\r\n", max_line_length=None)
        return b"".join(one.as_bytes(policy=policy) for one in part.get_payload())  # type: ignore[union-attr]
    octets = part.get_payload(decode=True)
    return octets if isinstance(octets, bytes) else b""


def _encoding(part: Part[Any, Any]) -> str:
    # RFC 2045 section 6.1: "7bit" is assumed if there is no such field.
    return header.decode(str(part.get("Content-Transfer-Encoding", ""))).lower() or "7bit"


def _is_wrong_quoted_printable(part: Part[Any, Any]) -> bool:
    # As it was sent: get_payload() would decode it from a charset that there may not be.
    payload = part._payload  # type: ignore[attr-defined]
    return (
        not part.is_multipart()
        and _encoding(part) == "quoted-printable"
        and isinstance(payload, str)
        and bool(_WRONG_ESCAPE.search(payload))
    )


def _text(part: Part[Any, Any], defects: list[Defect]) -> str:
    octets = _octets(part)
    charset = _charset(part)
    try:
        text = octets.decode(charset)
        # Some charsets have octets for lone surrogates, which are no text.
        text.encode()
    except (LookupError, ValueError, Warning):
        # A warning is one with -W error: some codecs are no charsets, and warn.
        sentence = f"text that is not in its charset {charset!r}"
        defects.append(Defect("bad-encoding", sentence, part.get_content_type()))
        text = octets.decode("utf-8", "replace")
    return _with_lf(text)


def _charset(part: Part[Any, Any]) -> str:
    # RFC 2231 section 4 gives a parameter a charset and a language of its own.
    from email.utils import collapse_rfc2231_value

    return collapse_rfc2231_value(part.get_param("charset", "utf-8"))


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _attachment(part: Part[Any, Any]) -> Attachment:
    content_id = part.get("Content-ID")
    return Attachment(
        filename=_filename(part),
        content_type=part.get_content_type(),
        content=_octets(part),
        content_id=str(content_id).strip().strip("<>") if content_id else None,
        is_inline=_disposition(part) == "inline"
        or (content_id is not None and not _is_attached(part)),
    )

"""The HTML of a mail as one document that loads nothing: what stands in a page's frame."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from pytest_smtpserver.records.message import Message

# Nothing is fetched: what stands in the document, and pictures and styles within it, is all.
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
# RFC 2392: "cid" URLs name a part by its Content-ID, percent-encoded.
_CID: Final = re.compile(r"\bcid:([^\s\"'<>()]+)", re.IGNORECASE)
# What browsers show in place; a script in an SVG does not run in a picture.
_PICTURES: Final = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif")
)
_HEAD: Final = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'


def document(message: Message) -> str:
    """Return the HTML body with its pictures, `""` if the message has none."""
    if not message.html:
        return ""
    parts = {part.content_id: part for part in message.attachments if part.content_id}

    def inlined(match: re.Match[str]) -> str:
        part = parts.get(unquote(match[1]))
        if part is None or not is_picture(part.content_type):
            return match[0]
        return data_url(part.content_type, part.content)

    return _HEAD + _CID.sub(inlined, message.html)


def is_picture(content_type: str) -> bool:
    """Return whether browsers show this in place."""
    return content_type in _PICTURES


def data_url(content_type: str, content: bytes) -> str:
    """Return a URL that holds the content itself (RFC 2397)."""
    return f"data:{content_type};base64,{b64encode(content).decode('ascii')}"

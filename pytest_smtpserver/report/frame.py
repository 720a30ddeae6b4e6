"""What of a mail a page shows in place: its HTML, in a frame, and its pictures."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_smtpserver.records.message import Message

# What browsers show in place; a script in an SVG does not run in a picture.
_PICTURES: Final = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif")
)


def document(message: Message) -> str:
    """Return the HTML body with its pictures, which loads nothing; `""` if there is none."""
    return message.html_document() if message.html else ""


def is_picture(content_type: str) -> bool:
    """Return whether browsers show this in place."""
    return content_type in _PICTURES


def data_url(content_type: str, content: bytes) -> str:
    """Return a URL that holds the content itself (RFC 2397)."""
    return f"data:{content_type};base64,{b64encode(content).decode('ascii')}"

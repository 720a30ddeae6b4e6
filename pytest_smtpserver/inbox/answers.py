"""An answer, and the header fields that keep other sites out.

A page of another site, open in the same browser, may try to read the mail. It cannot read an answer
(no CORS field allows that, and the resource policy is `same-origin`). It cannot put one into a
frame. And it cannot make its own name resolve to this machine, because `site` answers only to names
of loopback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pytest_smtpserver.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.engine import Gate

    #: The body in pieces. A gate between them means: go on when it opens.
    Body = Iterable[bytes | Gate]

# Octets of one piece of a large body; arbitrary.
_PIECE: Final = 64 * 1024
_FIELDS: Final = (
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
# For content that is not our page: if a browser shows it, nothing in it may run.
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"


@frozen(kw_only=True)
class Answer:
    """A status, header fields and a body."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: Body


def streamed(
    content_type: str, body: Body, *more: tuple[str, str], policy: str = _NOTHING, status: int = 200
) -> Answer:
    """Return an answer whose length is not known in advance."""
    fields = (("Content-Type", content_type), ("Content-Security-Policy", policy))
    return Answer(status=status, fields=(*fields, *_FIELDS, *more), body=body)


def octets(content_type: str, content: bytes, *more: tuple[str, str], status: int = 200) -> Answer:
    """Return an answer with this content."""
    pieces = (content[start : start + _PIECE] for start in range(0, len(content), _PIECE))
    length = ("Content-Length", str(len(content)))
    return streamed(content_type, pieces, length, *more, status=status)


def download(content_type: str, content: bytes, name: str) -> Answer:
    """Return an answer that a browser saves as a file, whatever its content (RFC 6266)."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return octets(content_type, content, ("Content-Disposition", disposition))


def sentence(status: int, text: str, *more: tuple[str, str]) -> Answer:
    """Return an answer with one sentence of plain text."""
    return octets("text/plain; charset=utf-8", f"{text}\n".encode(), *more, status=status)

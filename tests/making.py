"""Messages made of their content, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_smtpserver.records.envelope import Envelope
from pytest_smtpserver.records.message import Message


def message(content: str | bytes, **envelope: Any) -> Message:
    """Return the message with this content; a str's line ends become CRLF."""
    if isinstance(content, str):
        content = content.replace("\n", "\r\n").encode()
    given: dict[str, Any] = {
        "mail_from": "app@example.org",
        "rcpt_to": ("ann@example.org",),
        "parameters": {},
        "rcpt_parameters": ({},),
        **envelope,
    }
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    origin: Any = None
    return Message(envelope=Envelope(**given), content=content, _received=now, _origin=origin)


def text(body: str, subject: str = "Hello") -> Message:
    return message(f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n")


def html(body: str) -> Message:
    return message(f"Subject: Hello\nContent-Type: text/html; charset=utf-8\n\n{body}\n")


def both(plain: str, markup: str) -> Message:
    return message(
        "Subject: Hello\nContent-Type: multipart/alternative; boundary=B\n\n"
        f"--B\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--B\nContent-Type: text/html; charset=utf-8\n\n{markup}\n--B--\n"
    )

"""Messages with codes, made of their content, without a server."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from pytest_smtpserver.records.envelope import Envelope
from pytest_smtpserver.records.message import Message

CASES = Path(__file__).parent / "cases"


def parsed(content: bytes) -> Message:
    """Return the message with these octets."""
    envelope = Envelope(
        mail_from="app@example.org",
        rcpt_to=("ann@example.org",),
        parameters={},
        rcpt_parameters=({},),
    )
    origin: Any = None
    return Message(envelope=envelope, content=content, _received=0.0, _origin=origin)


def of(body: str, subject: str = "Hello", kind: str = "plain") -> Message:
    """Return a message with this body; its kind is `plain` or `html`."""
    text = f"Subject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n{body}\n"
    return parsed(text.replace("\n", "\r\n").encode())


def both(plain: str, markup: str) -> Message:
    """Return a message with these bodies as alternatives."""
    text = (
        "Subject: Hello\nContent-Type: multipart/alternative; boundary=B\n\n"
        f"--B\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--B\nContent-Type: text/html; charset=utf-8\n\n{markup}\n--B--\n"
    )
    return parsed(text.replace("\n", "\r\n").encode())


def cases(name: str) -> list[dict[str, Any]]:
    """Return the mails of a file of cases."""
    loaded: list[dict[str, Any]] = json.loads((CASES / name).read_text("utf-8"))
    return loaded


def paragraphs(text: str) -> str:
    """Return a text as HTML: a paragraph for each line that is not blank."""
    return "".join(f"<p>{html.escape(one)}</p>\n" for one in text.split("\n") if one.strip())

"""Messages made from their content, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from pytest_smtpserver.records.envelope import Envelope
from pytest_smtpserver.records.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_smtpserver.records.message import Origin

#: The attributes that read a message's content.
VIEWS = (
    "headers", "subject", "from_", "to", "cc", "reply_to", "text", "html", "html_text", "links",
    "attachments", "blind_recipients", "email", "defects",
)  # fmt: skip


def message(
    content: str | bytes,
    *,
    mail_from: str = "app@example.org",
    rcpt_to: Sequence[str] = ("ann@example.org",),
    parameters: Mapping[str, str | None] | None = None,
) -> Message:
    """Return a message with this content: octets, or a str with LF and escaped surrogates."""
    if isinstance(content, str):
        content = content.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
    envelope = Envelope(
        mail_from=mail_from,
        rcpt_to=tuple(rcpt_to),
        parameters=parameters or {},
        rcpt_parameters=tuple({} for _ in rcpt_to),
    )
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    # It came in no session.
    origin = cast("Origin", None)
    return Message(envelope=envelope, content=content, _received=now, _origin=origin)


def text(body: str, subject: str = "Hello") -> Message:
    return _one_part(body, subject, "plain")


def html(body: str, subject: str = "Hello") -> Message:
    return _one_part(body, subject, "html")


def _one_part(body: str, subject: str, kind: str) -> Message:
    return message(f"Subject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n{body}\n")


def both(plain: str, markup: str) -> Message:
    """Return a message with these bodies as alternatives."""
    return message(
        "Subject: Hello\nContent-Type: multipart/alternative; boundary=B\n\n"
        f"--B\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--B\nContent-Type: text/html; charset=utf-8\n\n{markup}\n--B--\n"
    )


def everything(mail: Message) -> dict[str, object]:
    """Read every view of a message's content."""
    views = {name: getattr(mail, name) for name in VIEWS}
    return views | {"repr": repr(mail), "['Subject']": mail["Subject"]}

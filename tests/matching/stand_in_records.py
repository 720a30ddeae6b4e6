"""Records with the attributes that criteria look at, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_smtpserver.matching import Cause


@dataclass(frozen=True, kw_only=True, eq=False)
class Envelope:
    mail_from: str = "app@example.org"
    rcpt_to: tuple[str, ...] = ("ann@example.org",)
    parameters: dict[str, str | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    filename: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    mechanism: str


@dataclass(frozen=True)
class Reply:
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Session:
    helo: str | None = "client.example"
    username: str | None = None
    auth: tuple[Attempt, ...] = ()
    tls: object | None = None
    ended_by: str | None = "quit"


@dataclass(frozen=True, kw_only=True, eq=False)
class Message:
    """`headers` has decoded values; the address fields are given as a reader sees them."""

    envelope: Envelope = Envelope()
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""
    html_text: str = ""
    attachments: tuple[Attachment, ...] = ()
    session: Session = Session()

    @property
    def subject(self) -> str:
        return "".join(self._header_values("Subject")[:1])

    @property
    def from_(self) -> str:
        return "".join(self._specs("From")[:1])

    @property
    def to(self) -> tuple[str, ...]:
        return self._specs("To")

    @property
    def cc(self) -> tuple[str, ...]:
        return self._specs("Cc")

    @property
    def reply_to(self) -> tuple[str, ...]:
        return self._specs("Reply-To")

    def _header_values(self, name: str) -> tuple[str, ...]:
        return tuple(value for field, value in self.headers if field.lower() == name.lower())

    def _address_values(self, field: str) -> tuple[str, ...]:
        return tuple(
            address.strip() for value in self._header_values(field) for address in value.split(",")
        )

    def _specs(self, field: str) -> tuple[str, ...]:
        return tuple(
            address.rpartition("<")[2].rstrip(">") for address in self._address_values(field)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Transaction:
    envelope: Envelope = Envelope()
    outcome: str | None = "rejected"
    refused: tuple[tuple[str, Reply], ...] = ()
    reply: Reply | None = None


class Told(TypedDict, total=False):
    """What the text of a failure needs besides criteria and records."""

    refused: Sequence[Transaction]
    causes: Sequence[Cause]
    hints: Sequence[str]
    transcript: str


class Rest(TypedDict, total=False):
    """What a message has besides its envelope and its header fields."""

    text: str
    html: str
    html_text: str
    attachments: tuple[Attachment, ...]
    session: Session


def message(
    subject: str | None = None,
    *,
    mail_from: str = "app@example.org",
    rcpt_to: Iterable[str] = ("ann@example.org",),
    parameters: dict[str, str | None] | None = None,
    from_: str | None = None,
    to: str | None = None,
    cc: str | None = None,
    reply_to: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    **rest: Unpack[Rest],
) -> Message:
    """Return a message; `subject`, `from_`, `to`, `cc` and `reply_to` become header fields."""
    named = {"Subject": subject, "From": from_, "To": to, "Cc": cc, "Reply-To": reply_to}
    fields = tuple((name, value) for name, value in named.items() if value is not None)
    envelope = Envelope(mail_from=mail_from, rcpt_to=tuple(rcpt_to), parameters=parameters)
    return Message(envelope=envelope, headers=(*fields, *headers), **rest)

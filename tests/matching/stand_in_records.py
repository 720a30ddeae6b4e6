"""Records with the attributes that criteria look at, and no more."""

from __future__ import annotations

from dataclasses import dataclass


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
    def subject(self):
        return "".join(self._header_values("Subject")[:1])

    @property
    def from_(self):
        return "".join(self._specs("From")[:1])

    @property
    def to(self):
        return self._specs("To")

    @property
    def cc(self):
        return self._specs("Cc")

    @property
    def reply_to(self):
        return self._specs("Reply-To")

    def _header_values(self, name):
        return tuple(value for field, value in self.headers if field.lower() == name.lower())

    def _address_values(self, field):
        return tuple(
            address.strip() for value in self._header_values(field) for address in value.split(",")
        )

    def _specs(self, field):
        return tuple(
            address.rpartition("<")[2].rstrip(">") for address in self._address_values(field)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Transaction:
    envelope: Envelope = Envelope()
    outcome: str | None = "rejected"
    refused: tuple[tuple[str, Reply], ...] = ()
    reply: Reply | None = None


def message(subject=None, *, mail_from="app@example.org", rcpt_to=("ann@example.org",), **rest):
    """Return a message; `subject`, `from_`, `to`, `cc` and `reply_to` become header fields."""
    fields = {} if subject is None else {"Subject": subject}
    for name in ("from_", "to", "cc", "reply_to"):
        if name in rest:
            fields[name.strip("_").replace("_", "-").title()] = rest.pop(name)
    headers = (*fields.items(), *rest.pop("headers", ()))
    parameters = rest.pop("parameters", None)
    envelope = Envelope(mail_from=mail_from, rcpt_to=tuple(rcpt_to), parameters=parameters)
    return Message(envelope=envelope, headers=headers, **rest)

"""Messages made of their content alone."""

from pytest_smtpserver.records.envelope import Envelope
from pytest_smtpserver.records.message import Message


def message(content, rcpt_to=("bob@example.org",)):
    """Return a message with this content: octets, or a str with LF and escaped surrogates."""
    if isinstance(content, str):
        content = content.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
    envelope = Envelope(
        mail_from="ann@example.org",
        rcpt_to=tuple(rcpt_to),
        parameters={},
        rcpt_parameters=tuple({} for _ in rcpt_to),
    )
    return Message(envelope=envelope, content=content, _received=0.0, _origin=None)


def everything(mail):
    """Read all that a message says of its content."""
    return {
        name: getattr(mail, name)
        for name in (
            "headers", "subject", "from_", "to", "cc", "reply_to", "text", "html", "html_text",
            "links", "attachments", "blind_recipients", "email", "defects",
        )
    } | {"repr": repr(mail), "['Subject']": mail["Subject"]}  # fmt: skip

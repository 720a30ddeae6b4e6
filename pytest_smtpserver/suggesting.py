"""Records that suggest a name for an unknown attribute."""

from __future__ import annotations

from typing import Any, Final, TypeVar

Class = TypeVar("Class", bound=type)

#: Names that other tools use, and where the value is here. A hint names those that the record has.
_SYNONYMS: Final = {
    "auth": ("session.auth",),
    "author": ("from_",),
    "bcc": ("blind_recipients", "envelope.rcpt_to"),
    "body": ("text", "html", "html_text"),
    "client": ("session.client",),
    "data": ("content",),
    "date": ("received_at", "started_at", "at"),
    "envelope_from": ("envelope.mail_from", "mail_from"),
    "envelope_to": ("envelope.rcpt_to", "rcpt_to"),
    "from_email": ("from_", "envelope.mail_from"),
    "helo": ("session.helo",),
    "mail_from": ("envelope.mail_from",),
    "mailfrom": ("mail_from", "envelope.mail_from"),
    "outcome": ("transaction.outcome",),
    "parameters": ("envelope.parameters",),
    "payload": ("content", "text", "html"),
    "peer": ("client", "session.client"),
    "raw": ("content",),
    "rcpt_to": ("envelope.rcpt_to",),
    "rcpttos": ("rcpt_to", "envelope.rcpt_to"),
    "recipient": ("rcpt_to", "envelope.rcpt_to", "to", "transactions"),
    "recipients": ("rcpt_to", "envelope.rcpt_to", "to", "transactions"),
    "refused": ("transaction.refused",),
    "reply": ("transaction.reply",),
    "return_path": ("envelope.mail_from", "mail_from"),
    "sender": ("mail_from", "envelope.mail_from", "from_", "transactions"),
    "status": ("outcome", "transaction.outcome", "code"),
    "title": ("subject",),
    "tls": ("session.tls",),
    "user": ("username", "session.username"),
    "username": ("session.username",),
}


def suggesting(cls: Class) -> Class:
    """Make reading an unknown attribute raise an `AttributeError` that suggests a known one."""
    # Not in the class body: a type checker that sees `__getattr__` accepts any attribute.
    setattr(cls, "__getattr__", _suggest)  # noqa: B010
    return cls


def _suggest(record: object, name: str) -> Any:
    __tracebackhide__ = True
    kind = type(record)
    if hasattr(kind, name):
        # A property raised an `AttributeError`, and Python dropped it and called us. Ask again, so
        # that its own error shows.
        return object.__getattribute__(record, name)
    hint = "" if name.startswith("_") else _hint(kind, name)
    raise AttributeError(
        f"{kind.__name__!r} object has no attribute {name!r}{hint}", name=name, obj=record
    )


def _hint(kind: type, name: str) -> str:
    meant = [one for one in _SYNONYMS.get(name, ()) if hasattr(kind, one.partition(".")[0])]
    if not meant:
        from difflib import get_close_matches

        known = [one for one in dir(kind) if not one.startswith("_")]
        meant = get_close_matches(name, known, n=1)
    return f"; did you mean {' or '.join(map(repr, meant))}?" if meant else ""

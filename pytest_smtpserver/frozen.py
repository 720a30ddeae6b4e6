"""Records that refuse every assignment alike, and suggest what a misnamed attribute means."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Final, NoReturn, TypeVar

Class = TypeVar("Class", bound=type)

#: The name that other tools use: where the value is here; the first one that the record has.
_SYNONYMS: Final = {
    "bcc": ("blind_recipients", "envelope.rcpt_to"),
    "body": ("text", "html", "html_text"),
    "data": ("content",),
    "date": ("received_at", "started_at", "at"),
    "from_email": ("from_", "envelope.mail_from"),
    "mail_from": ("envelope.mail_from",),
    "parameters": ("envelope.parameters",),
    "payload": ("content", "text", "html"),
    "rcpt_to": ("envelope.rcpt_to",),
    "rcpttos": ("envelope.rcpt_to",),
    "recipient": ("envelope.rcpt_to", "to"),
    "recipients": ("rcpt_to", "envelope.rcpt_to", "to"),
    "sender": ("mail_from", "envelope.mail_from", "from_"),
    "mailfrom": ("mail_from", "envelope.mail_from"),
    "status": ("outcome", "code"),
    "user": ("username",),
}


def frozen(cls: Class) -> Class:
    """Make every assignment to a frozen data class with slots raise `FrozenInstanceError`.

    The methods that `dataclass` makes refer to the class as it was without slots, and so raise a
    `TypeError` for an unknown name or a property. Reading an unknown attribute raises an
    `AttributeError` that suggests a known one.
    """
    # Not in the class body: with `__getattr__` a type checker would let any name pass.
    methods = {"__setattr__": _refuse, "__delattr__": _refuse, "__getattr__": _suggest}
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def _refuse(record: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{name} of a {type(record).__name__} cannot be changed")


def _suggest(record: object, name: str) -> NoReturn:
    __tracebackhide__ = True
    kind = type(record)
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

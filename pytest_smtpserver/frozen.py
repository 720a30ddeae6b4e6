"""Records that refuse every assignment alike, and suggest what a misnamed attribute means."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Final, NoReturn, TypeVar

Class = TypeVar("Class", bound=type)

#: What other tools and people call what a record has, and where it is here: the first that fits.
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
    """Let a frozen data class with slots say `FrozenInstanceError`, whatever the name.

    What `dataclass` makes for it still refers to the class as it was before it got slots, and so
    raises a `TypeError` for the name of a property, or an unknown one. An attribute that the class
    does not have is an `AttributeError` that suggests the one that is meant.
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

"""Records that refuse every assignment, and suggest a name for an unknown attribute."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any, Final, NoReturn, TypeVar

Value = TypeVar("Value")
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


def frozen(cls: Class) -> Class:
    """Make every assignment to a frozen data class with slots raise `FrozenInstanceError`.

    `dataclass` promises this, but does not keep it for classes with slots. For slots it makes a
    second class, and its `__setattr__` still calls `super()` with the first one. So an assignment
    to an unknown name or to a property raises a `TypeError` about `super()`.

    Reading an unknown attribute raises an `AttributeError` that suggests a known one. A copy is the
    value itself: nothing can change it.
    """
    # Not in the class body: a type checker that sees `__getattr__` accepts any attribute.
    methods = {
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getattr__": _suggest,
        "__copy__": _same,
        "__deepcopy__": _same,
    }
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def not_pickled(cls: Class) -> Class:
    """Make `pickle` refuse a record, which refers to its server, and say what to keep instead."""
    setattr(cls, "__reduce_ex__", _keep_instead)  # noqa: B010  # as in `frozen`
    return cls


def _refuse(record: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{type(record).__name__}.{name} cannot be changed")


def _same(record: Value, _: object = None) -> Value:
    return record


def _keep_instead(record: object, _: object) -> NoReturn:
    raise TypeError(
        f"a record ({type(record).__name__}) cannot be pickled: keep what you need of it, such as "
        "message.content, or the file that message.save() writes"
    )


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

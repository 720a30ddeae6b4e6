"""Records that refuse every assignment alike."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import NoReturn, TypeVar

Class = TypeVar("Class", bound=type)


def frozen(cls: Class) -> Class:
    """Let a frozen data class with slots say `FrozenInstanceError`, whatever the name.

    What `dataclass` makes for it still refers to the class as it was before it got slots, and so
    raises a `TypeError` for the name of a property, or one that there is not.
    """
    for method in ("__setattr__", "__delattr__"):
        setattr(cls, method, _refuse)
    return cls


def _refuse(record: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{name} of a {type(record).__name__} cannot be changed")

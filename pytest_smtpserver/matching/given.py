"""Arguments that a test gives besides criteria: a text, a path, or one or several of a kind.

Python's own error would name neither the argument nor what is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from .wording import shown


def text(name: str, value: object) -> str:
    """Return an argument that must be a str; raises `TypeError` for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{name}={shown(value)}: must be a str")
    return value


def text_or_none(name: str, value: object) -> str | None:
    """Return an argument that is a str or was not given; errors as for `text`."""
    return None if value is None else text(name, value)


def path(name: str, value: object) -> None:
    """Raise `TypeError` unless an argument is a path of text."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name}={shown(value)}: must be a str or a path")


def several(name: str, value: object, kinds: tuple[type, ...], words: str) -> list[Any]:
    """Return an argument that is one of these kinds, or has several of them, as a list.

    Raises `TypeError` for anything else; `words` are what it must be.
    """
    if isinstance(value, kinds):
        return [value]
    # To iterate over octets would give numbers.
    if isinstance(value, bytes | bytearray) or not isinstance(value, Iterable):
        raise TypeError(f"{name}={shown(value)}: must be {words}, or several")
    every = list(value)
    for one in every:
        if not isinstance(one, kinds):
            raise TypeError(f"{name} has {shown(one)}: must be {words}")
    return every

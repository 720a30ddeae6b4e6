"""What a setting's value must be: each check returns the value as it is kept, or raises.

It is given the value, and what the table says after its name.

A bare `ValueError` means that the value is none of what is allowed; a text in it says more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .mechanisms import missing_library
from .table import CERTIFICATES, MECHANISMS
from .users import Users

if TYPE_CHECKING:
    from collections.abc import Collection


def text(value: Any, pattern: str) -> object:
    """Check for a str of this form."""
    _require(isinstance(value, str) and re.fullmatch(pattern, value))
    return value


def one_of(value: Any, choices: Collection[str]) -> object:
    """Check for one of these."""
    _require(isinstance(value, str) and value in choices)
    return value


def whole_number(value: Any, lowest: int, highest: int | None = None) -> object:
    """Check for an int within these bounds."""
    _require(isinstance(value, int) and not isinstance(value, bool))
    _require(lowest <= value and (highest is None or value <= highest))
    return value


def yes_or_no(value: Any) -> object:
    """Check for a bool."""
    _require(isinstance(value, bool))
    return value


def seconds(value: Any) -> object:
    """Check for a time; it is kept as a float."""
    _require(isinstance(value, int | float) and not isinstance(value, bool))
    # Also false for what is no number; a day is longer than any test run.
    _require(0 <= value <= 86400)
    return float(value)


def extensions(value: Any, known: Collection[str]) -> object:
    """Check for keywords to offer, or to take away."""
    keywords = _upper(value)
    _require(all(one.removeprefix("-") in known for one in keywords))
    _require(len({one.startswith("-") for one in keywords}) <= 1)
    return keywords


def mechanisms(value: Any) -> object:
    """Check for names of SASL mechanisms, and for the libraries that they need."""
    names = _upper(value)
    _require(names and all(one in MECHANISMS for one in names))
    _require(len(set(names)) == len(names))
    for name in names:
        if library := missing_library(name):
            raise ValueError(
                f"{name} needs the library {library}: pip install pytest-smtpserver[scram]"
            )
    return names


def users(value: Any) -> object:
    """Check for user -> password; it is kept so that no password shows."""
    _require(isinstance(value, Mapping))
    return value if isinstance(value, Users) else Users(value)


def certificate(value: Any) -> object:
    """Check for a name, or for the path of a file, which is kept absolute."""
    _require(isinstance(value, str | os.PathLike))
    if value in CERTIFICATES:
        return value
    path = Path(value).absolute()
    _require(path.is_file())
    return str(path)


def _upper(value: Any) -> tuple[str, ...]:
    _require(isinstance(value, Iterable) and not isinstance(value, str | Mapping))
    words = tuple(value)
    _require(all(isinstance(one, str) for one in words))
    return tuple(one.upper() for one in words)


def _require(condition: object) -> None:
    if not condition:
        raise ValueError

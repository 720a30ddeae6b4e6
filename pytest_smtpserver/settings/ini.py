"""From what pytest read in a file to the value of a setting.

Each raises `ValueError`, whose text says what is wrong, for what has not the form of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .table import CERTIFICATES
from .users import Users

if TYPE_CHECKING:
    from pathlib import Path


def as_it_is(value: Any, directory: Path) -> object:
    """Return the value: pytest has brought it to its type."""
    return value


def users(lines: Any, directory: Path) -> object:
    """Return the users of lines like `name:password`."""
    return Users.from_lines(lines)


def certificate(value: Any, directory: Path) -> object:
    """Return a name, or a path, which starts where the file is."""
    return value if value in CERTIFICATES else directory / value

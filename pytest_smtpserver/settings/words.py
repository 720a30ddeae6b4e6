"""From words on a command line to the value of a setting."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

# As pytest reads them from a file.
_YES_OR_NO: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def value_of(name: str, words: str) -> object:
    """Return what `words` mean for a setting, not checked; the words themselves if it is unknown.

    Raises `SettingsError` for words that cannot be of its type.
    """
    if name not in SETTINGS:
        return words
    setting = SETTINGS[name]
    try:
        return setting.from_ini(_READERS[setting.ini_type](words), Path.cwd())
    except ValueError:
        raise setting.wrong(name, words, "") from None


def _yes_or_no(words: str) -> bool:
    if words.lower() not in _YES_OR_NO:
        raise ValueError
    return _YES_OR_NO[words.lower()]


#: For each type of an ini key, what reads the words.
_READERS: Final[dict[str, Callable[[str], object]]] = {
    "string": str,
    "int": int,
    "float": float,
    "bool": _yes_or_no,
    "args": shlex.split,
    "linelist": str.splitlines,
}

"""The settings: one frozen value, and one table of names, defaults and what is allowed.

The same table serves the ini keys, the marker, the factory and `SMTPServer`. Values are checked
when a `Settings` is made, so every `Settings` is valid.

* `table`: one row for each setting
* `checks`: what a value must be, how it is written in a file, and what a wrong one raises
* `keywords`: the names and types, for type checkers
* `users`: who may log in, without ever showing a password
* `words`: from words on a command line to a value
* `value`: `Settings`, and what one setting means for another. It is imported when the first server
  is set up: making the class would slow down each start of pytest
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .checks import EXTENSIONS, MECHANISMS, SettingsError
from .table import SETTINGS, Setting

if TYPE_CHECKING:
    from .value import DEFAULTS, Settings, check_each, check_effect, nearest_setting

__all__ = [
    "DEFAULTS",
    "EXTENSIONS",
    "MECHANISMS",
    "SETTINGS",
    "Setting",
    "Settings",
    "SettingsError",
    "check_each",
    "check_effect",
    "nearest_setting",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import value

    globals()[name] = found = getattr(value, name)
    return found

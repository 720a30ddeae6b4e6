"""The settings: one frozen value, and one table of names, defaults and what is allowed.

The same table serves the ini keys, the marker, the factory and `SMTPServer`. A value is checked
when a `Settings` is made, so whoever holds one holds a possible one.

* `table`: one row for each setting
* `following`: the defaults that follow from other settings
* `value`: `Settings`, imported when the first server is set up: every start of pytest would feel it
* `checks`: what a value must be, one kind a function
* `ini`: from what pytest read in a file to a value
* `together`: what the settings must be with one another
* `mechanisms`: what each SASL mechanism needs in order to serve
* `users`: who may log in, without ever showing a password
* `errors`: what a wrong setting raises
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .table import EXTENSIONS, MECHANISMS, SETTINGS, Setting

if TYPE_CHECKING:
    from .errors import SettingsError
    from .value import DEFAULTS, Settings, check_each

__all__ = [
    "DEFAULTS",
    "EXTENSIONS",
    "MECHANISMS",
    "SETTINGS",
    "Setting",
    "Settings",
    "SettingsError",
    "check_each",
]

_HOMES = {
    "DEFAULTS": "value",
    "Settings": "value",
    "SettingsError": "errors",
    "check_each": "value",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found

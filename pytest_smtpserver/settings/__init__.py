"""The settings: one frozen value, and one table of names, defaults and what is allowed.

The same table serves the ini keys, the marker, the factory and `SMTPServer`. Values are checked
when a `Settings` is made, so every `Settings` is valid.

* `table`: a row for each setting; each start of pytest imports only this file
* `checks`: what a value must be, in words and as a check
* `keywords`: the names and types, for type checkers
* `users`: who may log in, without ever showing a password
* `words`: from words on a command line to a value
* `value`: `Settings`, and what one setting means for another

The names below are imported when they are first used; otherwise each start of pytest would be
slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver import _imported_when_used

if TYPE_CHECKING:
    from .checks import MECHANISMS as MECHANISMS
    from .checks import SHOW_SECRET as SHOW_SECRET
    from .checks import SettingsError as SettingsError
    from .table import EXTENSIONS as EXTENSIONS
    from .table import SETTINGS as SETTINGS
    from .table import Setting as Setting
    from .value import DEFAULTS as DEFAULTS
    from .value import NEEDED as NEEDED
    from .value import SWITCHED_ON as SWITCHED_ON
    from .value import Settings as Settings
    from .value import check_each as check_each
    from .value import check_effect as check_effect
    from .value import nearest_setting as nearest_setting
    from .value import setting_by_meaning as setting_by_meaning

_HOMES = {
    "DEFAULTS": "value",
    "EXTENSIONS": "table",
    "MECHANISMS": "checks",
    "NEEDED": "value",
    "SETTINGS": "table",
    "SHOW_SECRET": "checks",
    "SWITCHED_ON": "value",
    "Setting": "table",
    "Settings": "value",
    "SettingsError": "checks",
    "check_each": "value",
    "check_effect": "value",
    "nearest_setting": "value",
    "setting_by_meaning": "value",
}

__all__ = sorted(_HOMES)


if not TYPE_CHECKING:  # pragma: no branch  # a type checker would let any name pass
    __getattr__ = _imported_when_used(__name__, _HOMES)

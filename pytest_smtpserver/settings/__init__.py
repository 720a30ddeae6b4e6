"""The settings: one frozen value, and one table of names, defaults and what is allowed.

The same table serves the ini keys, the marker, the factory and `SMTPServer`. A value is checked
when a `Settings` is made, so whoever holds one holds a possible one.

* `table`: `Settings`, one row for each setting
* `checks`: what a value must be, one kind a function
* `ini`: from what pytest read in a file to a value
* `together`: what the settings must be with one another
* `mechanisms`: the names of the SASL mechanisms, and what each needs in order to serve
* `users`: who may log in, without ever showing a password
"""

from .errors import SettingsError
from .mechanisms import MECHANISMS
from .table import DEFAULTS, EXTENSIONS, SETTINGS, Setting, Settings

__all__ = [
    "DEFAULTS",
    "EXTENSIONS",
    "MECHANISMS",
    "SETTINGS",
    "Setting",
    "Settings",
    "SettingsError",
]

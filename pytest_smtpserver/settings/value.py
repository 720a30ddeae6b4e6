"""The settings as one frozen value, which is checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from . import checks, following
from .errors import SettingsError
from .table import EXTENSIONS, FOLLOWS, SETTINGS
from .together import check_together

# What a test's author got wrong is shown at the line of the test, not in here.
__tracebackhide__ = True


def _default(name: str) -> Any:
    return SETTINGS[name].default


def check_each(given: Mapping[str, object]) -> None:
    """Raise `SettingsError` for an unknown name or an impossible value, each seen by itself."""
    if not isinstance(given, Mapping):
        raise SettingsError(f"settings are a mapping of names to values, not {given!r}")
    for name, value in given.items():
        if name not in SETTINGS:
            _raise_unknown(name)
        _checked(name, value)


def _checked(name: str, given: object) -> object:
    setting = SETTINGS[name]
    check, *arguments = setting.check
    try:
        return getattr(checks, check)(given, *arguments)
    except ValueError as error:
        raise setting.wrong(name, given, str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is set up; raises `SettingsError` for a value that is not possible.

    `changed` gives a checked copy, in which what follows from other settings follows again.
    """

    host: str = _default("host")
    port: int = _default("port")
    hostname: str = _default("hostname")
    protocol: str = _default("protocol")
    tls: str = _default("tls")
    tls_required: bool = _default("tls_required")
    certificate: str = _default("certificate")
    auth: str = _default("auth")
    users: Mapping[str, str] = _default("users")
    mechanisms: tuple[str, ...] = _default("mechanisms")
    auth_needs_tls: bool = _default("auth_needs_tls")
    max_message_size: int = _default("max_message_size")
    max_recipients: int = _default("max_recipients")
    max_connections: int = _default("max_connections")
    extensions: tuple[str, ...] = _default("extensions")
    wait_timeout: float = _default("wait_timeout")
    idle_timeout: float = _default("idle_timeout")
    strict: bool = _default("strict")
    #: The names of those that were not given, and follow from the others.
    _following: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        not_given = frozenset(name for name in SETTINGS if getattr(self, name) is FOLLOWS)
        object.__setattr__(self, "_following", not_given)
        for name, setting in SETTINGS.items():
            # The defaults are possible (our tests check them), and are what most of them are.
            if getattr(self, name) is not setting.default:
                self._check(name)
        # In the order of the table: one may follow from another.
        for name, setting in SETTINGS.items():
            if name in not_given:
                object.__setattr__(self, name, getattr(following, setting.follows)(self))
        check_together(self)

    def _check(self, name: str) -> None:
        given = getattr(self, name)
        checked = _checked(name, given)
        if checked is not given:
            object.__setattr__(self, name, checked)

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return a copy with some values replaced; raises `SettingsError` naming the culprit."""
        if not changes:
            return self
        for name in changes:
            if name not in SETTINGS:
                _raise_unknown(name)
        # What was worked out from the old values must not stand as if it had been given.
        values = {name: getattr(self, name) for name in SETTINGS}
        values |= dict.fromkeys(self._following, FOLLOWS) | dict(changes)
        return Settings(**values)  # checked in __post_init__

    @property
    def offered_extensions(self) -> tuple[str, ...]:
        """The keywords that `extensions` comes to, in the order of the reply to EHLO."""
        named = {one.removeprefix("-") for one in self.extensions}
        takes_away = any(one.startswith("-") for one in self.extensions)
        return tuple(one for one in EXTENSIONS if (one in named) is not takes_away)


#: What one gets without setting anything.
DEFAULTS = Settings()


def _raise_unknown(name: str) -> NoReturn:
    from difflib import get_close_matches

    nearest = get_close_matches(name, SETTINGS, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise SettingsError(f"unknown setting {name!r}: {hint}known are {', '.join(SETTINGS)}")

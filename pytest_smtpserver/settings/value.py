"""The settings as one frozen value, which is checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from .checks import EXTENSIONS, NEED_PASSWORD, SettingsError, mechanisms_for
from .table import FOLLOWS, SETTINGS
from .users import Users

if TYPE_CHECKING:
    from collections.abc import Callable

# Errors in a test's arguments show at the test's line.
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
    try:
        return setting.check(given)
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
            # Defaults are valid (our tests check them), and most values are defaults.
            if getattr(self, name) is not setting.default:
                self._check(name)
        for name, follow in _FOLLOWING.items():
            if name in not_given:
                object.__setattr__(self, name, follow(self))
        _check_together(self)

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


#: The defaults that follow from other settings, in an order in which each finds what it needs.
_FOLLOWING: Mapping[str, Callable[[Settings], object]] = {
    "users": lambda settings: Users({}),
    "mechanisms": lambda settings: mechanisms_for(settings.users),
    "auth_needs_tls": lambda settings: settings.tls != "off",
}


def _check_together(settings: Settings) -> None:
    """Raise `SettingsError`, with the names of both, for two settings that exclude each other."""
    if settings.tls_required and settings.tls == "off":
        raise SettingsError(
            "tls_required=True with tls='off': no client could ever send mail; "
            "tls must be 'starttls' or 'implicit'"
        )
    if settings.auth == "off" or settings.users:
        return
    for name in settings.mechanisms:
        if name in NEED_PASSWORD:
            raise SettingsError(
                f"mechanisms={settings.mechanisms!r} with users={{}}: {name} cannot let anyone in "
                "without knowing the password; give the users, or leave it out"
            )


#: What you get without setting anything.
DEFAULTS = Settings()


def _raise_unknown(name: str) -> NoReturn:
    from difflib import get_close_matches

    nearest = get_close_matches(name, SETTINGS, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise SettingsError(f"unknown setting {name!r}: {hint}known are {', '.join(SETTINGS)}")

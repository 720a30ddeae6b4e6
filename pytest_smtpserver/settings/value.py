"""The settings as one frozen value, which is checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_smtpserver.frozen import frozen, later
from pytest_smtpserver.suggesting import suggesting

from .checks import SettingsError, can_serve, mechanisms_for
from .table import EXTENSIONS, FOLLOWS, SETTINGS
from .users import Users

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True


def _default(name: str) -> Any:
    return SETTINGS[name].default


def check_each(given: Mapping[str, object]) -> None:
    """Raise `SettingsError` for an unknown name or an impossible value; each is checked alone."""
    if not isinstance(given, Mapping):
        raise SettingsError(f"settings must be a mapping of names to values, not {given!r}")
    for name, value in given.items():
        if name not in SETTINGS:
            _raise_unknown(name, value)
        _checked(name, value)


def _checked(name: str, given: object) -> object:
    setting = SETTINGS[name]
    try:
        return setting.check(given)
    except ValueError as error:
        raise setting.wrong(name, given, str(error)) from None


@suggesting
@frozen(kw_only=True)
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
    tls_versions: tuple[str, ...] = _default("tls_versions")
    client_certificate: str = _default("client_certificate")
    certificate: str = _default("certificate")
    auth: str = _default("auth")
    users: Users = _default("users")  # it is immutable
    mechanisms: tuple[str, ...] = _default("mechanisms")
    auth_needs_tls: bool = _default("auth_needs_tls")
    max_message_size: int = _default("max_message_size")
    max_recipients: int = _default("max_recipients")
    max_connections: int = _default("max_connections")
    extensions: tuple[str, ...] = _default("extensions")
    wait_timeout: float = _default("wait_timeout")
    idle_timeout: float = _default("idle_timeout")
    strict: bool = _default("strict")
    #: The names of the settings that were not given, and follow from others.
    _following: frozenset[str] = later()

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

    def __hash__(self) -> int:
        # Each start of a server looks up the offer of its settings. Some fields are enough.
        return hash((self.hostname, self.protocol, self.tls, self.auth, self.extensions))

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return a copy with some values replaced; raises `SettingsError` naming the culprit."""
        if not changes:
            return self
        for name, value in changes.items():
            if name not in SETTINGS:
                _raise_unknown(name, value)
        # What followed from the old values was not given: it must follow from the new ones.
        values = {name: getattr(self, name) for name in SETTINGS}
        values |= dict.fromkeys(self._following, FOLLOWS) | dict(changes)
        return Settings(**values)  # checked in __post_init__

    @property
    def offered_extensions(self) -> tuple[str, ...]:
        """The keywords that result from `extensions`, in the order of the reply to EHLO."""
        keywords = [one for one in self.extensions if not one.startswith("+")]
        named = {one.removeprefix("-") for one in keywords}
        # Only lines to announce in addition: nothing was chosen or taken away.
        only_besides = bool(self.extensions) and not keywords
        takes_away = only_besides or any(one.startswith("-") for one in keywords)
        return tuple(one for one in EXTENSIONS if (one in named) is not takes_away)

    @property
    def announced_besides(self) -> tuple[str, ...]:
        """The lines that the reply to EHLO has in addition, after those of the extensions."""
        return tuple(one[1:] for one in self.extensions if one.startswith("+"))


#: The defaults that follow from other settings; each comes after those that it needs.
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
    if settings.auth == "off":
        return
    for name in settings.mechanisms:
        if not can_serve(name, settings.users):
            raise SettingsError(
                f"mechanisms={settings.mechanisms!r} with users={settings.users!r}: {name} cannot "
                "let anyone in without knowing the password; give the users, or leave it out"
            )


#: What you get without setting anything.
DEFAULTS = Settings()


#: What must be switched on so that a setting has an effect.
NEEDED: Mapping[str, str] = {
    "users": "auth",
    "mechanisms": "auth",
    "certificate": "tls",
    "tls_versions": "tls",
    "client_certificate": "tls",
}
#: How to switch it on.
SWITCHED_ON: Mapping[str, str] = {
    "auth": "auth='optional' or auth='required'",
    "tls": "tls='starttls' or tls='implicit'",
}


def check_effect(settings: Settings, given: Collection[str]) -> None:
    """Raise `SettingsError` if one of the given settings has no effect on such a server."""
    for name in given:
        needed = NEEDED.get(name)
        if needed and getattr(settings, needed) == "off" and not _is_default(settings, name):
            shown = name if SETTINGS[name].is_secret else f"{name}={getattr(settings, name)!r}"
            add = SWITCHED_ON[needed]
            raise SettingsError(f"{shown} has no effect with {needed}='off': add {add}")


def _is_default(settings: Settings, name: str) -> bool:
    return bool(getattr(settings, name) == getattr(DEFAULTS, name))


# No setting has such a name, but a value given under it may be a secret: it must not be shown.
_SECRETIVE = ("user", "pass", "pwd", "login", "cred", "secret", "token", "account", "key")


def _raise_unknown(name: str, value: object) -> NoReturn:
    nearest = nearest_setting(name)
    hint = f"did you mean {nearest!r}? " if nearest else ""
    given = "" if nearest and SETTINGS[nearest].is_secret else f"its value was {value!r}; "
    known = ", ".join(SETTINGS)
    raise SettingsError(f"unknown setting {name!r}: {hint}{given}the settings are {known}")


#: Names that other tools and people use, by the setting that they mean.
_SYNONYMS: Mapping[str, str] = {
    "auth": "auth_required require_auth authentication authenticate",
    "certificate": "cert certfile cert_file tls_cert ssl_cert",
    "client_certificate": "client_cert mtls mutual_tls",
    "extensions": "capabilities esmtp features",
    "host": "address bind bind_host interface ip listen",
    "hostname": "banner domain fqdn greeting local_hostname server_name",
    "idle_timeout": "client_timeout connection_timeout session_timeout",
    "max_message_size": "data_size_limit max_size message_size size size_limit",
    "max_recipients": "max_rcpt rcpt_limit",
    "mechanisms": "auth_mechanisms auth_methods sasl",
    "protocol": "lmtp scheme",
    "tls": "encryption secure security ssl start_tls starttls use_ssl use_tls",
    "tls_required": "force_tls require_starttls require_tls tls_only",
    "wait_timeout": "timeout",
}


def nearest_setting(name: str, besides: Collection[str] = ()) -> str | None:
    """Return the setting that an unknown name was probably meant to be, or `None`.

    By meaning first, then by spelling. `besides` are further names that may have been meant.
    """
    from difflib import get_close_matches

    alike = get_close_matches(str(name).lower(), [*SETTINGS, *besides], n=1)
    return setting_by_meaning(name) or next(iter(alike), None)


def setting_by_meaning(name: str) -> str | None:
    """Return the setting for which other tools and people use this name, or `None`."""
    lower = str(name).lower()
    if any(word in lower for word in _SECRETIVE):
        return "users"
    meant = (one for one, synonyms in _SYNONYMS.items() if lower in synonyms.split())
    return next(meant, None)

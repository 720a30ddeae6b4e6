"""The settings: one frozen value, and one table of names, defaults and what is allowed.

The same table serves the ini keys, the marker, the factory and `SMTPServer`. A value is checked
when a `Settings` is made, so whoever holds one holds a possible one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

#: The service extensions that can be offered, in the order of the reply to EHLO. What each of
#: them means is written in `smtp/extensions.py`.
EXTENSIONS = (
    "PIPELINING",
    "SIZE",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "DSN",
    "DELIVERBY",
    "MT-PRIORITY",
    "FUTURERELEASE",
    "LIMITS",
    "REQUIRETLS",
)

# RFC 5321 section 4.1.2: sub-domain *("." sub-domain), or an address literal.
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?|\[[!-Z^-~]+\]")


class SettingsError(ValueError):
    """A setting that does not exist, or a value that is not possible for it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is allowed for one setting: its text names it, `check` returns the value or raises."""

    allowed: str
    check: Callable[[Any], object]
    #: The type of the ini key, as `pytest.Parser.addini` calls it.
    ini_type: str
    help: str


def _text(pattern: re.Pattern[str]) -> Callable[[Any], object]:
    def check(value: Any) -> object:
        _require(isinstance(value, str) and pattern.fullmatch(value))
        return value

    return check


def _whole_number(lowest: int, highest: int | None = None) -> Callable[[Any], object]:
    def check(value: Any) -> object:
        _require(isinstance(value, int) and not isinstance(value, bool))
        _require(lowest <= value and (highest is None or value <= highest))
        return value

    return check


def _seconds(value: Any) -> object:
    _require(isinstance(value, int | float) and not isinstance(value, bool))
    # Also false for what is no number; a day is longer than any test run.
    _require(0 <= value <= 86400)
    return float(value)


def _extensions(value: Any) -> object:
    _require(isinstance(value, Iterable) and not isinstance(value, str | Mapping))
    keywords = tuple(value)
    _require(all(isinstance(one, str) for one in keywords))
    keywords = tuple(one.upper() for one in keywords)
    _require(all(one.removeprefix("-") in EXTENSIONS for one in keywords))
    _require(len({one.startswith("-") for one in keywords}) <= 1)
    return keywords


def _require(condition: object) -> None:
    if not condition:
        raise ValueError


def _setting(
    default: Any,
    ini_type: str,
    allowed: str,
    check: Callable[[Any], object],
    *,
    help: str,  # noqa: A002
) -> Any:
    setting = Setting(allowed=allowed, check=check, ini_type=ini_type, help=help)
    return field(default=default, metadata={"setting": setting})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is set up; raises `SettingsError` for a value that is not possible.

    `dataclasses.replace` and `changed` give a checked copy.
    """

    host: str = _setting(
        "127.0.0.1",
        "string",
        "an IP address or the name of one of this machine's interfaces",
        _text(re.compile(r"[A-Za-z0-9.:%_\-]+")),
        help="address to bind",
    )
    port: int = _setting(
        0,
        "int",
        "a whole number from 0 to 65535 (0 = chosen by the system)",
        _whole_number(0, 65535),
        help="port to bind; 0 = chosen by the system",
    )
    hostname: str = _setting(
        "smtpserver.test",
        "string",
        "a domain name or an address literal",
        _text(_HOSTNAME),
        help="domain in the greeting and in the reply to EHLO",
    )
    max_message_size: int = _setting(
        # 32 MiB; arbitrary, and more than most servers of the field take.
        33_554_432,
        "int",
        "a whole number of octets from 0 (0 = no limit)",
        _whole_number(0),
        help="octets that a message may have, announced as SIZE; 0 = no limit",
    )
    max_recipients: int = _setting(
        # RFC 5321 section 4.5.3.1.8 asks for at least 100.
        1000,
        "int",
        "a whole number from 1",
        _whole_number(1),
        help="recipients that a transaction may have; the next is refused with 452",
    )
    max_connections: int = _setting(
        0,
        "int",
        "a whole number from 0 (0 = no limit)",
        _whole_number(0),
        help="clients at once; the next gets 421; 0 = no limit",
    )
    extensions: tuple[str, ...] = _setting(
        EXTENSIONS,
        "args",
        f"a list of keywords to offer, or of keywords to take away with '-' before each "
        f"(not both), from {', '.join(EXTENSIONS)}",
        _extensions,
        help="EHLO keywords to offer, or, each with '-' before it, to take away",
    )
    wait_timeout: float = _setting(
        2.0,
        "float",
        "a number of seconds from 0 to 86400",
        _seconds,
        help="seconds that a waiting method waits when it is given no timeout",
    )
    idle_timeout: float = _setting(
        30.0,
        "float",
        "a number of seconds from 0 to 86400",
        _seconds,
        help="seconds that the server awaits the client before 421",
    )

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            given = getattr(self, name)
            try:
                checked = setting.check(given)
            except ValueError:
                raise SettingsError(f"{name}={given!r}: allowed is {setting.allowed}") from None
            if checked is not given:
                object.__setattr__(self, name, checked)

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return a copy with some values replaced; raises `SettingsError` naming the culprit."""
        if not changes:
            return self
        for name in changes:
            if name not in SETTINGS:
                _raise_unknown(name)
        return replace(self, **changes)  # type: ignore[arg-type]  # checked in __post_init__

    @property
    def offered_extensions(self) -> tuple[str, ...]:
        """The keywords that `extensions` comes to, in the order of the reply to EHLO."""
        named = {one.removeprefix("-") for one in self.extensions}
        takes_away = any(one.startswith("-") for one in self.extensions)
        return tuple(one for one in EXTENSIONS if (one in named) is not takes_away)


#: name -> what is allowed for it.
SETTINGS: Mapping[str, Setting] = {one.name: one.metadata["setting"] for one in fields(Settings)}

#: What one gets without setting anything.
DEFAULTS = Settings()


def _raise_unknown(name: str) -> NoReturn:
    from difflib import get_close_matches

    nearest = get_close_matches(name, SETTINGS, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise SettingsError(f"unknown setting {name!r}: {hint}known are {', '.join(SETTINGS)}")

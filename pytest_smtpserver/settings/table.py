"""The table of settings: what is allowed for each of the names in `keys`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from . import checks
from .checks import CERTIFICATES, MECHANISMS, TLS_VERSIONS, SettingsError
from .keys import EXTENSIONS, KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .keys import Key

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

# RFC 5321 section 4.1.2: sub-domain *("." sub-domain), or an address literal.
_HOSTNAME = r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?|\[[!-Z^-~]+\]"


class Setting(NamedTuple):
    """What is allowed for one setting, in words and as a check."""

    default: Any
    #: The type of the ini key, as `pytest.Parser.addini` calls it.
    ini_type: str
    allowed: str
    #: Returns the value as it is kept, or raises `ValueError`.
    check: Callable[[Any], object]
    help: str
    #: Turns what pytest read in a file into a value; it also gets the file's directory.
    from_ini: Callable[[Any, Path], object] = checks.as_read
    #: The default in words, if the value alone does not explain it.
    default_text: str = ""
    #: Whether no message may show the value.
    is_secret: bool = False

    def wrong(self, name: str, given: object, why: str) -> SettingsError:
        """Return the error that says why a value is wrong, and what is allowed."""
        shown = name if self.is_secret else f"{name}={given!r}"
        return SettingsError(f"{shown}: {f'{why}; ' if why else ''}must be {self.allowed}")


#: name -> what is allowed in words, the check, and what turns a file's text into a value.
_ALLOWED: Mapping[str, tuple[str, Callable[[Any], object], Callable[[Any, Path], object]]] = {
    "host": (
        (
            "an IP address or the name of one of this machine's interfaces, or unix: and "
            "the path of a socket"
        ),
        checks.host,
        checks.host_in_a_file,
    ),
    "port": (
        "a whole number from 0 to 65535 (0 = chosen by the system)",
        partial(checks.whole_number, lowest=0, highest=65535),
        checks.as_read,
    ),
    "hostname": (
        "a domain name or an address literal",
        partial(checks.text, pattern=_HOSTNAME),
        checks.as_read,
    ),
    "protocol": (
        "'smtp' or 'lmtp'",
        partial(checks.one_of, choices=("smtp", "lmtp")),
        checks.as_read,
    ),
    "tls": (
        "'off', 'starttls' or 'implicit'",
        partial(checks.one_of, choices=("off", "starttls", "implicit")),
        checks.as_read,
    ),
    "tls_required": (
        "true or false",
        checks.yes_or_no,
        checks.as_read,
    ),
    "tls_versions": (
        f"a list of at least one of {', '.join(TLS_VERSIONS)}, which the local OpenSSL must have",
        checks.tls_versions,
        checks.as_read,
    ),
    "client_certificate": (
        "'off', 'optional' or 'required'",
        partial(checks.one_of, choices=("off", "optional", "required")),
        checks.as_read,
    ),
    "certificate": (
        (
            f"one of {', '.join(map(repr, CERTIFICATES))}, or the path of a PEM file that has "
            "the chain and the key"
        ),
        checks.certificate,
        checks.certificate_in_a_file,
    ),
    "auth": (
        "'off', 'optional' or 'required'",
        partial(checks.one_of, choices=("off", "optional", "required")),
        checks.as_read,
    ),
    "users": (
        (
            "a mapping of user names to passwords, each a str or a tuple of several, or a callable "
            "(mechanism, name, secret); in a file, one name:password a line"
        ),
        checks.users,
        checks.users_in_a_file,
    ),
    "mechanisms": (
        f"a list of at least one of {', '.join(MECHANISMS)}, none of them twice",
        checks.mechanisms,
        checks.as_read,
    ),
    "auth_needs_tls": (
        "true or false",
        checks.yes_or_no,
        checks.as_read,
    ),
    "max_message_size": (
        "a whole number of octets from 0 (0 = no limit)",
        partial(checks.whole_number, lowest=0),
        checks.as_read,
    ),
    "max_recipients": (
        "a whole number from 1",
        partial(checks.whole_number, lowest=1),
        checks.as_read,
    ),
    "max_connections": (
        "a whole number from 0 (0 = no limit)",
        partial(checks.whole_number, lowest=0),
        checks.as_read,
    ),
    "extensions": (
        (
            f"a list of keywords to offer, or of keywords to take away with '-' before each "
            f"(not both), from {', '.join(EXTENSIONS)}; besides, lines to announce, each with '+' "
            "before it"
        ),
        checks.extensions,
        checks.as_read,
    ),
    "wait_timeout": (
        "a number of seconds from 0 to 86400",
        checks.seconds,
        checks.as_read,
    ),
    "idle_timeout": (
        "a number of seconds from 0 to 86400",
        checks.seconds,
        checks.as_read,
    ),
    "strict": (
        "true or false",
        checks.yes_or_no,
        checks.as_read,
    ),
}


def _setting(name: str, key: Key) -> Setting:
    allowed, check, from_ini = _ALLOWED[name]
    return Setting(
        key.default,
        key.ini_type,
        allowed,
        check,
        key.meaning,
        from_ini,
        key.default_text,
        key.is_secret,
    )


#: name -> what is allowed for it.
SETTINGS: Mapping[str, Setting] = {name: _setting(name, key) for name, key in KEYS.items()}

"""The table of settings: names, defaults with their reasons, and what is allowed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import checks
from .checks import CERTIFICATES, EXTENSIONS, MECHANISMS, TLS_VERSIONS, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

# RFC 5321 section 4.1.2: sub-domain *("." sub-domain), or an address literal.
_HOSTNAME = r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?|\[[!-Z^-~]+\]"


#: Stands for a value that follows from other settings until it is given.
FOLLOWS: Final[Any] = object()


class Setting(NamedTuple):
    """What is allowed for one setting, in words and as a check."""

    default: Any
    #: The type of the ini key, as `pytest.Parser.addini` calls it.
    ini_type: str
    allowed: str
    #: Returns the value as it is kept, or raises `ValueError`.
    check: Callable[[Any], object]
    help: str
    #: Makes a value of what pytest read in a file; it is given the file's directory, too.
    from_ini: Callable[[Any, Path], object] = checks.as_read
    #: The default in words, where the value does not say it.
    default_text: str = ""
    #: Whether no message may show the value.
    is_secret: bool = False

    def wrong(self, name: str, given: object, why: str) -> SettingsError:
        """Return the error that says what is wrong with a value, and what is allowed."""
        shown = name if self.is_secret else f"{name}={given!r}"
        return SettingsError(f"{shown}: {f'{why}; ' if why else ''}must be {self.allowed}")


#: name -> what is allowed for it.
SETTINGS: Mapping[str, Setting] = {
    "host": Setting(
        "127.0.0.1",
        "string",
        "an IP address or the name of one of this machine's interfaces, or unix: and the path of "
        "a socket",
        checks.host,
        from_ini=checks.host_in_a_file,
        help="address to bind, or 'unix:' and the path of a socket",
    ),
    "port": Setting(
        0,
        "int",
        "a whole number from 0 to 65535 (0 = chosen by the system)",
        partial(checks.whole_number, lowest=0, highest=65535),
        help="port to bind; 0 = chosen by the system",
    ),
    "hostname": Setting(
        "smtpserver.test",
        "string",
        "a domain name or an address literal",
        partial(checks.text, pattern=_HOSTNAME),
        help="domain in the greeting and in the reply to EHLO",
    ),
    "protocol": Setting(
        "smtp",
        "string",
        "'smtp' or 'lmtp'",
        partial(checks.one_of, choices=("smtp", "lmtp")),
        help="'smtp', or 'lmtp' (RFC 2033)",
    ),
    "tls": Setting(
        "off",
        "string",
        "'off', 'starttls' or 'implicit'",
        partial(checks.one_of, choices=("off", "starttls", "implicit")),
        help="'off', 'starttls' (RFC 3207) or 'implicit' (RFC 8314)",
    ),
    "tls_required": Setting(
        False,
        "bool",
        "true or false",
        checks.yes_or_no,
        help="whether mail before TLS is refused with 530",
    ),
    "tls_versions": Setting(
        # RFC 8996 deprecates the older ones.
        ("TLSv1.2", "TLSv1.3"),
        "args",
        f"a list of at least one of {', '.join(TLS_VERSIONS)}, which the local OpenSSL must have",
        checks.tls_versions,
        default_text="TLSv1.2 and TLSv1.3",
        help="versions of TLS that the server speaks",
    ),
    "client_certificate": Setting(
        "off",
        "string",
        "'off', 'optional' or 'required'",
        partial(checks.one_of, choices=("off", "optional", "required")),
        help="whether the client is asked for a certificate of the run's authority",
    ),
    "certificate": Setting(
        "valid",
        "string",
        f"one of {', '.join(map(repr, CERTIFICATES))}, or the path of a PEM file that has "
        "the chain and the key",
        checks.certificate,
        from_ini=checks.certificate_in_a_file,
        help="certificate to show: 'valid', 'expired', 'wrong-host', 'untrusted' or a PEM file",
    ),
    "auth": Setting(
        "off",
        "string",
        "'off', 'optional' or 'required'",
        partial(checks.one_of, choices=("off", "optional", "required")),
        help="whether AUTH is offered: 'off', 'optional', or 'required' before mail",
    ),
    "users": Setting(
        FOLLOWS,
        "linelist",
        "a mapping of user names to passwords, each a str or a tuple of several, or a callable "
        "(mechanism, name, secret); in a file, one name:password a line",
        checks.users,
        from_ini=checks.users_in_a_file,
        default_text="none",
        is_secret=True,
        help="who may log in, one name:password a line; without any, everyone",
    ),
    "mechanisms": Setting(
        FOLLOWS,
        "args",
        f"a list of at least one of {', '.join(MECHANISMS)}, none of them twice",
        checks.mechanisms,
        default_text="all that can serve",
        help="SASL mechanisms to offer, in order",
    ),
    "auth_needs_tls": Setting(
        FOLLOWS,
        "bool",
        "true or false",
        checks.yes_or_no,
        default_text="true when tls is not 'off'",
        help="whether AUTH is neither offered nor accepted on plain text",
    ),
    "max_message_size": Setting(
        # 32 MiB; arbitrary, and more than most servers of the field take.
        33_554_432,
        "int",
        "a whole number of octets from 0 (0 = no limit)",
        partial(checks.whole_number, lowest=0),
        help="octets that a message may have, announced as SIZE; 0 = no limit",
    ),
    "max_recipients": Setting(
        # RFC 5321 section 4.5.3.1.8 asks for at least 100.
        1000,
        "int",
        "a whole number from 1",
        partial(checks.whole_number, lowest=1),
        help="recipients that a transaction may have; the next is refused with 452",
    ),
    "max_connections": Setting(
        0,
        "int",
        "a whole number from 0 (0 = no limit)",
        partial(checks.whole_number, lowest=0),
        help="clients at once; the next gets 421; 0 = no limit",
    ),
    "extensions": Setting(
        EXTENSIONS,
        "args",
        f"a list of keywords to offer, or of keywords to take away with '-' before each "
        f"(not both), from {', '.join(EXTENSIONS)}; besides, lines to announce, each with '+' "
        "before it",
        checks.extensions,
        default_text=f"all of {', '.join(EXTENSIONS)}",
        help="EHLO keywords to offer, or, each with '-' before it, to take away; with '+' before "
        "it a line to announce besides",
    ),
    "wait_timeout": Setting(
        2.0,
        "float",
        "a number of seconds from 0 to 86400",
        checks.seconds,
        help="seconds that a waiting method waits when it is given no timeout",
    ),
    "idle_timeout": Setting(
        30.0,
        "float",
        "a number of seconds from 0 to 86400",
        checks.seconds,
        help="seconds that the server awaits the client before 421",
    ),
    "strict": Setting(
        False,
        "bool",
        "true or false",
        checks.yes_or_no,
        help="whether a protocol violation by the client fails the test at teardown",
    ),
}

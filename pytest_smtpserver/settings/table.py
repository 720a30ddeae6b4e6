"""The table of settings: a row has the default, the key in the file, and what is allowed.

Each start of pytest imports this file, in every environment that has the plugin. So it imports only
what is already imported, and `Setting` is a plain class: making a `NamedTuple` or a data class runs
generated code, which takes longer than all the rows. A row names its check in a lambda, which gets
the module `checks` when a value is checked for the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import ModuleType

    from .checks import Allowed, SettingsError

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

#: The default of a setting whose value follows from other settings unless it is given.
FOLLOWS: Final[Any] = object()

#: The service extensions that can be offered, in the order of the reply to EHLO. What each of them
#: means is in `smtp/extensions.py`.
EXTENSIONS: tuple[str, ...] = (
    "PIPELINING",
    "SIZE",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "CHUNKING",
    "BINARYMIME",
    "DSN",
    "DELIVERBY",
    "MT-PRIORITY",
    "FUTURERELEASE",
    "LIMITS",
    "REQUIRETLS",
)

# RFC 5321 section 4.1.2: sub-domain *("." sub-domain), or an address literal. A label has at most
# 63 octets (RFC 1035 section 2.3.4), a domain 255 (RFC 5321 section 4.5.3.1.2).
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = rf"(?!.{{256}})(?:{_LABEL}(?:\.{_LABEL})*|\[[!-Z^-~]+\])"


class Setting:
    """One setting's default, how it is written in a file, and what is allowed for it."""

    __slots__ = ("_allow", "default", "default_text", "ini_type", "is_secret", "meaning")

    def __init__(
        self,
        default: Any,
        ini_type: str,
        meaning: str,
        allow: Callable[[ModuleType], Allowed],
        *,
        default_text: str = "",
        is_secret: bool = False,
    ) -> None:
        self.default = default
        #: The type of the ini key, as `pytest.Parser.addini` calls it.
        self.ini_type = ini_type
        self.meaning = meaning
        #: The default in words, if the value alone does not explain it.
        self.default_text = default_text
        #: Whether no message may show the value.
        self.is_secret = is_secret
        self._allow = allow

    @property
    def allowed(self) -> str:
        """What is allowed, in words that follow "must be"."""
        return self._allowed.words

    def check(self, value: object) -> object:
        """Return the value as it is kept; raises `ValueError`, with the reason if there is one."""
        return self._allowed.check(value)

    def from_ini(self, read: Any, directory: Path) -> object:
        """Return the value of what pytest has read in a file of this directory."""
        return self._allowed.from_ini(read, directory)

    def wrong(self, name: str, given: object, why: str) -> SettingsError:
        """Return the error that says why a value is wrong, and what is allowed."""
        from .checks import SettingsError

        # A PEM text may be given in place of a path.
        shown = f"{name}={given!r}"
        shown = name if self.is_secret or "PRIVATE KEY" in shown else shown
        return SettingsError(f"{shown}: {f'{why}; ' if why else ''}must be {self.allowed}")

    @property
    def _allowed(self) -> Allowed:
        from . import checks

        return self._allow(checks)


#: name -> the setting.
SETTINGS: Mapping[str, Setting] = {
    "host": Setting(
        "127.0.0.1",
        "string",
        "address to bind, or 'unix:' and the path of a socket",
        lambda checks: checks.host(),
    ),
    "port": Setting(
        0,
        "int",
        "port to bind; 0 = chosen by the system",
        lambda checks: checks.whole_number(0, 65535, zero="chosen by the system"),
    ),
    "hostname": Setting(
        "smtpserver.test",
        "string",
        "domain in the greeting and in the reply to EHLO",
        lambda checks: checks.text(_HOSTNAME, "a domain name or an address literal"),
    ),
    "protocol": Setting(
        "smtp",
        "string",
        "'smtp', or 'lmtp' (RFC 2033)",
        lambda checks: checks.one_of("smtp", "lmtp"),
    ),
    "tls": Setting(
        "off",
        "string",
        "'off', 'starttls' (RFC 3207) or 'implicit' (RFC 8314)",
        lambda checks: checks.one_of("off", "starttls", "implicit"),
    ),
    "tls_required": Setting(
        False,
        "bool",
        "whether mail before TLS is refused with 530",
        lambda checks: checks.yes_or_no(),
    ),
    "tls_versions": Setting(
        # RFC 8996 deprecates the older ones.
        ("TLSv1.2", "TLSv1.3"),
        "args",
        "versions of TLS that the server speaks",
        lambda checks: checks.tls_versions(),
        default_text="TLSv1.2 and TLSv1.3",
    ),
    "client_certificate": Setting(
        "off",
        "string",
        "whether the client is asked for a certificate of the run's authority",
        lambda checks: checks.one_of("off", "optional", "required"),
    ),
    "certificate": Setting(
        "valid",
        "string",
        "certificate to show: 'valid', 'expired', 'wrong-host', 'untrusted' or a PEM file",
        lambda checks: checks.certificate(),
    ),
    "auth": Setting(
        "off",
        "string",
        "whether AUTH is offered: 'off', 'optional', or 'required' before mail",
        lambda checks: checks.one_of("off", "optional", "required"),
    ),
    "users": Setting(
        FOLLOWS,
        "linelist",
        "who may log in, one name:password a line; without any, everyone",
        lambda checks: checks.users(),
        default_text="none",
        is_secret=True,
    ),
    "mechanisms": Setting(
        FOLLOWS,
        "args",
        "SASL mechanisms to offer, in order",
        lambda checks: checks.mechanisms(),
        default_text="all that can serve",
    ),
    "auth_needs_tls": Setting(
        FOLLOWS,
        "bool",
        "whether AUTH is neither offered nor accepted on plain text",
        lambda checks: checks.yes_or_no(),
        default_text="true when tls is not 'off'",
    ),
    "max_message_size": Setting(
        # 32 MiB; arbitrary, and more than most servers of the field take.
        33_554_432,
        "int",
        "octets that a message may have, announced as SIZE; 0 = no limit",
        lambda checks: checks.whole_number(0, unit="octets", zero="no limit"),
    ),
    "max_recipients": Setting(
        # RFC 5321 section 4.5.3.1.8 asks for at least 100.
        1000,
        "int",
        "recipients that a transaction may have; the next is refused with 452",
        lambda checks: checks.whole_number(1),
    ),
    "max_connections": Setting(
        0,
        "int",
        "clients that may be connected at once; the next one gets 421; 0 = no limit",
        lambda checks: checks.whole_number(0, zero="no limit"),
    ),
    "extensions": Setting(
        EXTENSIONS,
        "args",
        "EHLO keywords to offer, or to leave out with '-' before each; a line with '+' before it "
        "is announced as well",
        lambda checks: checks.extensions(),
        default_text=f"all of {', '.join(EXTENSIONS)}",
    ),
    "wait_timeout": Setting(
        2.0,
        "float",
        "seconds that a waiting method waits when it is given no timeout",
        lambda checks: checks.seconds(),
    ),
    "idle_timeout": Setting(
        30.0,
        "float",
        "seconds that a client may be silent before it gets 421",
        lambda checks: checks.seconds(),
    ),
    "strict": Setting(
        False,
        "bool",
        "whether a protocol violation by the client fails the test at teardown",
        lambda checks: checks.yes_or_no(),
    ),
}

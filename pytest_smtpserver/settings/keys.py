"""What pytest must know about each setting when it starts: its default, and its key in the file.

Each start of pytest imports this file, in every environment that has the plugin. So it imports only
what is already imported, and `Key` is a plain class: making a `NamedTuple` or a data class runs
generated code, which takes longer than all the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The default of a setting whose value follows from other settings unless it is given.
FOLLOWS: Final[Any] = object()

#: The service extensions that can be offered, in the order of the reply to EHLO. What each of them
#: means is in `smtp/extensions.py`.
EXTENSIONS = (
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


class Key:
    """One setting's default, and how it is written in a file."""

    __slots__ = ("default", "default_text", "ini_type", "is_secret", "meaning")

    def __init__(
        self,
        default: Any,
        ini_type: str,
        meaning: str,
        default_text: str = "",
        *,
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


#: name -> its key; `table` has what is allowed for it.
KEYS: Mapping[str, Key] = {
    "host": Key(
        "127.0.0.1",
        "string",
        "address to bind, or 'unix:' and the path of a socket",
    ),
    "port": Key(
        0,
        "int",
        "port to bind; 0 = chosen by the system",
    ),
    "hostname": Key(
        "smtpserver.test",
        "string",
        "domain in the greeting and in the reply to EHLO",
    ),
    "protocol": Key(
        "smtp",
        "string",
        "'smtp', or 'lmtp' (RFC 2033)",
    ),
    "tls": Key(
        "off",
        "string",
        "'off', 'starttls' (RFC 3207) or 'implicit' (RFC 8314)",
    ),
    "tls_required": Key(
        False,
        "bool",
        "whether mail before TLS is refused with 530",
    ),
    "tls_versions": Key(
        # RFC 8996 deprecates the older ones.
        ("TLSv1.2", "TLSv1.3"),
        "args",
        "versions of TLS that the server speaks",
        default_text="TLSv1.2 and TLSv1.3",
    ),
    "client_certificate": Key(
        "off",
        "string",
        "whether the client is asked for a certificate of the run's authority",
    ),
    "certificate": Key(
        "valid",
        "string",
        "certificate to show: 'valid', 'expired', 'wrong-host', 'untrusted' or a PEM file",
    ),
    "auth": Key(
        "off",
        "string",
        "whether AUTH is offered: 'off', 'optional', or 'required' before mail",
    ),
    "users": Key(
        FOLLOWS,
        "linelist",
        "who may log in, one name:password a line; without any, everyone",
        default_text="none",
        is_secret=True,
    ),
    "mechanisms": Key(
        FOLLOWS,
        "args",
        "SASL mechanisms to offer, in order",
        default_text="all that can serve",
    ),
    "auth_needs_tls": Key(
        FOLLOWS,
        "bool",
        "whether AUTH is neither offered nor accepted on plain text",
        default_text="true when tls is not 'off'",
    ),
    "max_message_size": Key(
        # 32 MiB; arbitrary, and more than most servers of the field take.
        33_554_432,
        "int",
        "octets that a message may have, announced as SIZE; 0 = no limit",
    ),
    "max_recipients": Key(
        # RFC 5321 section 4.5.3.1.8 asks for at least 100.
        1000,
        "int",
        "recipients that a transaction may have; the next is refused with 452",
    ),
    "max_connections": Key(
        0,
        "int",
        "clients at once; the next gets 421; 0 = no limit",
    ),
    "extensions": Key(
        EXTENSIONS,
        "args",
        "EHLO keywords to offer, or, each with '-' before it, to take away; with '+' before "
        "it a line to announce besides",
        default_text=f"all of {', '.join(EXTENSIONS)}",
    ),
    "wait_timeout": Key(
        2.0,
        "float",
        "seconds that a waiting method waits when it is given no timeout",
    ),
    "idle_timeout": Key(
        30.0,
        "float",
        "seconds that the server awaits the client before 421",
    ),
    "strict": Key(
        False,
        "bool",
        "whether a protocol violation by the client fails the test at teardown",
    ),
}

"""What a setting's value must be: each check returns the value as it is kept, or raises.

A bare `ValueError` means that the value is not one of the allowed ones, which the table lists; one
with a text gives the reason. `..._in_a_file` turn what pytest has read in a file into a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.numeric import is_number, is_whole

from .keys import EXTENSIONS
from .users import Users

if TYPE_CHECKING:
    from collections.abc import Collection


class SettingsError(ValueError):
    """An unknown setting, or a value that is not allowed for it."""

    # The name under which users import and see it.
    __module__ = "pytest_smtpserver"


#: The SASL mechanisms, in the order in which they are offered unless `mechanisms` gives another.
#: `smtp/sasl` has the code for them.
MECHANISMS = (
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "XOAUTH2",
    "OAUTHBEARER",
)

#: For these the server must know the password: the client proves that it knows it, and may demand
#: the same proof from the server. With the others, a server can accept anyone.
NEED_PASSWORD = frozenset({"SCRAM-SHA-1", "SCRAM-SHA-256"})
#: With these the client sends its secret, so that a callable can check it.
SHOW_SECRET = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})

#: mechanism -> the library that it needs, which is not among the plugin's own requirements.
_LIBRARIES = {"SCRAM-SHA-1": "scramp", "SCRAM-SHA-256": "scramp"}

#: The certificates that are made for the run.
CERTIFICATES = ("valid", "expired", "wrong-host", "untrusted")

#: The versions that a server may speak (RFC 2246, 4346, 5246 and 8446), oldest first.
TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

# A day: longer than any test run.
_LONGEST = 86400


def text(value: Any, *, pattern: str) -> object:
    """Check for a str of this form."""
    _require(isinstance(value, str) and re.fullmatch(pattern, value))
    return value


# Not compiled here, because that would slow down each start of pytest.
# A path after "unix:", or an address or a name, with the interface after "%".
_HOST = r"unix:[^\0]+|(?!unix:)[A-Za-z0-9.:%_\-]+"


def host(value: Any) -> object:
    """Check for an address, a name, or the path of a socket, which is kept absolute."""
    _require(isinstance(value, str) and re.fullmatch(_HOST, value))
    kind, colon, path = value.partition("unix:")
    return value if kind or not colon else f"unix:{Path(path).absolute()}"


def host_in_a_file(value: Any, directory: Path) -> object:
    """Return an address or a name, or a path, which is relative to the directory of the file."""
    kind, colon, path = value.partition("unix:")
    return value if kind or not colon else f"unix:{directory / path}"


def one_of(value: Any, *, choices: Collection[str]) -> object:
    """Check for one of these."""
    _require(isinstance(value, str) and value in choices)
    return value


def whole_number(value: Any, *, lowest: int, highest: int | None = None) -> object:
    """Check for an int within these bounds."""
    _require(is_whole(value) and lowest <= value and (highest is None or value <= highest))
    return value


def yes_or_no(value: Any) -> object:
    """Check for a bool."""
    _require(isinstance(value, bool))
    return value


def seconds(value: Any) -> object:
    """Check for a time; it is kept as a float."""
    _require(is_number(value) and 0 <= value <= _LONGEST)  # false for NaN, too
    return float(value)


# `ehlo-line = ehlo-keyword *( SP ehlo-param )` (RFC 5321 section 4.1.1.1). It may have 506 octets:
# section 4.5.3.1.5 allows 512 for a line of a reply, with the code and the line end.
_EHLO_LINE = r"\+[A-Za-z0-9][A-Za-z0-9-]*( [!-~]+)*"
_EHLO_LINE_LENGTH = 506


def extensions(value: Any) -> object:
    """Check for keywords to offer or to take away, and for lines to announce in addition."""
    words = _words(value)
    besides = [one for one in words if one.startswith("+")]
    keywords = [one.upper() for one in words if not one.startswith("+")]
    _require(all(_is_ehlo_line(one) for one in besides))
    _require(all(one.removeprefix("-") in EXTENSIONS for one in keywords))
    _require(len({one.startswith("-") for one in keywords}) <= 1)
    return (*keywords, *besides)


def _is_ehlo_line(word: str) -> bool:
    return bool(re.fullmatch(_EHLO_LINE, word)) and len(word) - 1 <= _EHLO_LINE_LENGTH


def tls_versions(value: Any) -> object:
    """Check for versions of TLS that the local OpenSSL has; they are kept oldest first."""
    words = _words(value)
    _require(words and all(one in TLS_VERSIONS for one in words))
    import ssl

    for one in words:
        if not getattr(ssl, f"HAS_{one.replace('.', '_')}"):
            raise ValueError(f"the local {ssl.OPENSSL_VERSION} does not have {one}")
    return tuple(one for one in TLS_VERSIONS if one in words)


def mechanisms(value: Any) -> object:
    """Check for names of SASL mechanisms, and for the libraries that they need."""
    names = tuple(one.upper() for one in _words(value))
    _require(names and all(one in MECHANISMS for one in names))
    _require(len(set(names)) == len(names))
    for name in names:
        if library := _missing_library(name):
            raise ValueError(
                f"{name} needs the library {library}: pip install pytest-smtpserver[scram]"
            )
    return names


def mechanisms_for(users: Users) -> tuple[str, ...]:
    """Return the names of the mechanisms that can serve with these users."""
    return tuple(
        name for name in MECHANISMS if can_serve(name, users) and not _missing_library(name)
    )


def can_serve(mechanism: str, users: Users) -> bool:
    """Return whether everything is known about these users that the mechanism must know."""
    if users.is_callable:
        return mechanism in SHOW_SECRET
    return mechanism not in NEED_PASSWORD or not users.are_anyone


def _missing_library(mechanism: str) -> str | None:
    library = _LIBRARIES.get(mechanism)
    return library if library and not is_installed(library) else None


@cache
def is_installed(library: str) -> bool:
    """Return whether a library could be imported, without importing it."""
    from importlib.util import find_spec

    return find_spec(library) is not None


def users(value: Any) -> object:
    """Check for user -> password, or a callable; it is kept so that no password shows."""
    if isinstance(value, Users):
        return value
    if callable(value) and not isinstance(value, type | Mapping):
        return Users({}, value)
    _require(isinstance(value, Mapping))
    return Users(value)


def users_in_a_file(lines: Any, directory: Path) -> object:
    """Return the users of lines like `name:password`."""
    return Users.from_lines(lines)


def certificate(value: Any) -> object:
    """Check for a name, or for the path of a file, which is kept absolute."""
    _require(isinstance(value, str | os.PathLike))
    if value in CERTIFICATES:
        return value
    path = Path(value).absolute()
    _require(path.is_file())
    return str(path)


def certificate_in_a_file(value: Any, directory: Path) -> object:
    """Return a name, or a path, which is relative to the directory of the file."""
    return value if value in CERTIFICATES else directory / value


def as_read(value: Any, directory: Path) -> object:
    """Return the value, which pytest has already converted to its type."""
    return value


def _words(value: Any) -> tuple[str, ...]:
    _require(isinstance(value, Iterable) and not isinstance(value, str | Mapping))
    words = tuple(value)
    _require(all(isinstance(one, str) for one in words))
    return words


def _require(condition: object) -> None:
    if not condition:
        raise ValueError

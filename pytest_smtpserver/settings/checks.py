"""What a setting's value must be, in words and as a check.

The public functions that return an `Allowed` are for the rows of `table`. A bare `ValueError` of a
check means that the value is not one of the allowed ones; one with a text gives the reason.
`..._in_a_file` turn what pytest has read in a file into a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, NamedTuple

from pytest_smtpserver.engine import TLS_VERSIONS, UNIX, socket_path
from pytest_smtpserver.numeric import LONGEST_WAIT, is_wait, is_whole

from .table import EXTENSIONS
from .users import Users


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
#: With these the client sends its secret: a callable can check it, and an eavesdropper can read it.
SHOW_SECRET = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})

#: mechanism -> the library that it needs, which is not among the plugin's own requirements.
_LIBRARIES = {"SCRAM-SHA-1": "scramp", "SCRAM-SHA-256": "scramp"}

#: The certificates that are made for the run.
CERTIFICATES = ("valid", "expired", "wrong-host", "untrusted")


def _as_read(value: Any, directory: Path) -> object:
    # pytest has already converted it to its type.
    return value


class Allowed(NamedTuple):
    """What is allowed for a setting, in words that follow "must be", and as a check."""

    words: str
    #: Returns the value as it is kept, or raises `ValueError`.
    check: Callable[[Any], object]
    #: Turns what pytest read in a file into a value; it also gets the file's directory.
    from_ini: Callable[[Any, Path], object] = _as_read


def text(pattern: str, allowed: str) -> Allowed:
    """Return the check for a str of this form."""

    def check(value: Any) -> object:
        _require(isinstance(value, str) and re.fullmatch(pattern, value))
        return value

    return Allowed(allowed, check)


def one_of(*choices: str) -> Allowed:
    """Return the check for one of these."""

    def check(value: Any) -> object:
        _require(isinstance(value, str) and value in choices)
        return value

    *others, last = map(repr, choices)
    return Allowed(f"{', '.join(others)} or {last}", check)


def whole_number(
    lowest: int, highest: int | None = None, *, unit: str = "", zero: str = ""
) -> Allowed:
    """Return the check for an int within these bounds; `zero` is what 0 means."""

    def check(value: Any) -> object:
        _require(is_whole(value) and lowest <= value and (highest is None or value <= highest))
        return value

    of = f" of {unit}" if unit else ""
    to = "" if highest is None else f" to {highest}"
    note = f" (0 = {zero})" if zero else ""
    return Allowed(f"a whole number{of} from {lowest}{to}{note}", check)


def yes_or_no() -> Allowed:
    """Return the check for a bool."""

    def check(value: Any) -> object:
        _require(isinstance(value, bool))
        return value

    return Allowed("true or false", check)


def seconds() -> Allowed:
    """Return the check for a time; it is kept as a float."""

    def check(value: Any) -> object:
        _require(is_wait(value))
        return float(value)

    return Allowed(f"a number of seconds from 0 to {LONGEST_WAIT}", check)


# Not compiled here, because that would slow down each start of pytest.
# A path after "unix:", or an address or a name, with the interface after "%".
_HOST = rf"{UNIX}[^\0]+|(?!{UNIX})[A-Za-z0-9.:%_\-]+"


def host() -> Allowed:
    """Return the check for an address, a name, or the path of a socket, which is kept absolute."""
    return Allowed(
        "an IP address or a host name of this machine, or unix: and the path of a socket",
        _host,
        _host_in_a_file,
    )


def _host(value: Any) -> object:
    _require(isinstance(value, str) and re.fullmatch(_HOST, value))
    path = socket_path(value)
    return value if path is None else f"{UNIX}{Path(path).absolute()}"


def _host_in_a_file(value: Any, directory: Path) -> object:
    # A path is relative to the directory of the file.
    path = socket_path(value)
    return value if path is None else f"{UNIX}{directory / path}"


# `ehlo-line = ehlo-keyword *( SP ehlo-param )` (RFC 5321 section 4.1.1.1). It may have 506 octets:
# section 4.5.3.1.5 allows 512 for a line of a reply, with the code and the line end.
_EHLO_LINE = r"\+[A-Za-z0-9][A-Za-z0-9-]*( [!-~]+)*"
_EHLO_LINE_LENGTH = 506


def extensions() -> Allowed:
    """Return the check for keywords to offer or to take away, and lines to announce in addition."""
    return Allowed(
        "a list of keywords to offer, or to leave out with '-' before each (not both), from "
        f"{', '.join(EXTENSIONS)}; lines to announce as well have '+' before them",
        _extensions,
    )


def _extensions(value: Any) -> object:
    words = _words(value)
    besides = [one for one in words if one.startswith("+")]
    keywords = [one.upper() for one in words if not one.startswith("+")]
    _require(all(_is_ehlo_line(one) for one in besides))
    _require(all(one.removeprefix("-") in EXTENSIONS for one in keywords))
    _require(len({one.startswith("-") for one in keywords}) <= 1)
    return (*keywords, *besides)


def _is_ehlo_line(word: str) -> bool:
    return bool(re.fullmatch(_EHLO_LINE, word)) and len(word) - 1 <= _EHLO_LINE_LENGTH


def tls_versions() -> Allowed:
    """Return the check for versions of TLS; they are kept oldest first."""
    return Allowed(
        f"a list of at least one of {', '.join(TLS_VERSIONS)}, which the local OpenSSL must have",
        _tls_versions,
    )


def _tls_versions(value: Any) -> object:
    words = _words(value)
    _require(words and all(one in TLS_VERSIONS for one in words))
    import ssl

    for one in words:
        if not getattr(ssl, f"HAS_{one.replace('.', '_')}"):
            raise ValueError(f"the local {ssl.OPENSSL_VERSION} does not have {one}")
    return tuple(one for one in TLS_VERSIONS if one in words)


def mechanisms() -> Allowed:
    """Return the check for names of SASL mechanisms, and for the libraries that they need."""
    return Allowed(
        f"a list of at least one of {', '.join(MECHANISMS)}, none of them twice", _mechanisms
    )


def _mechanisms(value: Any) -> object:
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


def users() -> Allowed:
    """Return the check for user -> password, or a callable; kept so that no password shows."""
    return Allowed(
        "a mapping of user names to passwords, each a str or a tuple of several, or a callable "
        "(mechanism, name, secret); in a file, one name:password a line",
        _users,
        _users_in_a_file,
    )


def _users(value: Any) -> object:
    if isinstance(value, Users):
        return value
    if callable(value) and not isinstance(value, type | Mapping):
        # A coroutine is always true, so every password would be right.
        _require(not iscoroutinefunction(value))
        return Users({}, value)
    _require(isinstance(value, Mapping))
    return Users(value)


def _users_in_a_file(lines: Any, directory: Path) -> object:
    return Users.from_lines(lines)


def certificate() -> Allowed:
    """Return the check for a name, or for the path of a file, which is kept absolute."""
    return Allowed(
        f"one of {', '.join(map(repr, CERTIFICATES))}, or the path of a PEM file that has the "
        "chain and the key",
        _certificate,
        _certificate_in_a_file,
    )


def _certificate(value: Any) -> object:
    _require(isinstance(value, str | os.PathLike))
    if value in CERTIFICATES:
        return value
    path = Path(value).absolute()
    _require(os.path.isfile(path))  # noqa: PTH113  # `Path.is_file` raises if it is too long
    return str(path)


def _certificate_in_a_file(value: Any, directory: Path) -> object:
    # A path is relative to the directory of the file.
    return value if value in CERTIFICATES else str(directory / value)


def _words(value: Any) -> tuple[str, ...]:
    _require(isinstance(value, Iterable) and not isinstance(value, str | Mapping))
    words = tuple(value)
    _require(all(isinstance(one, str) for one in words))
    return words


def _require(condition: object) -> None:
    if not condition:
        raise ValueError

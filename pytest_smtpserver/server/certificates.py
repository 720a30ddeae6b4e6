"""The certificates of a test run: its own authority, and what a server shows its clients.

Each is made once for the process when it is first needed. That is while a fixture is set up, before
the test can freeze time or replace the file system. The test's clock does not matter: certificates
are valid for a thousand years, and the expired one ended in 2001.
"""

from __future__ import annotations

import atexit
import datetime as dt
import os
import re
import ssl
import tempfile
import threading
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.engine import TLS_VERSIONS, UNIX
from pytest_smtpserver.matching import given, shown
from pytest_smtpserver.unpatched import getpid, in_forked_child, standard_library

from .access import TRUST_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ssl import SSLContext as _ContextInC

    import trustme

    from pytest_smtpserver.settings import Settings
else:
    from _ssl import _SSLContext as _ContextInC

# Every certificate has these names, besides the server's own.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# RFC 2606 section 2: ".invalid" is for "domain names that are sure to be invalid".
_WRONG_HOST = "wrong-host.invalid"

# What a client's certificate can have as its alternative name: a domain name or an address.
_LABEL = "(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_IDENTITY = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# RFC 5280 appendix A.1: ub-common-name.
_LONGEST_NAME = 64

# What the names of our files begin with.
_OURS = "smtpserver-"

# How OpenSSL finds an authority in a directory: by a hash of its name, and a number.
_HASHED = "*.[0-9]"

# The real class, also if this is imported while time is frozen: freezegun's class is made from it.
_DATETIME: Any = next(cls for cls in dt.datetime.__mro__ if cls.__module__ == "datetime")

_lock = threading.RLock()
_authorities: dict[str, CertificateAuthority] = {}
_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}


# What `ssl.SSLContext.wrap_bio` calls.
_wrap: Callable[..., ssl.SSLObject] = ssl.SSLObject._create  # type: ignore[attr-defined]


class _ServerContext(_ContextInC):
    """What `ssl.SSLContext` is, but directly on its base in C, whose methods nobody can replace.

    It lasts for the run. Tests mock the methods of `ssl.SSLContext`, and programs put another class
    in its place, with which `ssl.SSLContext` itself can no longer set what is set here.
    """

    def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
        return _wrap(*given, **named, context=self)


class _Encrypted(Exception):
    """A key that needs a passphrase."""


class CertificateAuthority:
    """The authority that signs the certificates of this test run's servers.

    There is one for the whole run, or for each worker of pytest-xdist: the fixture `smtpserver_ca`,
    or `server.ca`.
    """

    def __init__(self) -> None:
        with standard_library(), _real_datetime():
            import trustme

            self._ca = trustme.CA(organization_name="pytest-smtpserver")
            self._directory = _temporary_directory()
        self._pem = self._ca.cert_pem.bytes().decode("ascii")
        #: What is in each file, and its mode.
        self._texts: dict[Path, tuple[str, int]] = {}
        self._cert_file = self._file("ca", self._pem, 0o644)
        #: The file for each text that it has had.
        self._bundle_files: dict[str, Path] = {}
        self._client_files: dict[str, Path] = {}

    @property
    def cert_file(self) -> Path:
        """A PEM file with the authority's certificate; it is removed when the process ends.

        Other users can read it.
        """
        return self._there(self._cert_file)

    @property
    def bundle_file(self) -> Path:
        """A PEM file with the authorities that are already trusted, and this one.

        Already trusted are the system's, or those in the environment's `SSL_CERT_FILE`. It is for
        clients that take only one file of authorities. Other users can read it.
        """
        with _lock:
            named = os.environ.get(TRUST_VARIABLE)
            if named and Path(named) in self._bundle_files.values():
                return self._there(Path(named))
            # Read each time: another test may trust other authorities, in files of the same names.
            text = _trusted_before() + self._pem
            if text not in self._bundle_files:
                self._bundle_files[text] = self._file("bundle", text, 0o644)
            return self._there(self._bundle_files[text])

    def client_certificate(self, name: str = "client.test") -> Path:
        """Return a PEM file with key and chain for a client to show, the same for the same name.

        The name is its common name, which `session.tls.client_name` then is. Only this user can
        read the file. Raises `TypeError` if the name is not a str, and `ValueError` unless it has 1
        to 64 printable characters (RFC 5280 appendix A.1).
        """
        given.text("name", name)
        if not (1 <= len(name) <= _LONGEST_NAME and name.isprintable()):
            limits = f"1 to {_LONGEST_NAME} printable characters"
            raise ValueError(f"name={shown(name)}: must have {limits}")
        with _lock:
            if name not in self._client_files:
                self._client_files[name] = self._issue_client(name)
            return self._there(self._client_files[name])

    def _issue_client(self, name: str) -> Path:
        # A common name may be any text, but an alternative name must have the right form.
        identity = name if _IDENTITY.fullmatch(name) else "client.test"
        with _real_datetime():
            leaf = self._ca.issue_cert(identity, common_name=name)
        pem = leaf.private_key_and_cert_chain_pem.bytes().decode("ascii")
        return self._file("client", pem, 0o600)

    def _file(self, kind: str, text: str, mode: int) -> Path:
        # A forked child has the same directory, and files of its own.
        path = self._directory / f"{_OURS}{kind}-{getpid()}-{len(self._texts)}.pem"
        self._texts[path] = text, mode
        return self._there(path)

    def _there(self, path: Path) -> Path:
        """Return the path of a file of ours; it is written unless it is there as it should be.

        A test may have emptied the directory for temporary files, or mocked what writes a file.
        """
        text, mode = self._texts[path]
        with _lock:
            if not _holds(path, text):
                self._directory.mkdir(parents=True, exist_ok=True)
                # A program that drops its privileges, as Exim does, must still read public files.
                self._directory.chmod(0o755)
                _write(path, text, mode)
        return path

    def client_context(self) -> ssl.SSLContext:
        """Return a new context for clients that trusts this authority, and no other."""
        return ssl.create_default_context(cadata=self._pem)

    def _issue(self, *names: str, not_after: dt.datetime | None = None) -> trustme.LeafCert:
        try:
            with _real_datetime():
                return self._ca.issue_cert(*names, not_after=not_after)
        except ValueError as error:
            raise ValueError(f"no certificate can name {', '.join(names)}: {error}") from error


def authority() -> CertificateAuthority:
    """Return the authority of this process, made if necessary; from any thread."""
    return _authority("trusted")


def server_context(settings: Settings) -> ssl.SSLContext:
    """Return the context of a server with these settings.

    Raises `OSError` for a file that cannot be read, and `ValueError` for one that cannot serve or
    for a name that no certificate can have. The context is the same for the same settings, except
    that a file is always read again.
    """
    if settings.certificate not in _MADE_HERE:
        return _set_up(_context_from_file(Path(settings.certificate)), settings)
    with _lock:
        names = tuple(_names(settings.host, settings.hostname))
        key = (settings.certificate, names, settings.tls_versions, settings.client_certificate)
        if key not in _contexts:
            # The key is in a temporary file for a moment, which must be removed.
            with standard_library():
                leaf = _MADE_HERE[settings.certificate](list(names))
                _contexts[key] = _set_up(_context_with(leaf), settings)
        return _contexts[key]


def _set_up(context: ssl.SSLContext, settings: Settings) -> ssl.SSLContext:
    """Set the versions of TLS on a context, and whether it asks for the client's certificate."""
    versions = settings.tls_versions
    with warnings.catch_warnings():
        # Python advises against the old versions; here they are asked for.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _version(versions[0])
        context.maximum_version = _version(versions[-1])
        for one in TLS_VERSIONS[TLS_VERSIONS.index(versions[0]) :]:
            if one not in versions:
                context.options |= getattr(ssl, f"OP_NO_{one.replace('.', '_')}")
    if versions[0] in ("TLSv1", "TLSv1.1"):
        # OpenSSL 3 has no cipher suites for them at its usual level, as their digests are weak.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if settings.client_certificate != "off":
        context.load_verify_locations(cadata=authority()._pem)
        is_required = settings.client_certificate == "required"
        context.verify_mode = ssl.CERT_REQUIRED if is_required else ssl.CERT_OPTIONAL
    return context


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]


def _authority(name: str) -> CertificateAuthority:
    with _lock:
        if name not in _authorities:
            _authorities[name] = CertificateAuthority()
        return _authorities[name]


def _valid(names: list[str]) -> trustme.LeafCert:
    return authority()._issue(*names)


def _expired(names: list[str]) -> trustme.LeafCert:
    # By trustme's own choice every certificate is valid from 2000 on.
    return authority()._issue(*names, not_after=dt.datetime(2001, 1, 1))


def _wrong_host(names: list[str]) -> trustme.LeafCert:
    return authority()._issue(_WRONG_HOST)


def _untrusted(names: list[str]) -> trustme.LeafCert:
    return _authority("untrusted")._issue(*names)


_MADE_HERE = {
    "valid": _valid,
    "expired": _expired,
    "wrong-host": _wrong_host,
    "untrusted": _untrusted,
}


def _names(host: str, hostname: str) -> list[str]:
    # An address without the interface after "%", and, of an address literal, what is in the
    # brackets (RFC 5321 section 4.1.3).
    if host.startswith(UNIX):
        host = _LOOPBACK[0]
    literal = hostname.removeprefix("[").removesuffix("]")
    if literal[:5].lower() == "ipv6:":
        literal = literal[5:]
    return list(dict.fromkeys((host.partition("%")[0], literal, *_LOOPBACK)))


def _context_with(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = _new_context()
    with leaf.private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    return context


def _context_from_file(path: Path) -> ssl.SSLContext:
    pem = path.read_bytes()
    for what in ("CERTIFICATE", "PRIVATE KEY"):
        if f"{what}-----".encode() not in pem:
            raise ValueError(f"{path} holds no {what.lower()} in PEM form")
    context = _new_context()
    try:
        context.load_cert_chain(path, password=_refuse_to_ask)
    except _Encrypted:
        raise ValueError(f"{path}: the key is encrypted; it must be in clear") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(f"{path}: the key is not that of the first certificate") from error
        raise ValueError(f"{path} is not a certificate chain with its key: {error}") from error
    return context


def _refuse_to_ask() -> str:
    # OpenSSL would ask for the passphrase at the terminal.
    raise _Encrypted


def _new_context() -> ssl.SSLContext:
    context = _ServerContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 8996 sections 4 and 5: "TLS 1.0 MUST NOT be used." "TLS 1.1 MUST NOT be used."
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Tests do not resume sessions. And if a client closes directly after the handshake with unread
    # tickets, it seems to have reset the connection.
    context.num_tickets = 0
    return context


@contextmanager
def _real_datetime() -> Iterator[None]:
    # When cryptography first needs `datetime.datetime`, it keeps the class that it finds. If that
    # is the substitute of a tool that freezes time (freezegun), all its times are substitutes from
    # then on, long after the test. So it is shown the real class.
    shown = dt.datetime
    dt.datetime = _DATETIME  # type: ignore[misc]
    try:
        yield
    finally:
        dt.datetime = shown  # type: ignore[misc]


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode("latin-1")
    except OSError:
        return False


def _write(path: Path, text: str, mode: int) -> None:
    # Under another name first: a full disk or an interruption must not leave half a file.
    new = path.with_suffix(f".{getpid()}")
    new.unlink(missing_ok=True)
    # Create the file with that mode: others must not be able to read a key even for a moment.
    new.touch(mode, exist_ok=False)
    new.write_bytes(text.encode("latin-1"))
    # Whatever the umask.
    new.chmod(mode)
    new.replace(path)


def _trusted_before() -> str:
    """Return the authorities that clients of this process trust, in PEM form."""
    paths = ssl.get_default_verify_paths()
    # Both may be None, whatever the types of the standard library say.
    if paths.cafile:
        return _read(Path(paths.cafile))
    found = sorted(Path(paths.capath).glob(_HASHED)) if paths.capath else []
    if trusted := "".join(map(_read_if_possible, found)):
        return trusted
    # Windows keeps them elsewhere.
    context = ssl.create_default_context()
    return "".join(map(ssl.DER_cert_to_PEM_cert, context.get_ca_certs(binary_form=True)))


def _read_if_possible(path: Path) -> str:
    # In a directory OpenSSL passes over a link to nowhere, and what it may not read.
    with suppress(OSError):
        return _read(path)
    return ""


def _read(path: Path) -> str:
    # Files of the system have comments in encodings of their own; latin-1 keeps every octet.
    return f"{path.read_bytes().decode('latin-1').rstrip()}\n"


def _temporary_directory() -> Path:
    directory = Path(tempfile.gettempdir(), f"pytest-smtpserver-{os.urandom(8).hex()}")
    # `os.mkdir` makes a new directory or raises. A test may have replaced `tempfile.mkdtemp`, which
    # would return that test's directory. (Tests replace `Path.mkdir` more often than `os.mkdir`.)
    os.mkdir(directory, 0o700)  # noqa: PTH102
    atexit.register(_remove, directory, getpid())
    return directory


def _remove(directory: Path, owner: int) -> None:
    """Remove the files of ours in a directory, and the directory unless there are others."""
    # A forked child shares the directory, but does not take it away from its parent.
    if getpid() == owner:  # pragma: no branch  # at a child's end nothing is measured any more
        for path in directory.glob(f"{_OURS}*"):
            with suppress(OSError):
                path.unlink()
        with suppress(OSError):
            directory.rmdir()


@in_forked_child
def _unlock_in_child() -> None:
    global _lock
    _lock = threading.RLock()

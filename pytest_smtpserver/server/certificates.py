"""The certificates of a test run: its own authority, and what a server shows its clients.

All is made once for the process, when it is first asked for: that is while a fixture is set up,
before the test may freeze time or replace the file system. Nothing is valid or expired by the
clock of a test: validity spans a thousand years, and expired is what ended in 2001.
"""

from __future__ import annotations

import atexit
import datetime as dt
import os
import shutil
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    import trustme

# What every certificate names, beside the server's own names.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# RFC 2606 section 2: ".invalid" is for "domain names that are sure to be invalid".
_WRONG_HOST = "wrong-host.invalid"

_lock = threading.RLock()
_authorities: dict[str, CertificateAuthority] = {}
_contexts: dict[tuple[str, str, str], ssl.SSLContext] = {}


class _Encrypted(Exception):
    """A key that wants a passphrase."""


class CertificateAuthority:
    """The authority that signed what the servers of this test run show.

    There is one for the whole run, and for each worker of pytest-xdist: the fixture
    `smtpserver_ca`, or `server.ca`.
    """

    def __init__(self) -> None:
        with _real_datetime():
            import trustme

            self._ca = trustme.CA(organization_name="pytest-smtpserver")
        self._pem = self._ca.cert_pem.bytes().decode("ascii")
        self._cert_file = _temporary_directory() / "ca.pem"
        self._cert_file.write_text(self._pem)

    @property
    def cert_file(self) -> Path:
        """A PEM file with the authority's certificate; it is removed when the process ends."""
        return self._cert_file

    def client_context(self) -> ssl.SSLContext:
        """Return a new context for clients that trusts this authority, and no other."""
        import ssl

        return ssl.create_default_context(cadata=self._pem)

    def _issue(self, *names: str, not_after: dt.datetime | None = None) -> trustme.LeafCert:
        try:
            with _real_datetime():
                return self._ca.issue_cert(*names, not_after=not_after)
        except ValueError as error:
            raise ValueError(f"no certificate can name {', '.join(names)}: {error}") from error


def authority() -> CertificateAuthority:
    """Return the authority of this process, made if need be; from any thread."""
    return _authority("trusted")


def server_context(certificate: str, host: str, hostname: str) -> ssl.SSLContext:
    """Return the context of a server that listens on `host` and calls itself `hostname`.

    `certificate` is `"valid"`, `"expired"`, `"wrong-host"`, `"untrusted"`, or the path of a PEM
    file with chain and key. Raises `OSError` for a file that cannot be read, and `ValueError` for
    one that cannot serve or for a name that no certificate can have. The context is the same for
    the same arguments, except that a file is always read again.
    """
    if certificate not in _MADE_HERE:
        return _context_from_file(Path(certificate))
    with _lock:
        key = (certificate, host, hostname)
        if key not in _contexts:
            _contexts[key] = _context_with(_MADE_HERE[certificate](_names(host, hostname)))
        return _contexts[key]


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
    literal = hostname.removeprefix("[").removesuffix("]")
    if literal[:5].lower() == "ipv6:":
        literal = literal[5:]
    return list(dict.fromkeys((host.partition("%")[0], literal, *_LOOPBACK)))


def _context_with(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = _new_context()
    leaf.configure_cert(context)
    return context


def _context_from_file(path: Path) -> ssl.SSLContext:
    import ssl

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
        raise ValueError(f"{path} is no certificate chain with its key: {error}") from error
    return context


def _refuse_to_ask() -> str:
    # OpenSSL would ask for the passphrase at the terminal.
    raise _Encrypted


def _new_context() -> ssl.SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 8996 sections 4 and 5: "TLS 1.0 MUST NOT be used." "TLS 1.1 MUST NOT be used."
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Nobody resumes a session in a test. Tickets that a client leaves unread when it goes away
    # directly after the handshake would make it seem to have reset the connection.
    context.num_tickets = 0
    return context


@contextmanager
def _real_datetime() -> Iterator[None]:
    # cryptography keeps for good the class `datetime.datetime` that it finds when it first needs
    # one. If that is the substitute of a tool that freezes time (freezegun), all times that it
    # ever gives are substitutes, long after the test. So it is shown the real class.
    shown = dt.datetime
    real: Any = next(cls for cls in shown.__mro__ if cls.__module__ == "datetime")
    dt.datetime = real  # type: ignore[misc]
    try:
        yield
    finally:
        dt.datetime = shown  # type: ignore[misc]


def _temporary_directory() -> Path:
    directory = tempfile.mkdtemp(prefix="pytest-smtpserver-")
    atexit.register(_remove, directory, os.getpid())
    return Path(directory)


def _remove(directory: str, owner: int) -> None:
    # A forked child shares the directory, but does not take it away from its parent.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)


def _unlock_in_child() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)

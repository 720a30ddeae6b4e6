"""How an application reaches a server: its URL, environment variables and TLS context."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import UNIX, socket_path
from pytest_smtpserver.settings import SETTINGS, SettingsError
from pytest_smtpserver.settings.checks import CERTIFICATES

if TYPE_CHECKING:
    import ssl

    from pytest_smtpserver.settings import Settings


def url(settings: Settings, host: str, port: int) -> str:
    """Return the server's URL, with the first user's name and password (RFC 3986)."""
    quoted = [(_quoted(name), _quoted(secret)) for name, secret in _login(settings)]
    return _url(settings, "".join(f"{name}:{secret}@" for name, secret in quoted), host, port)


def shown_url(settings: Settings, host: str, port: int) -> str:
    """Return the URL in a form that may be shown: without a password."""
    return _url(settings, "", host, port)


def _url(settings: Settings, login: str, host: str, port: int) -> str:
    path = socket_path(host)
    if path is not None:
        return f"{settings.protocol}+{UNIX}{_quoted(path, '/')}"
    scheme = "smtps" if settings.tls == "implicit" else "smtp"
    place = f"[{_quoted(host, ':')}]" if ":" in host else host
    return f"{scheme}://{login}{place}:{port}"


def _quoted(text: str, safe: str = "") -> str:
    # Imported for URLs alone: a server that only starts has no use for it.
    from urllib.parse import quote

    return quote(text, safe=safe)


def _login(settings: Settings) -> list[tuple[str, str]]:
    """Return name and password of the first user, if a client can log in with them."""
    return [] if settings.auth == "off" else list(settings.users.items())[:1]


def environment(settings: Settings, host: str, port: int) -> dict[str, str]:
    """Return the environment variables for an application, without those that do not apply."""
    values = {
        "HOST": host,
        # A socket in the file system has no port.
        **({"PORT": str(port)} if port else {}),
        "HOSTNAME": settings.hostname,
        "URL": url(settings, host, port),
        "TLS": settings.tls,
    }
    for username, password in _login(settings):
        values |= {"USERNAME": username, "PASSWORD": password}
    if settings.tls != "off":
        from .certificates import authority

        values["CA_FILE"] = str(authority().cert_file)
    return values


#: Where OpenSSL looks for the authorities that are trusted by default.
TRUST_VARIABLE = "SSL_CERT_FILE"


def trust(settings: Settings) -> dict[str, str]:
    """Return variables that make clients trust the server by default; none without TLS."""
    if settings.tls == "off":
        return {}
    from .certificates import authority

    return {TRUST_VARIABLE: str(authority().bundle_file)}


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of a server with these settings, `None` without TLS.

    Raises `SettingsError` for a certificate that cannot serve, `RuntimeError` where there are no
    real files to keep it in.
    """
    if settings.tls == "off":
        return None
    _refuse_fake_files()
    from .certificates import server_context

    try:
        return server_context(settings)
    except (OSError, ValueError) as error:
        raise _wrong_certificate(settings.certificate, str(error)) from error


def _wrong_certificate(given: str, why: str) -> SettingsError:
    if given in CERTIFICATES:
        # The value itself is allowed, so something else is wrong.
        return SettingsError(f"certificate={given!r}: {why}")
    return SETTINGS["certificate"].wrong("certificate", given, why)


def _refuse_fake_files() -> None:
    # pyfakefs puts a stand-in where a module was. OpenSSL reads certificates from real files only.
    import os

    if "pyfakefs" in sys.modules and hasattr(os, "filesystem"):
        raise RuntimeError(
            "pyfakefs has replaced the file system, and TLS needs real files: let the fixture fs "
            "come after that of the server, or start the server before"
        )

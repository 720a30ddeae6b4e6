"""How an application reaches a server: its URL, what stands in the environment, its TLS context."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_smtpserver.settings import SettingsError

if TYPE_CHECKING:
    import ssl

    from pytest_smtpserver.settings import Settings


def url(settings: Settings, host: str, port: int) -> str:
    """Return `smtp://` or `smtps://`, with the first user's name and password (RFC 3986)."""
    user = next(iter(settings.users.items()), None)
    login = "" if user is None else f"{quote(user[0], safe='')}:{quote(user[1], safe='')}@"
    return _url(settings, login, host, port)


def shown_url(settings: Settings, host: str, port: int) -> str:
    """Return the URL as it may be shown: without a password."""
    return _url(settings, "", host, port)


def _url(settings: Settings, login: str, host: str, port: int) -> str:
    scheme = "smtps" if settings.tls == "implicit" else "smtp"
    place = f"[{quote(host, safe=':')}]" if ":" in host else host
    return f"{scheme}://{login}{place}:{port}"


def environment(settings: Settings, host: str, port: int) -> dict[str, str]:
    """Return what an application reads from its environment; what has no meaning is left out."""
    values = {
        "HOST": host,
        "PORT": str(port),
        "HOSTNAME": settings.hostname,
        "URL": url(settings, host, port),
        "TLS": settings.tls,
    }
    for username, password in list(settings.users.items())[:1]:
        values |= {"USERNAME": username, "PASSWORD": password}
    if settings.tls != "off":
        from .certificates import authority

        values["CA_FILE"] = str(authority().cert_file)
    return values


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what a server with these settings shakes hands with, `None` without TLS.

    Raises `SettingsError` for a certificate that cannot serve.
    """
    if settings.tls == "off":
        return None
    from .certificates import server_context

    try:
        return server_context(settings.certificate, settings.host, settings.hostname)
    except (OSError, ValueError) as error:
        raise SettingsError(f"certificate={settings.certificate!r}: {error}") from error

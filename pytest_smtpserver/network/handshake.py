"""Why a TLS handshake failed, as a sentence."""

from __future__ import annotations

import ssl
import string

from pytest_smtpserver.engine import (
    FOREIGN_CLIENT_CERTIFICATE,
    LEFT_HANDSHAKE,
    NO_CLIENT_CERTIFICATE,
    NOT_TLS,
    TLS_RECORD,
)

# Node and asyncio leave without an alert when they refuse the certificate.
LEFT_AFTER_CERTIFICATE = (
    f"{LEFT_HANDSHAKE}, after it was sent the certificate: it may have refused it"
)
_PLAIN_TEXT = string.printable.encode()

# The alerts by which a client refuses the certificate (RFC 8446 section 6.2).
_ABOUT_CERTIFICATE = {
    ssl.AlertDescription.ALERT_DESCRIPTION_BAD_CERTIFICATE,
    ssl.AlertDescription.ALERT_DESCRIPTION_UNSUPPORTED_CERTIFICATE,
    ssl.AlertDescription.ALERT_DESCRIPTION_CERTIFICATE_REVOKED,
    ssl.AlertDescription.ALERT_DESCRIPTION_CERTIFICATE_EXPIRED,
    ssl.AlertDescription.ALERT_DESCRIPTION_CERTIFICATE_UNKNOWN,
    ssl.AlertDescription.ALERT_DESCRIPTION_UNKNOWN_CA,
}

# OpenSSL's names for failures that it noticed itself.
_DISAGREEMENTS = {
    "NO_SHARED_CIPHER": "client and server have no cipher suite in common",
    "UNSUPPORTED_PROTOCOL": "client and server have no TLS version in common",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": NO_CLIENT_CERTIFICATE,
    "CERTIFICATE_VERIFY_FAILED": FOREIGN_CLIENT_CERTIFICATE,
}


class HandshakeFailed(Exception):
    """Its text gives the reason; for `in_clear` and `reset` see `Engine.tls_failed`."""

    def __init__(self, why: str, *, in_clear: bool = False, reset: bool = False) -> None:
        super().__init__(why)
        self.in_clear = in_clear
        self.reset = reset


def is_tls(first_octet: bytes) -> bool:
    """Return whether a handshake may begin with this octet."""
    return first_octet == TLS_RECORD


def why(error: ssl.SSLError, first_octet: bytes) -> str:
    """Return why the handshake failed, given the client's first octet.

    Nothing that the client sent is quoted: it might be a password.
    """
    if not is_tls(first_octet):
        said = "plain text" if first_octet in _PLAIN_TEXT else "something else"
        return f"{NOT_TLS}: it sent {said}"
    if isinstance(error, ssl.SSLZeroReturnError):
        return LEFT_HANDSHAKE
    reason = error.reason or ""
    alert = _alert(reason)
    if alert is not None:
        did = (
            "refused the certificate" if alert in _ABOUT_CERTIFICATE else "broke off the handshake"
        )
        return f"the client {did}: {_words(alert.name)} (alert {alert.value})"
    return _DISAGREEMENTS.get(reason) or f"the TLS handshake failed: {_words(reason) or error}"


def _alert(reason: str) -> ssl.AlertDescription | None:
    # OpenSSL writes SSLV3_ALERT_..., TLSV1_ALERT_... or TLSV13_ALERT_..., after the version of the
    # protocol that introduced the alert.
    _, _, name = reason.partition("_ALERT_")
    return ssl.AlertDescription.__members__.get(f"ALERT_DESCRIPTION_{name}")


def _words(name: str) -> str:
    words = name.removeprefix("ALERT_DESCRIPTION_").replace("_", " ").lower()
    return words.replace("unknown ca", "unknown CA")

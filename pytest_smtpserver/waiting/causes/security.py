"""The TLS handshake failed, or the client spoke another protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.engine import (
    FOREIGN_CLIENT_CERTIFICATE,
    LEFT_HANDSHAKE,
    NO_CLIENT_CERTIFICATE,
    NOT_TLS,
    UNEXPECTED_TLS,
)
from pytest_smtpserver.matching import Cause

if TYPE_CHECKING:
    from pytest_smtpserver.records.session import Session

    from .facts import Facts

#: For each value of `certificate`: what is wrong with it.
_MADE_SO: Final = {
    "expired": "the certificate has expired",
    "wrong-host": "the certificate names another host",
    "untrusted": "nobody trusts the certificate's authority",
}
_WAITS_IN_VAIN: Final = "a client that speaks plain SMTP waits here for a greeting that never comes"


def handshake_failed(facts: Facts) -> Cause | None:
    """The last TLS handshake failed."""
    for session in reversed(facts.sessions):
        if session.tls is not None and session.tls_failure is None:
            return None
        if session.tls_failure:
            return _why(facts, session.tls_failure)
    return None


def _why(facts: Facts, failure: str) -> Cause:
    tls = facts.settings.tls
    if failure.startswith(UNEXPECTED_TLS):
        advice = "the client must begin in clear" + (", then STARTTLS" if tls != "off" else "")
        return Cause("the client spoke TLS at a plain port", advice, aside=f"tls={tls!r}")
    if failure.startswith(NOT_TLS):
        where = "at a TLS port" if tls == "implicit" else "after STARTTLS"
        return Cause(f"the client spoke plain text {where}", aside=f"tls={tls!r}")
    if failure in (NO_CLIENT_CERTIFICATE, FOREIGN_CLIENT_CERTIFICATE):
        advice = "smtpserver_ca.client_certificate() makes one for SSLContext.load_cert_chain"
        setting = f"client_certificate={facts.settings.client_certificate!r}"
        return Cause(f"TLS: {failure}", advice, aside=setting)
    if "certificate" in failure:
        return _certificate_refused(facts, failure)
    if tls == "implicit" and failure == LEFT_HANDSHAKE:
        return Cause(
            "the client left a TLS port without a handshake", _WAITS_IN_VAIN, aside=f"tls={tls!r}"
        )
    return Cause(f"the TLS handshake failed: {failure}")


def _certificate_refused(facts: Facts, failure: str) -> Cause:
    made_so = _MADE_SO.get(str(facts.settings.certificate))
    if made_so:
        setting = f"certificate={facts.settings.certificate!r}"
        return Cause(f"TLS: {made_so}, as {setting} asks", aside=failure)
    if "unknown CA" in failure:
        return Cause(
            "TLS: the client does not trust the test's CA",
            "use the fixture smtpserver_trusted, smtpserver.client_context() or "
            "smtpserver_ca.cert_file",
            aside=failure,
        )
    return Cause(
        f"TLS: {failure}",
        "the certificate names the server's host, its hostname, localhost, 127.0.0.1 and ::1",
    )


def wrong_protocol(facts: Facts) -> Cause | None:
    """An SMTP client talked to an LMTP server, or the reverse."""
    is_lmtp = facts.settings.protocol == "lmtp"
    verbs, names = (
        (("EHLO", "HELO"), ("SMTP", "LMTP")) if is_lmtp else (("LHLO",), ("LMTP", "SMTP"))
    )
    for session in facts.sessions:
        said = [one for one in session.exchanges if one.verb in verbs]
        if said and session.helo is None and not said[-1].rule:
            protocol = f"protocol={facts.settings.protocol!r}"
            what = f"{said[-1].verb}: an {names[0]} client at an {names[1]} server"
            return Cause(what, aside=protocol)
    return None


def silent(facts: Facts) -> Cause | None:
    """All clients connected and said nothing."""
    if not facts.sessions or not all(map(_is_silent, facts.sessions)):
        return None
    if any(map(facts.came_before_clear, facts.sessions)):
        return None
    how = "connected, but said nothing"
    who = "a client" if len(facts.sessions) == 1 else f"{len(facts.sessions)} clients"
    if facts.settings.tls == "implicit":
        return Cause(
            f"{who} {how} at a TLS port",
            _WAITS_IN_VAIN,
            weight="nothing",
            aside="tls='implicit'",
        )
    return Cause(f"{who} {how}", weight="nothing")


def _is_silent(session: Session) -> bool:
    return not (session.tls or session.tls_failure or any(one.verb for one in session.exchanges))

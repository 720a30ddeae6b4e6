"""The settings `tls_versions` and `client_certificate`, seen by clients."""

from __future__ import annotations

import os
import smtplib
import ssl
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import Session, SMTPServer

if TYPE_CHECKING:
    from pytest_smtpserver.settings.keywords import TLSVersion


def session_with(server: SMTPServer, context: ssl.SSLContext) -> Session:
    """Return the session of a client that has shaken hands and quit."""
    with smtplib.SMTP(*server.addr, timeout=10) as client:
        client.starttls(context=context)
        client.noop()
    return server.wait_for_session()


def client_of(server: SMTPServer, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = server.client_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("name", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
def test_a_server_speaks_only_the_version_of_its_setting(name: TLSVersion) -> None:
    version = ssl.TLSVersion[name.replace(".", "_")]
    if not getattr(ssl, f"HAS_{version.name}"):
        pytest.skip(f"this OpenSSL has no {name}")
    with SMTPServer(tls="starttls", tls_versions=[name]) as server:
        tls = session_with(server, client_of(server, version)).tls
        assert tls
        assert tls.version == name


def test_a_version_between_others_can_be_left_out() -> None:
    with SMTPServer(tls="starttls", tls_versions=["TLSv1.1", "TLSv1.3"]) as server:
        with pytest.raises(ssl.SSLError):
            session_with(server, client_of(server, ssl.TLSVersion.TLSv1_2))
        failed = server.wait_for_session()
        assert "version" in (failed.tls_failure or "")


def test_a_client_that_is_asked_may_show_a_certificate() -> None:
    with SMTPServer(tls="starttls", client_certificate="optional") as server:
        context = server.client_context()
        tls = session_with(server, context).tls
        assert tls
        assert tls.client_name is None
        server.clear()
        context.load_cert_chain(server.ca.client_certificate("shop.example.com"))
        tls = session_with(server, context).tls
        assert tls
        assert tls.client_name == "shop.example.com"


def test_a_client_that_must_show_a_certificate_is_refused_without() -> None:
    with SMTPServer(tls="starttls", client_certificate="required") as server:
        with pytest.raises((ssl.SSLError, OSError, smtplib.SMTPServerDisconnected)):
            session_with(server, server.client_context())
        why = "the client showed no certificate, though one is required"
        assert server.wait_for_session().tls_failure == why


def test_a_certificate_of_another_authority_is_refused() -> None:
    import trustme

    with SMTPServer(tls="starttls", client_certificate="required") as server:
        context = server.client_context()
        trustme.CA().issue_cert("client.test").configure_cert(context)
        with pytest.raises((ssl.SSLError, OSError, smtplib.SMTPServerDisconnected)):
            session_with(server, context)
        why = "the client's certificate is not signed by this run's authority"
        assert server.wait_for_session().tls_failure == why


def test_the_name_of_a_client_may_be_any_text() -> None:
    with SMTPServer(tls="starttls", client_certificate="required") as server:
        context = server.client_context()
        context.load_cert_chain(server.ca.client_certificate("Ann Ö, at the shop"))
        tls = session_with(server, context).tls
        assert tls
        assert tls.client_name == "Ann Ö, at the shop"


def test_a_client_gets_the_same_file_for_the_same_name() -> None:
    ca = SMTPServer().ca

    assert ca.client_certificate() == ca.client_certificate("client.test")
    assert ca.client_certificate() != ca.client_certificate("other.test")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_others_can_read_the_authority_but_no_key() -> None:
    ca = SMTPServer().ca

    def rights(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert rights(ca.cert_file) == rights(ca.bundle_file) == 0o644
    assert rights(ca.cert_file.parent) == 0o755
    assert rights(ca.client_certificate()) == 0o600


def test_the_bundle_has_the_systems_authorities_and_then_ours() -> None:
    ca = SMTPServer().ca
    trusted = ssl.create_default_context(cafile=ca.bundle_file)
    bundle = ca.bundle_file.read_text(encoding="latin-1")

    assert bundle.endswith(ca.cert_file.read_text())
    assert len(trusted.get_ca_certs()) == bundle.count("-----BEGIN CERTIFICATE-----")
    default = ssl.get_default_verify_paths().cafile
    if default:
        assert bundle.startswith(Path(default).read_text(encoding="latin-1").rstrip())


def test_env_names_the_bundle_if_it_is_asked_for_trust() -> None:
    with SMTPServer(tls="implicit") as server:
        env = server.env("MAIL_", trust=True)
        assert env["SSL_CERT_FILE"] == str(server.ca.bundle_file)
        assert "SSL_CERT_FILE" not in server.env()
    with SMTPServer() as server:
        assert "SSL_CERT_FILE" not in server.env(trust=True)

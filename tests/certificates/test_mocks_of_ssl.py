"""A test mocks what contexts are made with: its server and those of later tests have whole ones."""

from __future__ import annotations

import smtplib
import ssl
import warnings
from typing import Any
from unittest import mock

import pytest

from pytest_smtpserver import SMTPServer

MUTUAL: dict[str, Any] = {"tls": "starttls", "client_certificate": "required"}
OLD: dict[str, Any] = MUTUAL | {"tls_versions": ["TLSv1"]}


def talk(server: SMTPServer) -> None:
    context = server.client_context()
    context.load_cert_chain(server.ca.client_certificate())
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    with smtplib.SMTP(*server.addr, timeout=20) as client:
        client.starttls(context=context)
        client.noop()
    tls = server.wait_for_session(timeout=20).tls
    assert tls is not None
    assert tls.client_name == "client.test"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("SSLContext", MUTUAL),
        ("SSLContext.load_cert_chain", MUTUAL),
        ("SSLContext.load_verify_locations", MUTUAL),
        ("SSLContext.maximum_version", OLD),
        ("SSLContext.set_ciphers", OLD),
        ("SSLContext.verify_mode", MUTUAL),
        ("create_default_context", MUTUAL),
    ],
)
def test_no_mock_gets_into_the_contexts_of_servers(name: str, settings: dict[str, Any]) -> None:
    # Contexts are kept for the names in the certificate.
    hostname = f"{name}.test".replace("_", "-").lower()
    with mock.patch(f"ssl.{name}"):
        first = SMTPServer(**settings, hostname=hostname).start()
    with first:
        talk(first)
    with SMTPServer(**settings, hostname=hostname) as second:
        talk(second)


# In a process of its own the first context is made, and trustme imported, while it is a mock.
FIRST = """
    import smtplib
    from unittest import mock
    from pytest_smtpserver import SMTPServer

    def talk(server):
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            client.starttls(context=server.client_context())

    def test_with_fixture(smtpserver_factory):
        with mock.patch({name!r}):
            server = smtpserver_factory(tls="starttls")
        talk(server)
        talk(smtpserver_factory(tls="starttls"))

    def test_without():
        with mock.patch({name!r}):
            server = SMTPServer(tls="starttls").start()
        with server:
            talk(server)
        with SMTPServer(tls="starttls") as server:
            talk(server)
"""


@pytest.mark.parametrize("which", ["test_with_fixture", "test_without"])
@pytest.mark.parametrize("name", ["ssl.SSLContext", "ssl.SSLContext.load_cert_chain"])
def test_the_first_context_of_a_run_may_be_made_while_it_is_mocked(
    pytester: pytest.Pytester, name: str, which: str
) -> None:
    pytester.makepyfile(FIRST.format(name=name))
    pytester.runpytest_subprocess("-k", which).assert_outcomes(passed=1, deselected=1)


class Injected(ssl.SSLContext):
    """Put in the place of its base, as libraries do that trust what the system trusts."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_made_before_or_after_works_with_another_class_of_contexts(
    monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    server = SMTPServer(tls="starttls", hostname=f"{when}.test")
    client_context = server.client_context()
    if when == "before":
        server.start()
    monkeypatch.setattr(ssl, "SSLContext", Injected)
    with server, smtplib.SMTP(*server.addr, timeout=20) as client:
        client.starttls(context=client_context)
        assert client.noop()[0] == 250

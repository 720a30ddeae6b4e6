"""Whatever a client does instead of a handshake is recorded, and the server goes on."""

from __future__ import annotations

import re
import smtplib
import ssl
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.rawclient import before_handshake, connected, encrypted, hello, reset, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Session
    from pytest_smtpserver.settings.keywords import TLS

both = pytest.mark.parametrize("server", ["starttls", "implicit"], indirect=True)
starttls = pytest.mark.parametrize("server", ["starttls"], indirect=True)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[SMTPServer]:
    with SMTPServer(tls=request.param) as server:
        yield server
    # `with` has checked that the server stopped in time, and that nothing failed.


def ended(server: SMTPServer) -> Session:
    session = server.wait_for_session()
    assert session.tls is None
    assert f"TLS handshake failed: {session.tls_failure}" in session.transcript
    return session


def codes(session: Session) -> list[str]:
    return [violation.code for violation in session.violations]


@both
@pytest.mark.parametrize(
    ("garbage", "what"),
    [(b"EHLO x\r\n", "plain text"), (b"\x80\x00\xff" * 50, "something else")],
    ids=["plain text", "garbage"],
)
def test_octets_that_are_not_tls_are_named_but_not_shown(
    server: SMTPServer, garbage: bytes, what: str
) -> None:
    with before_handshake(server) as client:
        client.sendall(garbage)
        while client.recv(1000):
            pass
    session = ended(server)
    assert session.tls_failure == f"the client does not speak TLS: it sent {what}"
    assert "EHLO x" not in session.transcript
    assert session.ended_by == "client"


@both
def test_a_broken_handshake_says_what_is_broken(server: SMTPServer) -> None:
    octets = bytearray(hello())
    octets[5:9] = b"\xff\xff\xff\xff"
    with before_handshake(server) as client:
        client.sendall(octets)
        while client.recv(1000):
            pass
    assert re.match("the TLS handshake failed: .", ended(server).tls_failure or "")


@both
@pytest.mark.parametrize("sent", [0, 1, 20, None], ids=lambda sent: f"after {sent}")
def test_a_client_that_leaves_during_the_handshake(server: SMTPServer, sent: int | None) -> None:
    with before_handshake(server) as client:
        client.sendall(hello()[:sent])
        if sent is None:
            assert client.recv(1)
    session = ended(server)
    assert re.match("the client (left|reset the connection) during", session.tls_failure or "")
    assert session.ended_by in ("client", "reset")


@both
def test_a_client_that_resets_the_connection_during_the_handshake(server: SMTPServer) -> None:
    client = before_handshake(server)
    client.sendall(hello()[:20])
    reset(client)
    session = ended(server)
    assert session.tls_failure == "the client reset the connection during the TLS handshake"
    assert session.ended_by == "reset"


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_client_that_is_silent_during_the_handshake(tls: TLS) -> None:
    # More than a client needs to come so far on a busy machine.
    with SMTPServer(tls=tls, idle_timeout=2) as server, before_handshake(server) as client:
        client.sendall(hello()[:20])
        assert client.recv(1000) == b""
        session = ended(server)
    assert session.tls_failure == "the client did not complete the TLS handshake in time"
    assert session.ended_by == "timeout"


@both
def test_a_server_that_stops_during_the_handshake(server: SMTPServer) -> None:
    with before_handshake(server) as client:
        client.sendall(hello()[:20])
        server.stop()
        assert client.recv(1000) == b""
    session = ended(server)
    assert session.tls_failure == "the server ended the session during the TLS handshake"
    assert session.ended_by == "server"


@starttls
def test_going_on_in_clear_after_starttls_is_a_violation(server: SMTPServer) -> None:
    with before_handshake(server) as client:
        client.sendall(b"EHLO x\r\n")
        client.recv(1000)
    assert codes(ended(server)) == ["plaintext-after-starttls"]


@both
def test_a_handshake_that_the_client_breaks_off_is_not_a_violation(server: SMTPServer) -> None:
    with before_handshake(server) as client, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(client, server_hostname=server.hostname)
    session = ended(server)
    assert session.tls_failure == "the client refused the certificate: unknown CA (alert 48)"
    assert session.violations == ()


def test_a_client_that_begins_with_tls_on_a_plain_port() -> None:
    with SMTPServer() as server, connected(server) as client:
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(client, server_hostname=server.hostname)
        client.close()
        session = server.wait_for_session()
    assert session.tls_failure == (
        "the client began with TLS, but this server speaks plain SMTP (tls='off')"
    )
    assert session.ended_by in ("client", "reset")


def test_smtplib_with_implicit_tls_on_a_port_for_starttls() -> None:
    with SMTPServer(tls="starttls") as server:
        with pytest.raises(ssl.SSLError):
            smtplib.SMTP_SSL(server.host, server.port, context=server.client_context(), timeout=5)
        session = server.wait_for_session()
    assert session.tls_failure == (
        "the client began with TLS, but this server expects STARTTLS first (tls='starttls')"
    )


@both
def test_within_tls_what_looks_like_the_beginning_of_tls_is_a_command_line(
    server: SMTPServer,
) -> None:
    with encrypted(server, before_handshake(server)) as client:
        if server.settings.tls == "implicit":
            assert client.recv(1000).startswith(b"220 ")
        client.sendall(b"\x16\x03\x01\r\n")
        assert client.recv(1000).startswith(b"500 5.5.2 ")
        client.sendall(b"QUIT\r\n")
        assert client.recv(1000).startswith(b"221 ")


@both
def test_the_server_goes_on_after_a_handshake_that_failed(server: SMTPServer) -> None:
    with before_handshake(server) as client:
        client.sendall(b"garbage\r\n")
    server.wait_for_session()
    with encrypted(server, before_handshake(server)) as client:
        if server.settings.tls == "implicit":
            assert said(client).startswith("220 ")
        client.sendall(b"NOOP\r\n")
        assert said(client).startswith("250 ")

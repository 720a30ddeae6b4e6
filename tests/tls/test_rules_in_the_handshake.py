"""What a rule at the stage "tls" does to a client that begins its handshake."""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.rawclient import ask, before_handshake, encrypted, hello, said

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


@pytest.fixture(params=["starttls", "implicit"])
def server(request: pytest.FixtureRequest) -> Iterator[SMTPServer]:
    with SMTPServer(tls=request.param) as server:
        yield server


def shake_hands(server: SMTPServer) -> ssl.SSLSocket:
    return encrypted(server, before_handshake(server))


def greeted(server: SMTPServer, client: socket.socket) -> bool:
    if server.settings.tls == "implicit":
        return said(client).startswith("220 ")
    return ask(client, "EHLO client.example.org").startswith("250-")


def test_it_can_close_the_connection(server: SMTPServer) -> None:
    rule = server.on("tls").disconnect()
    with before_handshake(server) as client:
        client.sendall(hello())
        assert client.recv(1) == b""
    session = server.wait_for_session()
    assert session.ended_by == "server"
    assert session.tls_failure == "the server ended the session during the TLS handshake"
    assert "disconnected by the rule" in session.transcript
    assert len(rule.hits) == 1


def test_it_can_reset_the_connection(server: SMTPServer) -> None:
    server.on("tls").reset()
    with pytest.raises(ConnectionResetError), before_handshake(server) as client:
        client.sendall(hello())
        client.recv(1)
    assert server.wait_for_session().ended_by == "server"


def test_it_can_send_nonsense(server: SMTPServer) -> None:
    server.on("tls").send(b"nonsense\r\n")
    with pytest.raises(ssl.SSLError), before_handshake(server) as client:
        encrypted(server, client)
    session = server.wait_for_session()
    assert session.tls is None
    assert session.tls_failure
    assert "S: nonsense" in session.transcript


def test_it_can_wait_before_the_handshake(server: SMTPServer) -> None:
    server.on("tls").delay(0.1)
    begun = time.monotonic()
    with shake_hands(server) as client:
        assert time.monotonic() - begun >= 0.1
        assert greeted(server, client)


def test_it_can_hold_the_client_until_it_is_released(server: SMTPServer) -> None:
    rule = server.on("tls").hold()
    with before_handshake(server) as client:
        client.sendall(hello())
        assert rule.wait_held().verb == ""
        assert server.sessions[0].tls is None
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        client.setblocking(True)
        rule.release()
        assert client.recv(1) == b"\x16"


def test_a_client_that_leaves_while_it_is_held_ends_the_session(server: SMTPServer) -> None:
    rule = server.on("tls").hold()
    with before_handshake(server) as client:
        client.sendall(hello())
        rule.wait_held()
    session = server.wait_for_session()
    assert session.tls_failure == "the client left during the TLS handshake"
    assert len(rule.hits) == 1


def test_a_server_stops_though_a_client_is_held(server: SMTPServer) -> None:
    rule = server.on("tls").hold()
    with before_handshake(server) as client:
        client.sendall(hello())
        rule.wait_held()
        server.stop()
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert server.wait_for_session().ended_by == "server"


def test_only_the_first_handshake_can_be_changed_by_a_rule(server: SMTPServer) -> None:
    server.on("tls").disconnect().times(1)
    with pytest.raises((ssl.SSLError, OSError)):
        shake_hands(server)
    with shake_hands(server) as client:
        assert greeted(server, client)

"""Violations that depend on what comes together, or that need a handshake, over a real socket."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.rawclient import EHLO, TIMEOUT, connected, everything, introduced, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.settings.keywords import TLS


def codes(server: SMTPServer, act: Callable[[socket.socket], object]) -> list[str]:
    """Return the violations of a client that does this after its EHLO."""
    with introduced(server) as client:
        act(client)
    server.wait_closed(TIMEOUT)
    return [violation.code for violation in server.sessions[0].violations]


def says(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Send each piece and wait for a reply to it."""

    def act(client: socket.socket) -> None:
        for piece in pieces:
            client.sendall(piece)
            assert client.recv(1000)

    return act


QUIT = b"QUIT\r\n"


@pytest.mark.parametrize(
    ("expected", "pieces"),
    [
        ([], [QUIT]),
        ([], [b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nRSET\r\nQUIT\r\n"]),
        (["pipelined-too-far"], [b"NOOP\r\nQUIT\r\n"]),
        (["data-after-quit"], [b"QUIT\r\nNOOP\r\n"]),
        (["no-quit"], [b"NOOP\r\n"]),
        (["bare-lf-command"], [b"NOOP\n", QUIT]),
    ],
)
def test_a_client_that_says_this_commits(expected: list[str], pieces: list[bytes]) -> None:
    with SMTPServer() as server:
        assert codes(server, says(*pieces)) == expected


def test_a_client_that_talks_at_once_is_an_early_talker() -> None:
    with SMTPServer() as server:
        held = server.on("connect").hold()
        with connected(server) as client:
            held.wait_held(timeout=TIMEOUT)
            client.sendall(EHLO)
            # When another client's second command is answered, what this one sent has been read.
            with SMTPServer() as another:
                send(another)
            held.release()
            assert client.recv(1000).startswith(b"220 ")
            client.sendall(QUIT)
            everything(client)
        assert len(held.hits) == 1
        assert server.sessions[0].violations[0].code == "early-talker"


def test_a_reset_leaves_without_quit() -> None:
    def leave(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with SMTPServer() as server:
        assert codes(server, leave) == ["no-quit"]


@pytest.mark.parametrize("pieces", [[b"STARTTLS\r\n", EHLO], [b"STARTTLS\r\n" + EHLO]])
def test_a_client_that_goes_on_in_clear_after_starttls_is_caught(pieces: list[bytes]) -> None:
    def act(client: socket.socket) -> None:
        for piece in pieces:
            client.sendall(piece)
            client.recv(1000)

    with SMTPServer(tls="starttls") as server:
        assert codes(server, act) == ["plaintext-after-starttls"]


@pytest.mark.parametrize(
    "lines", [[b"AUTH PLAIN AGFubgBzZWNyZXQ=\r\n"], [b"AUTH LOGIN\r\n", b"YW5u\r\n"]]
)
@pytest.mark.parametrize("tls", ["off", "starttls"])
def test_a_password_in_clear_is_a_violation_where_tls_was_offered(
    tls: TLS, lines: list[bytes]
) -> None:
    with SMTPServer(tls=tls, auth="optional", auth_needs_tls=False) as server:
        found = codes(server, says(*lines))
    assert ("plaintext-credentials" in found) == (tls == "starttls")

"""STARTTLS begins anew: RFC 3207 section 4.2."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.engine import StartTLS
from tests.conversation import Conversation
from tests.rawclient import ask, before_handshake, connected, encrypted, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Session

INJECTED = b"EHLO mallory\r\nMAIL FROM:<mallory@example.org>\r\nRCPT TO:<mallory@example.org>\r\n"


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer(tls="starttls", auth="optional", auth_needs_tls=False) as server:
        yield server


def codes(session: Session) -> list[str]:
    return [violation.code for violation in session.violations]


def test_commands_that_came_in_clear_with_starttls_are_never_obeyed(server: SMTPServer) -> None:
    with connected(server) as client:
        said(client)
        ask(client, "EHLO client.example.org")
        client.sendall(b"STARTTLS\r\n" + INJECTED)
        assert said(client).startswith("220 ")
        with encrypted(server, client) as client:
            # The next reply is the reply to the next command; what was sent in clear is gone.
            assert ask(client, "RCPT TO:<x@example.org>").startswith("503 ")
            (session,) = server.sessions
    assert session.helo is None
    assert session.transactions == ()
    assert codes(session)[0] == "plaintext-after-starttls"
    assert "mallory" not in session.transcript


def test_commands_that_come_in_clear_while_starttls_is_held_are_thrown_away() -> None:
    conversation = Conversation(rules=lambda book: book.on("starttls").hold(), tls="starttls")
    conversation.lines("EHLO client.example.org")
    conversation.lines("STARTTLS")
    assert conversation.resume(ahead=INJECTED).startswith(b"220 ")
    before = conversation.pause
    conversation.send(b"\x16\x03\x01")
    assert before is None
    assert isinstance(conversation.pause, StartTLS)
    assert conversation.pause.received == b"\x16\x03\x01"
    assert codes(conversation.session) == ["plaintext-after-starttls"]


def test_everything_that_the_client_said_before_is_forgotten(server: SMTPServer) -> None:
    with smtplib.SMTP(server.host, server.port, "before.example.org", timeout=5) as client:
        client.login("ann", "any")
        assert server.sessions[0].username == "ann"
        client.starttls(context=server.client_context())
        # The reply proves that the server has finished the handshake.
        client.noop()
        (session,) = server.sessions
        assert (session.helo, session.is_esmtp, session.username) == (None, False, None)
        assert session.tls
        assert client.docmd("MAIL FROM:<>")[0] == 503
        client.login("bob", "any")
        assert server.sessions[0].username == "bob"
    assert [attempt.over_tls for attempt in server.sessions[0].auth] == [False, True]


def test_starttls_is_offered_and_taken_once(server: SMTPServer) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=server.client_context())
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.docmd("STARTTLS")[0] == 503


def test_starttls_takes_no_parameter(server: SMTPServer) -> None:
    with connected(server) as client:
        said(client)
        ask(client, "EHLO client.example.org")
        assert ask(client, "STARTTLS now").startswith("501 ")


def test_starttls_that_was_refused_leaves_the_session_as_it_was(server: SMTPServer) -> None:
    server.refuse("454 4.7.0 no TLS now", stage="starttls")
    with connected(server) as client:
        said(client)
        ask(client, "EHLO client.example.org")
        assert ask(client, "STARTTLS").startswith("454 ")
        assert ask(client, "MAIL FROM:<>").startswith("250 ")
    assert server.sessions[0].tls_failure is None


def test_server_name_version_and_cipher_are_recorded(server: SMTPServer) -> None:
    with encrypted(server, before_handshake(server)) as client:
        ask(client, "QUIT")
        cipher, version, _ = client.cipher() or ("", "", 0)
    session = server.wait_for_session(tls=True)
    assert session.tls
    assert (session.tls.version, session.tls.cipher) == (version, cipher)
    assert session.tls.server_name == server.hostname


def test_mail_before_tls_is_refused_where_tls_is_required() -> None:
    with SMTPServer(tls="starttls", tls_required=True) as server:
        with smtplib.SMTP(server.host, server.port, timeout=5) as client:
            client.ehlo()
            code, text = client.mail("from@example.org")
            assert (code, text[:5]) == (530, b"5.7.0")
            client.starttls(context=server.client_context())
            client.sendmail("from@example.org", "to@example.org", b"Subject: hello")
        assert [one.outcome for one in server.transactions] == ["rejected", "accepted"]

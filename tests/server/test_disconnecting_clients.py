"""`disconnect_clients` ends all sessions like a restart, but the server goes on listening."""

from __future__ import annotations

import smtplib
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer
from tests.rawclient import EHLO, MAIL, TIMEOUT, everything, greeted, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Command


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer() as server:
        yield server


def test_clients_get_a_421_and_may_come_back(server: SMTPServer) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: one")
        server.disconnect_clients()
        assert server.sessions[0].ended_by == "server"
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("from@example.org", "to@example.org", "Subject: two")
        assert refused.value.smtp_code == 421
    with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: two")
    assert [one.subject for one in server.messages] == ["one", "two"]


def test_without_a_goodbye_no_reply_is_sent(server: SMTPServer) -> None:
    with greeted(server) as client:
        server.disconnect_clients(goodbye=False)
        assert everything(client) == b""


def test_with_reset_clients_see_one(server: SMTPServer) -> None:
    with greeted(server) as client:
        server.disconnect_clients(reset=True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_an_open_transaction_is_aborted(server: SMTPServer) -> None:
    with greeted(server) as client:
        client.sendall(EHLO + MAIL)
        until(client, b" sender")
        server.disconnect_clients()
        assert b"421 " in everything(client)
    assert [one.outcome for one in server.transactions] == ["aborted"]


def test_a_held_client_is_let_go(server: SMTPServer) -> None:
    rule = server.on("mail").hold()
    with greeted(server) as client:
        client.sendall(EHLO + MAIL)
        rule.wait_held()
        server.disconnect_clients()
        assert b"421 " in everything(client)
    server.wait_closed(0)


def test_without_clients_it_returns_at_once(server: SMTPServer) -> None:
    server.disconnect_clients()
    assert server.sessions == ()


def test_a_callable_may_call_it(server: SMTPServer) -> None:
    def disconnect(_: Command) -> str:
        server.disconnect_clients(goodbye=False)
        return "250 fine"

    server.on("mail").times(1).reply(disconnect)
    with greeted(server) as client, greeted(server) as other:
        client.sendall(EHLO + MAIL)
        assert everything(client).endswith(b"250 fine\r\n")
        assert everything(other) == b""
    server.wait_closed()


def test_a_client_is_disconnected_once_however_often_it_is_asked_for(server: SMTPServer) -> None:
    def disconnect(_: Command) -> None:
        server.disconnect_clients()
        server.disconnect_clients(reset=True)

    server.on("noop").reply(disconnect)
    with greeted(server) as client, greeted(server) as other:
        client.sendall(b"NOOP\r\n")
        assert everything(other).startswith(b"421 ")
        assert b"421 " in everything(client)
    server.wait_closed()


def test_a_stopped_server_has_nobody_to_disconnect() -> None:
    server = SMTPServer()
    server.disconnect_clients()
    server.start()
    server.stop()
    server.disconnect_clients()


def test_it_waits_for_no_client_that_comes_meanwhile(server: SMTPServer) -> None:
    with greeted(server) as first:
        thread = threading.Thread(target=server.disconnect_clients)
        thread.start()
        everything(first)
        with greeted(server):
            thread.join(TIMEOUT)
            assert not thread.is_alive()


def test_the_fate_of_another_client_does_not_explain_one_that_stays(
    server: SMTPServer,
) -> None:
    with greeted(server) as other:
        other.sendall(EHLO + MAIL + b"RCPT TO:<to@example.org>\r\nRSET\r\nQUIT\r\n")
        everything(other)
    with greeted(server), pytest.raises(SMTPAssertionError) as failed:
        server.wait_closed(0)
    assert str(failed.value).splitlines()[0] == "1 client is still connected (waited 0 ms)"

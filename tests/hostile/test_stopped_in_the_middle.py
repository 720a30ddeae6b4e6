"""A server that is stopped in the middle of something ends it, and later servers know nothing."""

from __future__ import annotations

import smtplib
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network import connection, listener
from pytest_smtpserver.network.background import background
from tests.rawclient import (
    EHLO,
    GROUP,
    MAIL,
    TIMEOUT,
    connected,
    everything,
    greeted,
    send,
    serve_ten_more,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Command

pytestmark = pytest.mark.usefixtures("thread_of_its_own")


def assert_serves(server: SMTPServer) -> None:
    send(server)
    assert server.messages[-1].subject == "hello"


@pytest.fixture
def stopping_gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", 0.05)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_callable_may_stop_its_server() -> None:
    server = SMTPServer().start()

    def stop(_: Command) -> str:
        server.stop()
        return "250 fine"

    server.on("mail").reply(stop)
    with greeted(server) as client:
        client.sendall(EHLO + MAIL)
        said = everything(client)
    assert b"\r\n250 fine\r\n" in said
    server.stop()
    server.check()
    assert not server.is_alive()
    assert [one.ended_by for one in server.sessions] == ["server"]
    serve_ten_more()


def test_a_callable_may_stop_its_server_where_the_reply_ends_the_session() -> None:
    server = SMTPServer().start()

    def stop(_: Command) -> str:
        server.stop()
        return "221 so long"

    server.on("quit").reply(stop)
    with greeted(server) as client:
        client.sendall(b"QUIT\r\n")
        assert everything(client) == b"221 so long\r\n"
    server.stop()
    server.check()
    serve_ten_more()


def test_a_callable_may_stop_and_start_its_server() -> None:
    with SMTPServer() as server:
        addresses = [server.addr]

        def again(_: Command) -> str:
            server.stop()
            addresses.append(server.start().addr)
            return "250 fine"

        server.on("mail").times(1).reply(again)
        with greeted(server) as client:
            client.sendall(EHLO + MAIL)
            everything(client)
        send(server)
        assert addresses[0] == addresses[1]
        assert len(server.messages) == 1


def test_a_callable_that_blocks_while_its_server_is_stopped_harms_nobody_after_it() -> None:
    server = SMTPServer().start()
    is_blocking, release = threading.Event(), threading.Event()

    def block(_: Command) -> str:
        is_blocking.set()
        release.wait(TIMEOUT)
        return "250 taken, said too late"

    server.on("message").reply(block)
    with greeted(server) as client:
        client.sendall(GROUP)
        assert is_blocking.wait(TIMEOUT)
        server.stop()
        at_stop = server.sessions, server.transactions, server.messages, server.transcript
        with pytest.raises(ConnectionRefusedError):
            connected(server)
        release.set()
        assert b"taken, said too late" not in everything(client)
    serve_ten_more()
    assert (server.sessions, server.transactions, server.messages, server.transcript) == at_stop
    assert server.messages == ()
    assert [one.outcome for one in server.transactions] == ["aborted"]
    assert [one.ended_by for one in server.sessions] == ["server"]


def test_a_server_starts_again_with_no_session_open_though_a_callable_blocked() -> None:
    server = SMTPServer().start()
    is_blocking, release = threading.Event(), threading.Event()

    def block(_: Command) -> str:
        is_blocking.set()
        release.wait(TIMEOUT)
        return "250 fine"

    server.on("mail").times(1).reply(block)
    with greeted(server) as client:
        client.sendall(EHLO + MAIL)
        assert is_blocking.wait(TIMEOUT)
        server.stop()
        server.start()
        release.set()
        server.wait_closed(0)
        send(server)
        everything(client)
    server.stop()
    assert [one.ended_by for one in server.sessions] == ["server", "quit"]


@pytest.mark.usefixtures("stopping_gives_up_soon")
def test_a_callable_that_blocks_the_thread_does_not_block_the_next_server(
    gate: threading.Event,
) -> None:
    server, is_blocked = SMTPServer().start(), threading.Event()
    thread = background()

    def block(command: Command) -> None:
        is_blocked.set()
        gate.wait(TIMEOUT)

    server.on("noop").reply(block)
    with connected(server) as client:
        client.sendall(b"HELO client.example.org\r\nMAIL FROM:<from@example.org>\r\nNOOP\r\n")
        assert is_blocked.wait(TIMEOUT)
        server.stop()
        with SMTPServer() as another:
            assert_serves(another)
        # Nobody can connect, and the port is free.
        with pytest.raises(ConnectionRefusedError):
            connected(server)
        with SMTPServer(port=server.port) as another:
            assert_serves(another)
        [session] = server.sessions
        assert (session.ended_by, session.transactions[0].outcome) == ("server", "aborted")
        gate.set()
        # It goes on with its work, and closes.
        everything(client)
    assert server.sessions == (session,)
    assert server.transactions == session.transactions
    # It has nothing more to do.
    thread._thread.join(TIMEOUT)
    assert not thread.is_alive


def stop_in_background(server: SMTPServer) -> threading.Thread:
    """Begin to stop the server, and return once it has begun."""
    thread = threading.Thread(target=server.stop)
    thread.start()
    for _ in range(100_000):
        try:
            connected(server).close()
        except OSError:
            return thread
    raise AssertionError("the server goes on listening")


def test_a_client_whose_mail_has_come_may_still_say_quit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_GOODBYE_SECONDS", TIMEOUT)
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", TIMEOUT)
    server = SMTPServer().start()
    with smtplib.SMTP(server.host, server.port, "client.example", TIMEOUT) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: hello")
        stopping = stop_in_background(server)
        assert client.quit()[0] == 221
    stopping.join(TIMEOUT)
    assert not stopping.is_alive()
    # There may be other sessions, of clients that checked whether the server still listens.
    assert server.sessions[0].ended_by == "quit"


def test_a_silent_client_that_has_sent_mail_is_closed_without_a_word() -> None:
    server = SMTPServer().start()
    with greeted(server) as client:
        client.sendall(GROUP)
        server.wait_for_message()
        server.stop()
        assert everything(client).endswith(b"\r\n250 2.0.0 message accepted\r\n")
    assert server.sessions[0].ended_by == "server"


def test_a_client_in_another_message_is_told_that_the_server_stops() -> None:
    server = SMTPServer().start()
    with greeted(server) as client:
        client.sendall(GROUP + MAIL)
        until(client, b"accepted\r\n250 2.1.0 sender OK\r\n")
        assert len(server.transactions) == 2
        server.stop()
        assert b"421 4.3.2 " in everything(client)


def test_after_a_stop_all_records_are_final_and_none_is_open_after_a_start() -> None:
    server = SMTPServer().start()
    with ExitStack() as clients:
        # Some of them may still wait in the backlog, or be accepted and not greeted.
        for _ in range(100):
            clients.enter_context(connected(server))
        server.stop()
        ended = server.sessions
        assert all(session.ended_by == "server" for session in ended)
        with server:
            assert server.sessions == ended
            server.wait_closed()


def test_mail_that_came_before_the_stop_is_dealt_with_before_it(gate: threading.Event) -> None:
    server = SMTPServer().start()
    called = threading.Event()

    def reply(_: Command) -> None:
        called.set()
        gate.wait(TIMEOUT)

    server.on("noop").reply(reply)
    with greeted(server) as busy, greeted(server) as client:
        client.sendall(EHLO + MAIL + b"RCPT TO:<to@example.org>\r\nDATA\r\n")
        until(client, b"354 ")
        busy.sendall(b"NOOP\r\n")
        assert called.wait(TIMEOUT)
        # The server's thread is busy: both of these come meanwhile, in this order.
        client.sendall(b"\r\nhello\r\n.\r\n")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        while not background().readiness._calls:
            time.sleep(0.01)
        gate.set()
        stopping.join(TIMEOUT)
    assert [one.outcome for one in server.transactions] == ["accepted"]


def test_a_chunk_behind_a_held_command_is_no_bare_line_end() -> None:
    server = SMTPServer(strict=True).start()
    rule = server.on("rcpt").hold()
    with greeted(server) as client:
        client.sendall(EHLO)
        until(client, b"250 ")
        chunk = b"BDAT 8 LAST\r\n\r\na\nb\n\n"
        client.sendall(MAIL + b"RCPT TO:<to@example.org>\r\n" + chunk)
        rule.wait_held(timeout=TIMEOUT)
        server.stop()
    assert server.sessions[0].violations == ()
    server.check()


def test_mail_that_lmtp_has_accepted_for_one_recipient_stays_accepted(
    gate: threading.Event, stopping_gives_up_soon: None
) -> None:
    server = SMTPServer(protocol="lmtp").start()
    called = threading.Event()

    def reply(_: Command) -> None:
        called.set()
        gate.wait(TIMEOUT)

    server.on("message", rcpt_to="second@example.org").reply(reply)
    with greeted(server) as client:
        client.sendall(EHLO.replace(b"EHLO", b"LHLO") + MAIL)
        client.sendall(b"RCPT TO:<first@example.org>\r\nRCPT TO:<second@example.org>\r\n")
        client.sendall(b"DATA\r\n\r\nhello\r\n.\r\n")
        assert called.wait(TIMEOUT)
        server.stop()
        (message,) = server.messages
        assert message.transaction.outcome == "accepted"
        gate.set()

"""Whatever one test does to its server, the next test has nothing to suffer from it."""

from __future__ import annotations

import errno
import smtplib
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import ServerCrashed, SMTPServer
from pytest_smtpserver.network import connection, listener
from pytest_smtpserver.network.background import background

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Command

TIMEOUT = 20
MAIL = "Subject: hello\r\n\r\nworld\r\n"


def client_of(server: SMTPServer) -> smtplib.SMTP:
    return smtplib.SMTP(server.host, server.port, "client.example.org", TIMEOUT)


def assert_serves(server: SMTPServer) -> None:
    with client_of(server) as client:
        client.sendmail("from@example.org", "to@example.org", MAIL)
    assert server.messages[-1].subject == "hello"


@pytest.fixture
def stopping_gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", 0.05)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


# One server after another gets the descriptor that the first has freed.
def test_a_callable_may_stop_its_server() -> None:
    server = SMTPServer().start()

    def stop(command: Command) -> None:
        server.stop()

    server.on("mail").reply(stop)
    with pytest.raises((smtplib.SMTPException, OSError)), client_of(server) as client:
        client.sendmail("from@example.org", "to@example.org", MAIL)
    for _ in range(5):
        with SMTPServer() as another:
            assert_serves(another)


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
    with socket.create_connection(server.addr, TIMEOUT) as client:
        client.sendall(b"HELO client.example.org\r\nMAIL FROM:<from@example.org>\r\nNOOP\r\n")
        assert is_blocked.wait(TIMEOUT)
        server.stop()
        with SMTPServer() as another:
            assert_serves(another)
        # Nobody can connect, and the port is free.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(server.addr, TIMEOUT)
        with SMTPServer(port=server.port) as another:
            assert_serves(another)
        [session] = server.sessions
        assert (session.ended_by, session.transactions[0].outcome) == ("server", "aborted")
        gate.set()
        # It goes on with its work, and closes.
        while client.recv(65536):
            pass
    assert server.sessions == (session,)
    assert server.transactions == session.transactions
    # It has nothing more to do.
    thread._thread.join(TIMEOUT)
    assert not thread.is_alive


def test_a_run_within_a_test_leaves_the_thread_of_the_run_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(smtpserver): assert smtpserver.port")
    with SMTPServer() as server:
        thread = background()
        pytester.runpytest_inprocess().assert_outcomes(passed=1)
        assert background() is thread
        assert_serves(server)


def stop_in_background(server: SMTPServer) -> threading.Thread:
    """Begin to stop the server, and return once it has begun."""
    thread = threading.Thread(target=server.stop)
    thread.start()
    for _ in range(100_000):
        try:
            socket.create_connection(server.addr, TIMEOUT).close()
        except OSError:
            return thread
    raise AssertionError("the server goes on listening")


def test_a_client_whose_mail_has_come_may_still_say_quit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_GOODBYE_SECONDS", TIMEOUT)
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", TIMEOUT)
    server = SMTPServer().start()
    with client_of(server) as client:
        client.sendmail("from@example.org", "to@example.org", MAIL)
        stopping = stop_in_background(server)
        assert client.quit()[0] == 221
    stopping.join(TIMEOUT)
    assert not stopping.is_alive()
    # Others may be there: those who tried whether the server still listens.
    assert server.sessions[0].ended_by == "quit"


def test_a_client_whose_mail_has_come_and_that_stays_hears_no_word() -> None:
    server = SMTPServer().start()
    client = client_of(server)
    client.sendmail("from@example.org", "to@example.org", MAIL)
    server.stop()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    assert [session.ended_by for session in server.sessions] == ["server"]


def test_a_client_in_the_middle_of_something_is_told_at_once() -> None:
    server = SMTPServer().start()
    client = client_of(server)
    client.sendmail("from@example.org", "to@example.org", MAIL)
    client.mail("from@example.org")
    server.stop()
    assert client.getreply()[0] == 421
    client.close()


def test_an_accept_that_fails_is_told_and_the_next_one_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Exhausted(socket.socket):
        def __init__(self, *arguments: object, **more: object) -> None:
            raise OSError(errno.EMFILE, "no more descriptors")

    with SMTPServer() as server, socket.socket() as client:
        monkeypatch.setattr(socket, "socket", Exhausted)
        client.connect(server.addr)
        with pytest.raises(ServerCrashed, match="no more descriptors"):
            server.wait_for_message(timeout=TIMEOUT)
        monkeypatch.undo()
        assert_serves(server)
        with pytest.raises(ServerCrashed, match="no more descriptors"):
            server.check()
        server.reset()


def test_after_a_stop_all_records_are_final_and_none_is_open_after_a_start() -> None:
    server = SMTPServer().start()
    with ExitStack() as clients:
        # Some of them may still wait in the backlog, or be accepted and not greeted.
        for _ in range(100):
            clients.enter_context(socket.create_connection(server.addr, TIMEOUT))
        server.stop()
        ended = server.sessions
        assert all(session.ended_by == "server" for session in ended)
        with server:
            assert server.sessions == ended
            server.wait_closed()


def test_a_start_from_several_threads_is_one_start() -> None:
    server, barrier = SMTPServer(), threading.Barrier(8)
    with SMTPServer():  # so that the thread is there
        before = len(background().listeners)

        def start() -> None:
            barrier.wait(TIMEOUT)
            server.start()

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
        with server:
            assert len(background().listeners) == before + 1


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, pytest.fail.Exception])
def test_a_callable_may_raise_what_is_no_exception(error: type[BaseException]) -> None:
    def fail(command: Command) -> None:
        raise error("on purpose")

    with SMTPServer() as server:
        server.on("mail").reply(fail)
        with client_of(server) as client, pytest.raises(smtplib.SMTPResponseException):
            client.sendmail("from@example.org", "to@example.org", MAIL)
        server.stop()
        with pytest.raises(error, match="on purpose"):
            server.check()
        server.reset()
    with SMTPServer() as another:
        assert_serves(another)


def end_of_the_thread() -> None:
    raise SystemExit("on purpose")


def test_a_thread_that_has_ended_wakes_those_who_wait_and_the_next_server_gets_another() -> None:
    server = SMTPServer().start()
    background().soon(end_of_the_thread)
    with pytest.raises(ServerCrashed):
        server.wait_for_message(timeout=TIMEOUT)
    server.stop()
    with pytest.raises(ServerCrashed) as crashed:
        server.check()
    assert "on purpose" in repr(crashed.value.__cause__.__cause__)
    with SMTPServer() as another:
        assert_serves(another)
    with server:
        server.reset()
        assert_serves(server)

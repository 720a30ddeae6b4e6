"""Whatever a test does to a server, the next test and other servers do not notice."""

from __future__ import annotations

import gc
import os
import resource
import smtplib
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import ServerCrashed, SMTPServer
from pytest_smtpserver.network import background
from tests.present import present
from tests.rawclient import TIMEOUT, connected, everything, greeted, send, serve_ten_more

if TYPE_CHECKING:
    from pytest_smtpserver import Command

pytestmark = pytest.mark.usefixtures("thread_of_its_own")


def test_many_threads_start_one_listener() -> None:
    # So that the thread is there, and its listeners can be counted.
    SMTPServer().start().stop()
    before = len(background().listeners)
    server = SMTPServer()
    barrier = threading.Barrier(8)
    ports = set()

    def start() -> None:
        barrier.wait(TIMEOUT)
        ports.add(server.start().port)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert len(background().listeners) == before + 1
    server.stop()
    # A listener that nobody owns would be a ResourceWarning here.
    gc.collect()
    assert len(ports) == 1
    with pytest.raises(ConnectionRefusedError):
        connected(server)


def test_a_server_for_which_no_descriptor_was_left_says_so_and_goes_on() -> None:
    server = SMTPServer().start()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as client:
        # None below the one that is free now.
        free = os.dup(client.fileno())
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            client.connect(server.addr)
            with pytest.raises(ServerCrashed, match="Too many open files"):
                server.wait_for_message(timeout=TIMEOUT)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        client.settimeout(TIMEOUT)
        assert client.recv(1000).startswith(b"220 ")
    server.stop()
    with pytest.raises(ServerCrashed, match="Too many open files"):
        server.check()


def test_a_replaced_socket_class_costs_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no sockets in tests")

    with SMTPServer() as server, socket.socket() as client:
        client.settimeout(TIMEOUT)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", broken)
            client.connect(server.addr)
            assert client.recv(1000).startswith(b"220 ")
        send(server)
        assert len(server.messages) == 1


class Vicious(BaseException):
    """A BaseException that is not an Exception."""


def raise_vicious() -> None:
    raise Vicious


def test_when_the_thread_dies_waits_end_at_once_and_the_next_server_has_another() -> None:
    server = SMTPServer().start()
    with greeted(server) as client:
        background().soon(raise_vicious)
        with pytest.raises(ServerCrashed, match="TrioInternalError"):
            server.wait_for_message(timeout=TIMEOUT)
        assert everything(client) == b""
    assert not server.is_alive()
    server.stop()
    with pytest.raises(ServerCrashed, match="TrioInternalError"):
        server.check()
    assert [one.ended_by for one in server.sessions] == ["server"]
    serve_ten_more()


def test_a_server_whose_thread_has_died_can_be_started_again() -> None:
    with SMTPServer() as server:
        port = server.port
        background().soon(raise_vicious)
        with pytest.raises(ServerCrashed):
            server.wait_for_message(timeout=TIMEOUT)
        server.reset()
        assert server.start().port == port
        send(server)
        assert len(server.messages) == 1


SENDS_IN_A_THREAD = """
    import smtplib
    import threading

    import pytest

    def send(server):
        with smtplib.SMTP(server.host, server.port, timeout=20) as client:
            client.sendmail("from@example.org", "to@example.org", "Subject: hello")

    @pytest.mark.parametrize("number", range(20))
    def test_it(smtpserver, number):
        threading.Thread(target=send, args=(smtpserver,)).start()
        smtpserver.wait_for_message()
"""


def test_a_thread_that_sends_may_say_quit_though_its_test_is_over(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SENDS_IN_A_THREAD)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=20)


def inner_run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makepyfile(test)
    # In this process, as a user's tests would run it.
    return pytester.runpytest_inprocess()


def test_a_run_inside_a_test_ends_only_the_thread_that_it_has_started(
    pytester: pytest.Pytester,
) -> None:
    with SMTPServer() as server:
        thread = background()
        result = inner_run(pytester, "def test_it(smtpserver): assert smtpserver.port")
        result.assert_outcomes(passed=1)
        assert background() is thread
        send(server)
        assert len(server.messages) == 1


STOPS_THE_RUNS = """
    import smtplib

    def test_that_stops_it(smtpserver_session):
        smtpserver_session.stop()

    def test_that_needs_it(smtpserver_session):
        with smtplib.SMTP(smtpserver_session.host, smtpserver_session.port, timeout=20):
            pass
"""


def test_the_runs_server_listens_again_after_a_test_that_stopped_it(
    pytester: pytest.Pytester,
) -> None:
    inner_run(pytester, STOPS_THE_RUNS).assert_outcomes(passed=2)


PATCHED = """
import threading
from unittest import mock
import pytest_smtpserver

class AtOnce:
    def __init__(self, target=None, args=(), **_):
        self.target, self.args = target, args
    def start(self):
        self.target(*self.args)
    def join(self, timeout=None):
        pass

with mock.patch({name}, {replacement}):
    server = pytest_smtpserver.SMTPServer().start()
import smtplib
with smtplib.SMTP(server.host, server.port, timeout=20) as client:
    client.sendmail("from@example.org", "to@example.org", "Subject: hello")
assert len(server.messages) == 1
server.stop()
"""


@pytest.mark.parametrize("name", ["threading.Thread", "threading.Thread.start"])
@pytest.mark.parametrize("replacement", ["AtOnce", "mock.MagicMock()"])
def test_replaced_threads_are_not_the_servers(name: str, replacement: str) -> None:
    script = PATCHED.format(name=repr(name), replacement=replacement)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=TIMEOUT)


def test_threads_replaced_before_the_first_import_are_one_sentence() -> None:
    script = """
import threading
from unittest import mock
threading.Thread.start = mock.MagicMock()
import pytest_smtpserver
pytest_smtpserver.SMTPServer().start()
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert run.stderr.splitlines()[-1].startswith("RuntimeError: threading.Thread.start was ")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, pytest.fail.Exception])
def test_a_callable_may_raise_a_base_exception(error: type[BaseException]) -> None:
    def fail(command: Command) -> None:
        raise error("on purpose")

    with SMTPServer() as server:
        server.on("mail").reply(fail)
        with pytest.raises(smtplib.SMTPResponseException):
            send(server)
        server.stop()
        with pytest.raises(error, match="on purpose"):
            server.check()
        server.reset()
    with SMTPServer() as another:
        send(another)


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
    assert "on purpose" in repr(present(crashed.value.__cause__).__cause__)
    serve_ten_more()
    with server:
        server.reset()
        send(server)
        assert len(server.messages) == 1


BLOCKS_AND_FAILS = """
    import smtplib
    import threading

    import pytest

    called, may_go_on = threading.Event(), threading.Event()

    def blocks(*_):
        called.set()
        may_go_on.wait(20)
        raise ZeroDivisionError

    def send(server):
        try:
            with smtplib.SMTP(server.host, server.port, timeout=20) as client:
                client.login("ann", "secret")
                client.sendmail("from@example.org", "to@example.org", "Subject: hello")
        except (smtplib.SMTPException, OSError):
            pass

    @pytest.fixture(scope="session")
    def server(smtpserver_session_factory):
        return smtpserver_session_factory(auth="optional", users={users})

    clients = []

    def test_asks(server):
        server.on("mail", optional=True).reply(blocks)
        clients.append(threading.Thread(target=send, args=(server,)))
        clients[0].start()
        assert called.wait(20)

    def test_next(server):
        may_go_on.set()
        # It hears the end of its session after the callable has failed.
        clients[0].join(20)
"""


@pytest.mark.parametrize("users", ["blocks", "{'ann': 'secret'}"], ids=["users", "a rule"])
def test_a_callable_that_fails_after_its_test_names_that_test(
    pytester: pytest.Pytester, users: str
) -> None:
    pytester.makepyfile(BLOCKS_AND_FAILS.replace("{users}", users))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["E *the callable was called in *::test_asks, and raised after *"])

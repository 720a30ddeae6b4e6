"""Tools that replace parts of the standard library: it works, or one sentence says why not."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Self
from unittest.mock import MagicMock

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 20

SEND = """
def send(server):
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: hello\\r\\n\\r\\n")
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[[str], pytest.RunResult]:
    """Run a script in a new process, in which nothing is patched yet."""

    def run_script(script: str) -> pytest.RunResult:
        return pytester.run(sys.executable, pytester.makepyfile(script), timeout=TIMEOUT)

    return run_script


def test_a_server_that_is_first_imported_while_time_is_frozen_works(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(f"""
import smtplib
from freezegun import freeze_time
{SEND}
with freeze_time("2020-01-01"):
    from pytest_smtpserver import SMTPServer
    with SMTPServer() as server:
        send(server)
        server.wait_for_message()
    with SMTPServer(idle_timeout=0.05) as server:
        client = smtplib.SMTP(server.host, server.port)
        assert client.getreply()[0] == 421
        client.close()
""")
    assert result.ret == 0, result.stderr.str()


@pytest.mark.parametrize("tick", ["True", "False"])
def test_a_server_that_is_first_imported_in_another_time_records_the_real_one(
    run: Callable[[str], pytest.RunResult], tick: str
) -> None:
    result = run(f"""
import smtplib, time
import time_machine
{SEND}
before = time.time()
with time_machine.travel("2020-01-01", tick={tick}):
    from pytest_smtpserver import SMTPServer
    with SMTPServer() as server:
        send(server)
        received = server.wait_for_message().received_at
assert before - 1 < received.timestamp() < time.time() + 1
""")
    assert result.ret == 0, result.stderr.str()


SYNCHRONOUS = """
class Thread:
    def __init__(self, target=None, args=(), kwargs={}, **more):
        self.run = lambda: target(*args, **kwargs)
    def start(self):
        self.run()
    def join(self, timeout=None):
        pass
"""


@pytest.mark.parametrize("fake", [SYNCHRONOUS, "from unittest.mock import MagicMock as Thread"])
def test_a_server_has_its_thread_where_a_test_has_put_a_fake_for_threads(
    run: Callable[[str], pytest.RunResult], fake: str
) -> None:
    result = run(f"""
import smtplib, threading
from unittest.mock import patch
{fake}
{SEND}
with patch("threading.Thread", Thread):
    from pytest_smtpserver import SMTPServer
    with SMTPServer() as server:
        send(server)
        server.wait_for_message()
""")
    assert result.ret == 0, result.stderr.str()


def test_under_gevent_one_sentence_says_what_to_leave_unpatched(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run("""
from gevent import monkey
monkey.patch_all()
from pytest_smtpserver import SMTPServer
SMTPServer().start()
""")
    assert result.ret == 1
    assert result.errlines[-1] == (
        "RuntimeError: gevent has patched select and threading in this process, and the SMTP "
        "server's thread needs the real ones: use monkey.patch_all(select=False, thread=False)"
    )


def test_under_eventlet_one_sentence_says_what_to_leave_unpatched(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run("""
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from pytest_smtpserver import SMTPServer
SMTPServer().start()
""")
    assert result.ret == 1
    assert result.errlines[-1] == (
        "RuntimeError: eventlet has patched select, socket, thread in this process, and the SMTP "
        "server's thread needs the real ones: use eventlet.monkey_patch(select=False, "
        "socket=False, thread=False)"
    )


def test_under_eventlet_only_the_tests_that_use_a_server_fail(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import eventlet; eventlet.monkey_patch()")
    pytester.makepyfile("def test_server(smtpserver): pass\ndef test_nothing(): pass")
    result = pytester.runpytest_subprocess("-Wignore")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("smtpserver: eventlet has patched select, socket, thread in *")


def test_where_pyfakefs_comes_before_tls_one_sentence_says_what_to_do(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import smtplib
        import pytest

        @pytest.mark.smtpserver(tls="starttls")
        def test_before(fs, smtpserver): pass

        @pytest.mark.smtpserver(tls="starttls")
        def test_after(smtpserver, fs):
            with smtplib.SMTP(*smtpserver.addr, timeout=10) as client:
                client.starttls(context=smtpserver.client_context())

        def test_in_clear(fs, smtpserver):
            with smtplib.SMTP(*smtpserver.addr, timeout=10) as client:
                client.sendmail("a@x.test", "b@x.test", "Subject: x\\n\\nHi\\n")
            assert smtpserver.wait_for_message().subject == "x"
        """
    )
    result = pytester.runpytest_subprocess("-p", "fakefs")
    result.assert_outcomes(errors=1, passed=2)
    result.stdout.fnmatch_lines(["smtpserver: pyfakefs has replaced the file system, and TLS *"])


def test_beside_pyfakefs_the_servers_keep_their_thread(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import threading

        def threads():
            return [one.ident for one in threading.enumerate() if "smtpserver" in one.name]

        def test_real_files(smtpserver):
            global before
            before = threads()

        def test_fake_files(fs, smtpserver):
            assert threads() == before
        """
    )
    pytester.runpytest_subprocess("-p", "fakefs").assert_outcomes(passed=2)


def test_beside_gevent_that_left_threads_alone_it_works(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(f"""
from gevent import monkey, spawn
monkey.patch_all(select=False, thread=False)
import smtplib
from pytest_smtpserver import SMTPServer
{SEND}
with SMTPServer() as server:
    spawn(send, server).join()
    server.wait_for_message()
""")
    assert result.ret == 0, result.stderr.str()


def test_beside_eventlet_that_left_threads_alone_it_works(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(f"""
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch(select=False, socket=False, thread=False)
import smtplib, threading
from pytest_smtpserver import SMTPServer
{SEND}
patched = threading.RLock
with SMTPServer() as server:
    eventlet.spawn(send, server).wait()
    server.wait_for_message()
assert threading.RLock is patched
""")
    assert result.ret == 0, result.stderr.str()


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="needs epoll, to take it away")
def test_a_thread_that_cannot_run_is_an_error_at_once_and_leaves_no_socket(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run("""
import select
import warnings
del select.epoll
warnings.simplefilter("error")
from pytest_smtpserver import SMTPServer
SMTPServer().start()
""")
    assert result.ret == 1
    assert result.errlines[-1].startswith(
        "RuntimeError: the SMTP server's thread did not start: AttributeError"
    )
    result.stderr.no_fnmatch_line("*ResourceWarning*")


class Blocked(socket.socket):
    """Like pytest-socket: the class is replaced, and making one raises."""

    def __new__(cls, *_: object, **__: object) -> Self:
        raise RuntimeError("no sockets in tests")


def test_a_server_that_may_have_no_socket_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", Blocked)
    monkeypatch.setitem(sys.modules, "pytest_socket", ModuleType("pytest_socket"))
    with pytest.raises(OSError, match=r"127\.0\.0\.1.*no sockets in tests.*allow-hosts=127"):
        SMTPServer().start()
    monkeypatch.delitem(sys.modules, "pytest_socket")
    with pytest.raises(OSError, match=r"127\.0\.0\.1: no sockets in tests \(RuntimeError\)$"):
        SMTPServer().start()


@pytest.mark.parametrize("replacement", [Blocked, MagicMock()])
def test_a_server_goes_on_where_a_test_has_replaced_the_class_of_sockets(
    monkeypatch: pytest.MonkeyPatch, replacement: object
) -> None:
    with SMTPServer() as server, socket.socket() as client:
        client.settimeout(TIMEOUT)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", replacement)
            client.connect(server.addr)
            client.sendall(b"QUIT\r\n")
            assert server.wait_for_session(timeout=TIMEOUT).ended_by == "quit"


def test_a_server_closes_its_sockets_where_a_test_has_replaced_a_function_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = SMTPServer().start()
    assert server._core.listener
    listening = server._core.listener._socket
    with socket.create_connection(server.addr, TIMEOUT) as client, monkeypatch.context() as patch:
        assert client.recv(1) == b"2"
        patch.setattr(contextlib, "suppress", None)
        server.stop()
    assert listening.fileno() == -1


def test_a_server_keeps_its_clock_where_a_test_has_replaced_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with SMTPServer() as server, monkeypatch.context() as patch:
        patch.setattr(time, "clock_gettime", MagicMock())
        with pytest.raises(SMTPAssertionError, match="no client connected"):
            server.wait_for_message(timeout=0.01)

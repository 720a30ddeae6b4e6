"""Processes that are forked from the test's, as celery and multiprocessing do."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network import listener
from pytest_smtpserver.network.background import _lock, is_running
from pytest_smtpserver.server import watching
from pytest_smtpserver.server.watching import _looking
from tests.rawclient import TIMEOUT, ask, connected, greeted, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@contextmanager
def forked(target: Callable[..., object], *args: object) -> Iterator[None]:
    child = multiprocessing.get_context("fork").Process(target=target, args=args)
    with warnings.catch_warnings():
        # A process with threads is forked; that this works is what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    yield
    child.join(TIMEOUT)
    assert child.exitcode == 0
    child.close()


def test_mail_of_a_forked_process_arrives_at_its_parents_server() -> None:
    with SMTPServer() as server:
        with forked(send, server):
            server.wait_for_message(timeout=TIMEOUT)
        assert server.wait_for_session().ended_by == "quit"


def test_a_fork_after_the_last_server_has_stopped_finds_no_thread_of_ours(
    pytester: pytest.Pytester,
) -> None:
    # In a process of its own: in this one a server of the run may listen.
    script = pytester.makepyfile("""
        import os
        import smtplib
        import threading
        import warnings
        from pytest_smtpserver import SMTPServer

        for _ in range(2):
            with SMTPServer() as server:
                with smtplib.SMTP(server.host, server.port) as client:
                    client.sendmail("a@example.org", "b@example.org", "Hello")
                assert len(server.messages) == 1
            with warnings.catch_warnings(record=True) as caught:
                # From Python 3.12 on, a process with threads is warned.
                warnings.simplefilter("always")
                child = os.fork()
                if child == 0:
                    os._exit(0)
            assert caught == []
            assert threading.active_count() == 1
            os.waitpid(child, 0)
    """)
    result = pytester.run(sys.executable, script, timeout=TIMEOUT)
    assert result.ret == 0, result.stderr.str()


def test_pytest_starts_in_a_process_that_another_thread_has_forked(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test(smtpserver): assert smtpserver.messages == ()")
    script = pytester.makepyfile(
        start="""
        import os
        import threading
        import pytest

        class Worker(threading.Thread):
            def run(self):
                child = os.fork()
                if child == 0:
                    os._exit(pytest.main(["-q"]))
                _, status = os.waitpid(child, 0)
                found.append(status)

        found = []
        for kind in (Worker, type("Special", (Worker,), {})):
            worker = kind()
            worker.start()
            worker.join()
        worker = threading.Thread(target=lambda: Worker.run(worker))
        worker.start()
        worker.join()
        assert found == [0, 0, 0]
    """
    )
    result = pytester.run(sys.executable, script, timeout=TIMEOUT)
    assert result.ret == 0, result.stdout.str() + result.stderr.str()


def test_a_fork_leaves_a_server_its_thread() -> None:
    with SMTPServer() as server, greeted(server) as client:
        with forked(is_running):
            assert is_running()
        assert ask(client, "NOOP").startswith("250")


def test_a_fork_waits_for_nobody_who_is_just_starting_a_server() -> None:
    # A signal's handler that forks may have interrupted the main thread in there.
    with _lock, forked(is_running):
        pass


def test_a_forked_process_does_not_keep_the_port_of_its_parents_server() -> None:
    context = multiprocessing.get_context("fork")
    is_there, may_end = context.Event(), context.Event()

    def child() -> None:
        is_there.set()
        assert may_end.wait(TIMEOUT)

    with SMTPServer() as server, forked(child):
        assert is_there.wait(TIMEOUT)
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            connected(server)
        may_end.set()


def test_a_forked_process_does_not_keep_the_connections_of_its_parents_server() -> None:
    context = multiprocessing.get_context("fork")
    is_there, may_end = context.Event(), context.Event()

    def child() -> None:
        is_there.set()
        assert may_end.wait(TIMEOUT)

    with SMTPServer() as server, greeted(server) as client, forked(child):
        assert is_there.wait(TIMEOUT)
        # Only the last one that closes a connection can reset it.
        server.disconnect_clients(reset=True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        may_end.set()


def test_a_forked_process_that_stops_its_parents_server_does_not_end_it() -> None:
    with SMTPServer() as server:
        with forked(server.stop):
            pass
        send(server)
        assert len(server.messages) == 1


def test_a_forked_process_that_stops_its_parents_server_leaves_the_socket_in_the_file_system(
    tmp_path: Path,
) -> None:
    path = tmp_path / "smtp"
    with SMTPServer(host=f"unix:{path}") as server:
        with forked(server.stop):
            pass
        assert path.is_socket()


def test_a_forked_process_stops_its_parents_server_without_waiting_for_its_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", 2 * TIMEOUT)
    with SMTPServer() as server, forked(server.stop):
        pass


def clear(server: SMTPServer) -> None:
    server.reset()


def test_a_lock_that_is_held_at_the_fork_is_free_in_the_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "_watchers", (lambda *_: None,))
    with SMTPServer() as server:
        rule = server.on("noop", optional=True).reply(550)
        locks = server._core._lock, server._core.recorder._lock, server._core.rules.lock, _looking
        gate = rule._state.gate
        with ExitStack() as held:
            for lock in (*locks, gate._lock):
                held.enter_context(lock)
            with forked(clear, server):
                pass

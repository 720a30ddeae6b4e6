"""Processes that are forked from the test's, as celery and multiprocessing do."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network import listener
from tests.rawclient import TIMEOUT, connected, greeted, send

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

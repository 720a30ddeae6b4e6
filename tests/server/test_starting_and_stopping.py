"""Servers come and go without a trace, and leave within a second whatever their clients do."""

from __future__ import annotations

import gc
import smtplib
import socket
import subprocess
import sys
import threading
import warnings
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network.background import background
from tests.network.looping import at_rest
from tests.rawclient import EHLO, MAIL, RCPT, TIMEOUT, connected, everything, until

# Of about 90 octets each reply.
HELPS = 30_000
SMALL = 4096
OPEN_FILES = Path("/proc/self/fd")


def open_files() -> int:
    return len(list(OPEN_FILES.iterdir()))


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def tasks() -> int:
    """Return how many tasks the servers' loop has, once it is at rest; its own included."""
    return at_rest(background(), lambda: trio.lowlevel.current_statistics().tasks_living)


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def serve(count: int) -> None:
    for number in range(count):
        with SMTPServer() as server:
            # A connection costs ten times as much as a server, so only some servers get one.
            if number % 10 == 0:
                with smtplib.SMTP(server.host, server.port, "client.example.org", TIMEOUT):
                    pass


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs /proc/self/fd to count open files")
def test_1000_servers_leave_no_thread_socket_task_or_object_behind() -> None:
    serve(20)
    threads_before, files_before, tasks_before = threads(), open_files(), tasks()
    objects_before = objects()
    serve(1000)
    # What other tests have left may end meanwhile, such as the idle threads that trio keeps.
    assert threads() <= threads_before
    assert open_files() <= files_before
    assert tasks() <= tasks_before
    # What others cache; one object for each server would be ten times that.
    assert objects() - objects_before < 100


@pytest.mark.skipif(sys.platform == "win32", reason="needs pass_fds")
def test_a_copy_of_the_socket_in_a_program_that_starts_does_not_listen_on() -> None:
    with SMTPServer() as server:
        assert server._core.listener
        copied = server._core.listener._socket.fileno()
        command = [sys.executable, "-c", "input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[copied]) as program:
            server.stop()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(server.addr, TIMEOUT)
            server.start()
            with connected(server):
                pass
            program.communicate(b"\n", TIMEOUT)


def never_reads(server: SMTPServer) -> socket.socket:
    """Return a client that has asked for megabytes and reads nothing."""
    # The kernel's buffers would hold it all otherwise; the server's are inherited on accepting.
    assert server._core.listener
    server._core.listener._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    client.connect(server.addr)
    client.sendall(b"HELP\r\n" * HELPS)
    tasks()
    # The server could not send all of it.
    assert 0 < len(server.sessions[0].exchanges) < HELPS
    return client


def in_mid_content(server: SMTPServer) -> socket.socket:
    client = connected(server)
    client.sendall(EHLO + MAIL + RCPT + b"DATA\r\nSubject: to be continued")
    until(client, b"\r\n354 ")
    return client


def test_stopping_ends_every_session_whatever_the_clients_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It waits for a second at most, which may be too short for a busy machine.
    monkeypatch.setattr("pytest_smtpserver.network.listener._CLOSE_TIMEOUT", TIMEOUT)
    with ExitStack() as stack:
        server = stack.enter_context(SMTPServer())
        before = tasks()
        stack.enter_context(never_reads(server))
        content = stack.enter_context(in_mid_content(server))
        # A client may still wait in the kernel's backlog, without a session.
        stack.enter_context(connected(server))
        server.stop()
        assert tasks() == before
        assert b"421 4.3.2 " in everything(content)
    assert {one.ended_by for one in server.sessions} == {"server"}
    assert [one.outcome for one in server.transactions] == ["aborted"]
    assert server.messages == ()


def test_where_warnings_are_errors_a_start_that_warns_leaves_nothing_behind() -> None:
    before = tasks()
    server = SMTPServer(host="0.0.0.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="other machines"):
            server.start()
    assert tasks() == before
    with pytest.warns(UserWarning, match="other machines"), server:
        assert server.port


_CLOSED_BY_A_TEST = """
import os
from pytest_smtpserver import SMTPServer

server = SMTPServer().start()
os.closerange(3, 256)
server.stop()
os._exit(0)  # trio's own objects would complain that their descriptors are closed
"""


_CLOSED_AGAIN_AND_AGAIN = """
import os, smtplib
from pytest_smtpserver import SMTPServer

def send(server):
    with smtplib.SMTP(server.host, server.port, timeout=20) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: hello")
    assert server.wait_for_message(timeout=20)
    server.clear()

lasting = SMTPServer().start()
port = lasting.port
for _ in range(3):
    with SMTPServer() as server:
        send(server)
    send(lasting)
    clients = [smtplib.SMTP(one.host, one.port, timeout=20) for one in (lasting, lasting)]
    os.closerange(3, 256)
    for client in clients:
        client.sock.detach()
        client.file.raw._sock.detach()
    numbers = [os.open(os.devnull, os.O_RDONLY) for _ in range(40)]
    assert not lasting.is_alive()
    assert lasting.start().port == port
    send(lasting)
    assert lasting.sessions == ()
    for number in numbers:
        os.close(number)
os._exit(0)
"""


def test_servers_start_however_often_a_test_has_closed_all_descriptors_of_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CLOSED_AGAIN_AND_AGAIN], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_stopping_raises_nothing_where_a_test_has_closed_all_descriptors_of_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CLOSED_BY_A_TEST], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr

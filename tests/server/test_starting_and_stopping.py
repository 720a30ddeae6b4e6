"""Servers come and go without a trace, and leave within a second whatever their clients do."""

from __future__ import annotations

import select
import smtplib
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network.background import background

TIMEOUT = 5
OPEN_FILES = Path("/proc/self/fd")


def open_files() -> int:
    return len(list(OPEN_FILES.iterdir()))


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def tasks() -> int:
    """Return how many tasks the servers' loop has, itself and its system tasks included."""
    counted: list[int] = []
    done = threading.Event()

    async def count() -> None:
        # What is about to end has ended then.
        await wait_all_tasks_blocked()
        counted.append(trio.lowlevel.current_statistics().tasks_living)
        done.set()

    background().soon(background().nursery.start_soon, count)
    assert done.wait(TIMEOUT)
    return counted[0]


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs /proc/self/fd to count open files")
def test_1000_servers_leave_no_thread_socket_or_task_behind() -> None:
    SMTPServer().start().stop()
    before = threads(), open_files(), tasks()
    for number in range(1000):
        with SMTPServer() as server:
            # A connection costs ten times what a server does: some of them will do.
            if number % 10 == 0:
                with smtplib.SMTP(server.host, server.port, "client.example.org", TIMEOUT):
                    pass
    assert (threads(), open_files(), tasks()) == before


def never_reads(server: SMTPServer) -> socket.socket:
    """Return a client to which megabytes are owed, more than the sockets' buffers hold."""
    client = socket.socket()
    # Set before connecting, so that the kernel takes little on our side.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.addr)
    client.setblocking(False)
    commands = b"HELP\r\n" * 10_000
    sent = 0
    # When nothing more can be written the server has stopped to read, because it is owing.
    while sent < 100_000_000:
        try:
            sent += client.send(commands)
        except BlockingIOError:
            if not writable(client):
                return client
    raise AssertionError("the server reads without end what it cannot answer")


def writable(client: socket.socket) -> bool:
    return bool(select.select([], [client], [], 0.1)[1])


def in_mid_content(server: SMTPServer) -> socket.socket:
    client = socket.create_connection(server.addr, TIMEOUT)
    client.sendall(
        b"EHLO client.example.org\r\nMAIL FROM:<from@example.org>\r\n"
        b"RCPT TO:<to@example.org>\r\nDATA\r\nSubject: to be continued"
    )
    replies = b""
    while b"\r\n354 " not in replies:
        replies += client.recv(65536)
    return client


def just_connected(server: SMTPServer) -> socket.socket:
    return socket.create_connection(server.addr, TIMEOUT)


CLIENTS = (never_reads, in_mid_content, just_connected)


def test_stopping_takes_under_a_second_whatever_the_clients_do() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(SMTPServer())
        clients = [stack.enter_context(connect(server)) for connect in CLIENTS]
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 1
        assert len(clients) == 3
    aborted = [one for one in server.transactions if one.outcome == "aborted"]
    assert len(aborted) == 1
    assert server.messages == ()

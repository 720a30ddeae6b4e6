"""Whatever a client does, the next one is served, and the server stops.

`tests/network/test_turns.py` shows that no client keeps others waiting; it counts replies, and so
does not depend on this machine's speed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.rawclient import EHLO, MAIL, RCPT, TIMEOUT, connected, everything, greeted, reset, send

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    """A server that is unharmed at the end: it serves the next client, and ends all sessions."""
    server = SMTPServer(idle_timeout=TIMEOUT)
    server.start()
    yield server
    send(server)
    server.stop()
    assert all(session.ended_by for session in server.sessions)
    server.check()


@pytest.fixture
def client(server: SMTPServer) -> Iterator[socket.socket]:
    """A client that has been greeted, and is still there when the next one comes."""
    with greeted(server) as client:
        yield client
        send(server)


def send_until_it_blocks(client: socket.socket, octets: bytes) -> int:
    """Send as much as the server takes of someone who reads nothing, and return how much."""
    client.settimeout(0.2)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < len(octets):
            sent += client.send(octets[sent : sent + 65536])
    return sent


def test_a_client_that_says_nothing(client: socket.socket) -> None:
    pass


def test_a_client_that_sends_octet_by_octet(server: SMTPServer, client: socket.socket) -> None:
    for octet in EHLO + MAIL + RCPT + b"DATA\r\n\r\nslow\r\n.\r\nQUIT\r\n":
        client.sendall(bytes([octet]))
    assert everything(client).endswith(b"221 2.0.0 bye\r\n")
    assert server.messages[0].content == b"\r\nslow\r\n"


@pytest.mark.parametrize("command", [b"NOOP\r\n", b"HELP\r\n", b"\n", b"RCPT TO:<\r\n"])
def test_100_000_commands_in_a_row_do_not_keep_others_waiting(
    server: SMTPServer, client: socket.socket, command: bytes
) -> None:
    send_until_it_blocks(client, EHLO + MAIL + command * 100_000)


def test_a_client_that_pipelines_100_000_commands_and_reads_nothing_is_not_read_any_more(
    server: SMTPServer,
) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.connect(server.addr)
        # A line of 500 octets has an answer of 100, so what the kernel takes is soon full.
        octets = EHLO + (b"HELP " + b"x" * 493 + b"\r\n") * 100_000
        before = resident_octets()
        assert send_until_it_blocks(client, octets) < len(octets)
        send(server)
        assert len(server.sessions[0].exchanges) < 100_000
        assert resident_octets() - before < 100_000_000


def resident_octets() -> int:
    """Return how much memory this process has (Linux; elsewhere nothing is known)."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") if statm.exists() else 0


def test_10_000_refused_recipients_are_recorded(server: SMTPServer) -> None:
    rcpt_of_a_group, groups = 1000, 10
    server.refuse("550 no", stage="rcpt")
    with greeted(server) as client:
        client.sendall(EHLO + MAIL)
        for _ in range(groups):
            client.sendall(RCPT * rcpt_of_a_group)
            replies = 0
            while replies < rcpt_of_a_group:
                replies += client.recv(65536).count(b"550 no\r\n")
        (transaction,) = server.transactions
        assert len(transaction.refused) == groups * rcpt_of_a_group
    server.reset()


def test_1_000_idle_connections(server: SMTPServer) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(server)) for _ in range(1000)]
        assert all(client.recv(100).startswith(b"220 ") for client in clients)
        assert len(server.sessions) == len(clients)
        send(server)
        server.stop()
        assert [one.ended_by for one in server.sessions] == ["server"] * 1000 + ["quit"]
        server.start()


def test_a_megabyte_without_a_line_end(server: SMTPServer, client: socket.socket) -> None:
    client.sendall(b"x" * 1_000_000)
    send(server)
    client.sendall(b"\r\nQUIT\r\n")
    assert everything(client).startswith(b"500 5.5.2 command line too long\r\n221 ")
    (one,) = [v for v in server.sessions[0].violations if v.code == "long-command-line"]
    assert len(one.text) < 200


@pytest.mark.parametrize("announced", [b"MAIL FROM:<a@example.org> SIZE=1000000000\r\n"])
def test_a_gigabyte_announced_by_size_is_refused(client: socket.socket, announced: bytes) -> None:
    client.sendall(EHLO + announced + b"QUIT\r\n")
    assert b"\r\n552 5.3.4 " in everything(client)


@pytest.mark.parametrize("limit", [0, 1000])
def test_a_gigabyte_announced_by_bdat_takes_no_memory_before_it_comes(limit: int) -> None:
    tracemalloc.start()
    try:
        with SMTPServer(max_message_size=limit) as server, greeted(server) as client:
            client.sendall(EHLO + MAIL + RCPT + b"BDAT 1000000000 LAST\r\n" + b"x" * 1000)
            send(server)
            _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5_000_000


STATES = {
    "greeted": b"",
    "in a line": b"EHL",
    "introduced": EHLO,
    "with a sender": EHLO + MAIL,
    "with a recipient": EHLO + MAIL + RCPT,
    "in the content": EHLO + MAIL + RCPT + b"DATA\r\nSubject: half",
    "in a chunk": EHLO + MAIL + RCPT + b"BDAT 10\r\nhalf",
    "between chunks": EHLO + MAIL + RCPT + b"BDAT 4\r\nhalf",
    "in a chunk in vain": b"BDAT 10\r\nhalf",
    "after QUIT": EHLO + b"QUIT\r\n",
    "owed much": EHLO + b"HELP\r\n" * 10_000,
}


@pytest.mark.parametrize("state", STATES)
def test_a_reset(server: SMTPServer, state: str) -> None:
    client = greeted(server)
    client.sendall(STATES[state])
    reset(client)
    server.wait_closed(TIMEOUT)
    assert server.sessions[0].ended_by in ("reset", "quit")


@pytest.mark.parametrize("state", STATES)
def test_an_end_of_file(server: SMTPServer, state: str) -> None:
    with greeted(server) as client:
        client.sendall(STATES[state])
        client.shutdown(socket.SHUT_WR)
        everything(client)
    server.wait_closed(TIMEOUT)
    assert server.sessions[0].ended_by in ("client", "quit")


def test_a_client_that_has_sent_everything_and_its_end_gets_all_replies(
    server: SMTPServer,
) -> None:
    group = (MAIL + RCPT + b"DATA\r\n\r\nhello\r\n.\r\n") * 1000
    with greeted(server) as client:
        client.sendall(EHLO + group + b"QUIT\r\n")
        client.shutdown(socket.SHUT_WR)
        said = everything(client)
    assert said.count(b"\r\n354 ") == len(server.messages) == 1000
    assert said.endswith(b"\r\n221 2.0.0 bye\r\n")
    assert server.sessions[0].ended_by == "quit"

"""What a server costs in system calls, counted, since a clock would tell of the machine."""

from __future__ import annotations

import selectors
import smtplib
import socket
import threading
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import trio

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network.connection import Connection
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook
from pytest_smtpserver.settings import DEFAULTS
from pytest_smtpserver.smtp import SMTPEngine, offer_of
from tests.network.looping import Counting, Loop, Steps
from tests.rawclient import everything, greeted

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 20
ENVELOPE = (b"MAIL FROM:<a@x.test>\r\n", b"RCPT TO:<b@x.test>\r\n", b"DATA\r\n")
CONTENT = b"Subject: Welcome\r\n\r\nHi\r\n.\r\n"


class CountingSocket(socket.socket):
    """A socket that counts system calls."""

    calls: Counter[str]

    def recv_into(self, *arguments: Any) -> int:
        self.calls["recv"] += 1
        return super().recv_into(*arguments)

    def send(self, *arguments: Any) -> int:
        self.calls["send"] += 1
        return super().send(*arguments)


class Costs:
    """Counts what a servers' thread does."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._steps = Steps()
        loop.at_rest(lambda: trio.lowlevel.add_instrument(self._steps))

    @property
    def waits(self) -> int:
        """How often the thread has asked the kernel what is ready."""
        selector: Any = self.loop.readiness._selector
        return int(selector.waits)

    @property
    def steps(self) -> int:
        """How often a task was woken."""
        return self._steps.count


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Costs]:
    """The costs of a thread in which the servers of this test run."""
    monkeypatch.setattr(selectors, "DefaultSelector", Counting)
    with Loop() as loop:
        # The room has a function of the module's name.
        background = import_module("pytest_smtpserver.network.background")
        monkeypatch.setattr(background, "_backgrounds", [loop.thread])
        yield Costs(loop)


class Client:
    """A client that has said EHLO; the calls of the server's end are counted from there."""

    def __init__(self, loop: Loop) -> None:
        self._stream, there = socket.socketpair()
        self._stream.settimeout(TIMEOUT)
        accepted = CountingSocket(fileno=there.detach())
        self.calls: Counter[str] = Counter()
        accepted.calls = self.calls
        accepted.setblocking(False)
        offer, self.recorder = offer_of(DEFAULTS, None), Recorder()
        rules = RuleBook(offer.stages, self.recorder.wake)
        engine = SMTPEngine(offer, self.recorder, rules, ("127.0.0.1", 1))
        self._crashes: list[BaseException] = []
        self.closed = threading.Event()
        connection = Connection(
            accepted, engine, loop.thread, self._crashes.append, lambda _: self.closed.set()
        )
        loop.thread.soon(connection.begin)
        self.ask(b"", b"220 ")
        self.ask(b"EHLO client.test\r\n", b"250 ")
        loop.at_rest(self.calls.clear)

    def ask(self, octets: bytes, last: bytes) -> None:
        """Send octets, and return when a line of the replies begins with `last`."""
        self._stream.sendall(octets)
        replies = b""
        while b"\n" + last not in b"\n" + replies or not replies.endswith(b"\r\n"):
            replies += self._stream.recv(65536)

    def close(self) -> None:
        self._stream.close()
        assert self.closed.wait(TIMEOUT)
        assert not self._crashes


@pytest.fixture
def client(costs: Costs) -> Iterator[Client]:
    client = Client(costs.loop)
    yield client
    client.close()


def test_a_client_that_waits_for_each_reply_costs_a_read_and_a_write_a_turn(client: Client) -> None:
    for command, reply in zip(ENVELOPE, (b"250 ", b"250 ", b"354 "), strict=True):
        client.ask(command, reply)
    client.ask(CONTENT, b"250 ")
    assert client.calls == {"recv": 4, "send": 4}
    assert len(client.recorder.messages) == 1


def test_a_command_costs_one_wait_and_wakes_no_task(costs: Costs, client: Client) -> None:
    waits, steps = costs.waits, costs.steps
    for _ in range(100):
        client.ask(b"NOOP\r\n", b"250 ")
    # The thread may have been about to wait at the beginning, and may be at the end.
    assert costs.waits - waits <= 102
    assert costs.steps == steps


def test_a_pipelined_group_costs_one_read_and_one_write(client: Client) -> None:
    client.ask(b"".join(ENVELOPE), b"354 ")
    assert client.calls == {"recv": 1, "send": 1}
    # RFC 2920 section 3.1: commands may follow the content in the same group.
    client.ask(CONTENT + b"".join(ENVELOPE), b"354 ")
    assert client.calls == {"recv": 2, "send": 2}
    client.ask(CONTENT + b"QUIT\r\n", b"221 ")
    assert client.calls["send"] == 3
    assert len(client.recorder.messages) == 2


def test_a_server_without_clients_starts_and_stops_without_its_thread(costs: Costs) -> None:
    waits, steps = costs.waits, costs.steps
    for _ in range(10):
        with SMTPServer() as server:
            assert server.port
    # The thread may have been about to wait.
    assert costs.waits - waits <= 1
    assert costs.steps == steps


@pytest.mark.parametrize("mails", [1, 10])
def test_an_ordinary_test_wakes_no_task(costs: Costs, mails: int) -> None:
    steps = costs.steps
    with SMTPServer() as server:
        with smtplib.SMTP(*server.addr, "client.example.org", TIMEOUT) as client:
            for _ in range(mails):
                client.sendmail("from@example.org", "to@example.org", "Subject: hello")
        server.wait_closed()
        assert len(server.messages) == mails
    assert costs.steps == steps


def test_a_client_that_rests_is_told_of_the_stop_without_a_task(costs: Costs) -> None:
    with SMTPServer() as server, greeted(server) as client:
        steps = costs.steps
        server.stop()
        assert costs.steps == steps
        assert everything(client).startswith(b"421 ")

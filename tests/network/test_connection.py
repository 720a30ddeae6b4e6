"""The network drives any engine: here one that speaks no SMTP at all."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.engine import Action, Close, EndReason, Gate, Hold, Send, Wait
from pytest_smtpserver.network import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT = 5


class Toy:
    """Each octet received is one action; what happens is written down."""

    idle_timeout = 30.0

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gate = Gate()
        self.held = threading.Event()
        self.ended = threading.Event()
        self._input = b""
        self._actions: list[Action] = []
        self._paused = False

    def opened(self, now: float) -> None:
        self._actions.append(Send(b"hello\n"))

    def receive(self, octets: bytes, now: float) -> None:
        self._input += octets

    def next_action(self) -> Action | None:
        if self._paused:
            return None
        if self._actions:
            return self._actions.pop(0)
        if not self._input:
            return None
        octet, self._input = self._input[:1], self._input[1:]
        return self._act(octet)

    def _act(self, octet: bytes) -> Action:
        self.log.append(octet.decode())
        if octet == b"!":
            raise RuntimeError("the engine failed")
        action = {
            b"c": Close(),
            b"r": Close(reset=True),
            b"w": Wait(0.01),
            b"W": Wait(3600),
            b"h": Hold(self.gate),
            b"b": Send(b"x" * 1_000_000),
        }.get(octet, Send(octet))
        if isinstance(action, Wait | Hold):
            self._paused = True
            self.held.set()
        return action

    def resume(self, now: float) -> None:
        self._paused = False
        self.log.append("resumed")

    def eof(self, now: float, *, reset: bool = False) -> None:
        self._finish("reset" if reset else "eof", Close())

    def end(self, reason: EndReason, now: float) -> None:
        self._finish(reason, Send(b"bye\n"), Close())

    def _finish(self, why: str, *actions: Action) -> None:
        self._paused, self._input = False, b""
        self._actions = list(actions)
        self.log.append(why)
        self.ended.set()


class Host:
    """A listener with toy engines."""

    def __init__(self, idle_timeout: float = 30.0) -> None:
        self.engines: list[Toy] = []
        self.crashes: list[BaseException] = []
        self._idle_timeout = idle_timeout
        self.listener = Listener("127.0.0.1", 0, self._engine, self.crashes.append)

    def _engine(self, client: tuple[str, int]) -> Toy:
        engine = Toy()
        engine.idle_timeout = self._idle_timeout
        self.engines.append(engine)
        return engine

    def connect(self) -> socket.socket:
        client = socket.create_connection(self.listener.address, TIMEOUT)
        assert exactly(client, 6) == b"hello\n"
        return client


@pytest.fixture
def make_host() -> Iterator[Callable[..., Host]]:
    hosts = []

    def make(**kwargs: float) -> Host:
        hosts.append(Host(**kwargs))
        return hosts[-1]

    yield make
    for host in hosts:
        host.listener.close()


@pytest.fixture
def host(make_host: Callable[..., Host]) -> Host:
    return make_host()


def exactly(client: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (octets := client.recv(count - len(received))):
        received += octets
    return received


def everything(client: socket.socket) -> bytes:
    received = b""
    while octets := client.recv(65536):
        received += octets
    return received


def test_octets_that_come_together_are_answered_together(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"123")
        assert client.recv(100) == b"123"


def test_what_is_owed_leaves_before_the_connection_is_closed(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"12c")
        assert everything(client) == b"12"


def test_an_orderly_close_delivers_the_last_reply_although_input_is_unread(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"1c" + b"unread" * 10_000)
        assert everything(client) == b"1"


def test_a_reset_is_seen_as_one_by_the_client(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"r")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_nothing_is_done_during_a_wait_and_all_is_done_after_it(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"1w2")
        assert client.recv(1) == b"1"
        assert client.recv(1) == b"2"
    assert host.engines[0].log[:4] == ["1", "w", "resumed", "2"]


def test_a_hold_lasts_until_the_gate_is_opened_from_another_thread(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"h2")
        assert host.engines[0].held.wait(TIMEOUT)
        client.sendall(b"3")
        host.engines[0].gate.open()
        assert exactly(client, 2) == b"23"


def test_a_hold_at_an_open_gate_is_over_at_once(host: Host) -> None:
    with host.connect() as client:
        host.engines[0].gate.open()
        client.sendall(b"h2")
        assert client.recv(1) == b"2"


@pytest.mark.parametrize("pause", [b"h", b"W"])
def test_a_client_that_leaves_ends_a_pause_at_once(host: Host, pause: bytes) -> None:
    with host.connect() as client:
        client.sendall(pause + b"more")
        assert host.engines[0].held.wait(TIMEOUT)
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log == [pause.decode(), "eof"]


def test_only_a_bounded_amount_is_read_ahead_in_a_pause(host: Host) -> None:
    with host.connect() as client:
        client.setblocking(False)
        client.send(b"h")
        assert host.engines[0].held.wait(TIMEOUT)
        sent = 0
        with pytest.raises(BlockingIOError):
            while sent < 100_000_000:
                sent += client.send(b"x" * 65536)
    assert sent < 100_000_000


def test_one_paused_client_does_not_hold_up_another(host: Host) -> None:
    with host.connect() as held, host.connect() as other:
        held.sendall(b"h")
        assert host.engines[0].held.wait(TIMEOUT)
        other.sendall(b"1")
        assert other.recv(1) == b"1"


def test_the_end_of_file_is_told_after_the_last_octets_were_answered(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"12")
        client.shutdown(socket.SHUT_WR)
        assert everything(client) == b"12"
    assert host.engines[0].log == ["1", "2", "eof"]


def test_a_reset_by_the_client_is_told_as_one(host: Host) -> None:
    with host.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log == ["reset"]


def test_a_silent_client_gets_a_last_word_and_is_closed(make_host: Callable[..., Host]) -> None:
    host = make_host(idle_timeout=0.05)
    with host.connect() as client:
        assert everything(client) == b"bye\n"
    assert host.engines[0].log == ["idle"]


def test_closing_gives_each_client_a_last_word(host: Host) -> None:
    with host.connect() as one, host.connect() as other:
        host.listener.close()
        assert everything(one) == everything(other) == b"bye\n"
    assert [engine.log for engine in host.engines] == [["stop"], ["stop"]]


def test_closing_does_not_wait_for_a_client_that_never_reads(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"b" * 50)
        host.listener.close()
    assert host.engines[0].ended.wait(TIMEOUT)


def test_nobody_can_connect_after_closing(host: Host) -> None:
    host.listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(host.listener.address, TIMEOUT)


def test_an_engine_that_fails_costs_its_own_client_only(host: Host) -> None:
    with host.connect() as other:
        with host.connect() as client:
            client.sendall(b"!")
            assert everything(client) == b"bye\n"
        other.sendall(b"1")
        assert other.recv(1) == b"1"
    assert [str(crash) for crash in host.crashes] == ["the engine failed"]


def test_an_engine_that_cannot_be_made_is_reported_too() -> None:
    crashed = threading.Event()

    def no_engine(client: tuple[str, int]) -> Toy:
        raise RuntimeError("no engine today")

    listener = Listener("127.0.0.1", 0, no_engine, lambda error: crashed.set())
    with socket.create_connection(listener.address, TIMEOUT) as client:
        assert everything(client) == b""
    listener.close()
    assert crashed.is_set()

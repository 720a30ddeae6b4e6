"""The network drives any engine; this one does not speak SMTP at all."""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.engine import Send, Throttle
from pytest_smtpserver.network import Listener
from pytest_smtpserver.network.addresses import accept, bind
from pytest_smtpserver.network.background import background
from tests.network.toy import TIMEOUT, Host, Stubborn, Toy, exactly
from tests.rawclient import everything

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.engine import Action


def test_octets_that_come_together_are_answered_together(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"123")
        assert client.recv(100) == b"123"


def test_owed_replies_are_sent_before_the_connection_is_closed(host: Host) -> None:
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


@pytest.mark.parametrize("pause", [b"h", b"W"])
def test_a_pause_lasts_until_the_gate_is_opened_from_another_thread(
    host: Host, pause: bytes
) -> None:
    with host.connect() as client:
        client.sendall(pause + b"2")
        assert host.engines[0].held.wait(TIMEOUT)
        client.sendall(b"3")
        host.engines[0].gate.open()
        assert exactly(client, 2) == b"23"


@pytest.mark.parametrize("pause", [b"h", b"W"])
def test_a_pause_at_an_open_gate_is_over_at_once(host: Host, pause: bytes) -> None:
    with host.connect() as client:
        host.engines[0].gate.open()
        client.sendall(pause + b"2")
        assert client.recv(1) == b"2"


def test_a_gate_keeps_nothing_of_a_pause_that_has_ended(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"w2")
        assert client.recv(1) == b"2"
        assert host.engines[0].gate._callbacks == []


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


def test_the_end_of_file_comes_after_the_last_octets_were_answered(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"12")
        client.shutdown(socket.SHUT_WR)
        assert everything(client) == b"12"
    assert host.engines[0].log == ["1", "2", "eof"]


class Refused(socket.socket):
    """Cannot be made for a client."""

    def __init__(self, *kind: int, fileno: int | None = None) -> None:
        if fileno is not None:
            raise MemoryError
        super().__init__(*kind)


def test_a_client_whose_socket_cannot_be_made_is_closed() -> None:
    with Refused() as listening, socket.socket() as client:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        client.settimeout(TIMEOUT)
        client.connect(listening.getsockname())
        with pytest.raises(MemoryError):
            accept(listening)
        assert everything(client) == b""


def test_a_reset_by_the_client_is_reported_as_one(host: Host) -> None:
    with host.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log == ["reset"]


def test_a_silent_client_gets_a_last_word_and_is_closed(make_host: Callable[..., Host]) -> None:
    host = make_host(idle_timeout=0.05)
    with host.connect() as client:
        assert everything(client) == b"bye\n"
    assert host.engines[0].log == ["idle"]


def test_a_client_that_reads_nothing_after_a_pause_is_idle_too(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(idle_timeout=0.05)
    with host.connect() as client:
        client.sendall(b"w" + 50 * b"b")
        assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log[-1] == "idle"


#: Seconds that a client may be idle: more than it needs to send something on a busy machine.
_PATIENCE = 2.0


class LongWinded(Toy):
    """Takes longer to answer the first octet than a client may be idle."""

    def next_action(self) -> Action | None:
        if self._input and monotonic() < self.until:
            time.sleep(0.01)
            return Send(b"")
        return super().next_action()

    def receive(self, octets: bytes, now: float) -> None:
        self.until = monotonic() + 1.2 * self.idle_timeout
        super().receive(octets, now)


def test_a_client_is_not_idle_while_it_is_being_answered(make_host: Callable[..., Host]) -> None:
    host = make_host(LongWinded, idle_timeout=_PATIENCE)
    with host.connect() as client:
        client.sendall(b"xc")
        assert everything(client) == b"x"
    assert host.engines[0].log[:2] == ["x", "c"]


class Slow(Toy):
    """From a `t` on, it takes longer to send one octet than a client may be idle."""

    def _act(self, octet: bytes) -> Action:
        return Throttle(0.8 / _PATIENCE) if octet == b"t" else super()._act(octet)


def test_a_client_is_not_idle_while_the_server_is_slow(make_host: Callable[..., Host]) -> None:
    host = make_host(Slow, idle_timeout=_PATIENCE)
    with host.connect() as client:
        client.sendall(b"txc")
        assert everything(client) == b"x"
    assert "idle" not in host.engines[0].log


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


def test_a_conversation_that_is_over_is_closed_even_if_the_engine_does_not(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(Stubborn)
    with host.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert everything(client) == b""


def test_early_octets_of_the_peer_are_received_before_the_engine_speaks(
    make_host: Callable[..., Host],
) -> None:
    has_spoken = threading.Event()

    def late_engine() -> Toy:
        assert has_spoken.wait(TIMEOUT)
        return Toy()

    host = make_host(late_engine)
    with socket.create_connection(host.listener.address, TIMEOUT) as client:
        client.sendall(b"x")
        has_spoken.set()
        assert client.recv(100) == b"hello\nx"


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="only epoll tells of it")
@pytest.mark.parametrize("pause", [b"h", b"W"])
def test_a_pause_ends_when_a_client_leaves_that_sent_more_than_is_read_ahead(
    host: Host, pause: bytes
) -> None:
    with host.connect() as client:
        client.sendall(pause + b"1" * 90_000)
        assert host.engines[0].held.wait(TIMEOUT)
        client.shutdown(socket.SHUT_WR)
        assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log == [pause.decode(), "eof"]


class Full(socket.socket):
    """The system has no room for what is sent."""

    def send(self, *_: object) -> int:
        raise OSError(errno.ENOBUFS, "No buffer space available")


def test_a_failure_to_send_costs_one_client(
    make_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    background()  # its sockets are ordinary ones
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", Full)
        # Accepted sockets are of the listening one's class.
        host = make_host()
    with socket.create_connection(host.listener.address, TIMEOUT) as client:
        assert everything(client) == b""
    (error,) = host.crashes
    assert "No buffer space" in str(error)
    monkeypatch.setattr(Full, "send", socket.socket.send)
    with host.connect() as client:
        client.sendall(b"1c")
        assert everything(client) == b"1"


def test_of_failures_to_accept_in_a_row_one_is_reported(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter(2 * [OSError(errno.EMFILE, "Too many open files")])

    def fails_twice(listening: socket.socket) -> object:
        for failure in failures:
            raise failure
        return accept(listening)

    monkeypatch.setattr(import_module("pytest_smtpserver.network.listener"), "accept", fails_twice)
    with host.connect() as client:
        client.sendall(b"1c")
        assert everything(client) == b"1"
    (error,) = host.crashes
    assert "Too many open files" in str(error)


class Endless(socket.socket):
    """From some time on, it always has more to read; well, nearly always."""

    reads = 0

    def always_more(self, *_: object) -> int:
        Endless.reads += 1
        return Endless.reads < MANY_READS


MANY_READS = 10_000


def test_a_connection_that_ends_does_not_read_on_and_on(
    make_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    background()  # its sockets are ordinary ones
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", Endless)
        # Accepted sockets are of the listening one's class.
        host = make_host()
    with host.connect() as client:
        monkeypatch.setattr(Endless, "recv_into", Endless.always_more)
        host.listener.close()
        assert everything(client) == b"bye\n"
    assert 0 < Endless.reads < MANY_READS


def test_accepted_sockets_send_without_delay() -> None:
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        listening.setblocking(True)
        with listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

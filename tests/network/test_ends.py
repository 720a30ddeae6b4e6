"""However a connection ends, its peer and its engine are told, and nothing of it is left behind."""

from __future__ import annotations

import gc
import socket
import threading
import weakref
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
import trio

from pytest_smtpserver.network import connection as connections
from pytest_smtpserver.network import shut_down
from pytest_smtpserver.network.background import background
from tests.network.looping import at_rest
from tests.network.toy import TIMEOUT, Host, Toy, exactly
from tests.rawclient import everything, reset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver.engine import Action, EndReason
    from pytest_smtpserver.network.connection import Connection


def leave(client: socket.socket, host: Host) -> None:
    client.close()


def reset_it(client: socket.socket, host: Host) -> None:
    reset(client)


def close_in_order(client: socket.socket, host: Host) -> None:
    client.sendall(b"c")
    everything(client)
    client.close()


def close_after_a_pause(client: socket.socket, host: Host) -> None:
    client.sendall(b"wc")
    everything(client)
    client.close()


def be_reset(client: socket.socket, host: Host) -> None:
    client.sendall(b"r")
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def be_disconnected(client: socket.socket, host: Host) -> None:
    host.listener.disconnect_clients(goodbye=True, reset=False)


def be_disconnected_while_held(client: socket.socket, host: Host) -> None:
    client.sendall(b"h")
    assert host.engines[-1].held.wait(TIMEOUT)
    host.listener.disconnect_clients(goodbye=True, reset=False)


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[weakref.WeakSet[connections.Connection]]:
    """Connections that were made and not freed; the collector runs only when it is called."""
    made = weakref.WeakSet[connections.Connection]()

    class Seen(connections.Connection):
        def begin(self) -> None:
            made.add(self)
            super().begin()

    monkeypatch.setattr("pytest_smtpserver.network.listener.Connection", Seen)
    gc.disable()
    yield made
    gc.enable()


@pytest.mark.parametrize(
    "end",
    [
        leave,
        reset_it,
        close_in_order,
        close_after_a_pause,
        be_reset,
        be_disconnected,
        be_disconnected_while_held,
    ],
)
def test_a_connection_that_has_ended_is_freed(
    host: Host,
    alive: weakref.WeakSet[connections.Connection],
    end: Callable[[socket.socket, Host], None],
) -> None:
    readiness = background().readiness

    def left() -> tuple[int, int]:
        return len(readiness._selector.get_map()), len(readiness.deadlines._all)

    before = at_rest(background(), left)
    with host.connect() as client:
        assert len(alive) == 1
        end(client, host)
        at_rest(background(), lambda: None)
        # The answers to what is sent now come after the other client's end.
        with host.connect() as other:
            other.sendall(b"1c")
            assert everything(other) == b"1"
    host.listener.close()
    after = at_rest(background(), left)
    # The listening socket is gone too.
    assert after == (before[0] - 1, before[1])
    # If it had a task, trio may keep that for a few of its turns.
    for _ in range(100):
        if not alive:
            break
        at_rest(background(), lambda: background().start_task(trio.lowlevel.checkpoint))
        gc.collect()
    assert len(alive) == 0


def test_a_client_that_is_done_has_a_moment_and_then_no_last_word(host: Host) -> None:
    with host.connect() as client, host.connect() as busy:
        host.engines[0].awaits_goodbye = True
        host.listener.close()
        assert everything(client) == b""
        assert everything(busy) == b"bye\n"
    assert [engine.log for engine in host.engines] == [["silence"], ["stop"]]


class Ruined(Toy):
    """It cannot say whether its peer is done."""

    def __init__(self) -> None:
        super().__init__()
        del self.__dict__["awaits_goodbye"]

    def __getattr__(self, name: str) -> bool:
        raise RuntimeError(f"no {name} today")

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value


def test_an_engine_that_cannot_say_whether_its_peer_is_done_is_reported(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(Ruined)
    with host.connect() as client:
        host.listener.close()
        assert everything(client) == b"bye\n"
    assert [str(crash) for crash in host.crashes] == ["no awaits_goodbye today"]


@pytest.mark.parametrize(
    ("goodbye", "said", "logged"), [(True, b"bye\n", "stop"), (False, b"", "silence")]
)
def test_clients_are_disconnected_with_a_last_word_or_without(
    host: Host, goodbye: bool, said: bytes, logged: str
) -> None:
    with host.connect() as client:
        host.listener.disconnect_clients(goodbye=goodbye, reset=False)
        assert everything(client) == said
    assert host.engines[0].log == [logged]
    with host.connect() as another:
        another.sendall(b"1")
        assert exactly(another, 1) == b"1"


def test_a_connection_ends_once_however_often_it_is_asked_to(host: Host) -> None:
    def end(*connections: Connection) -> None:
        for connection in connections:
            connection.disconnect(goodbye=True, reset=False)
            connection.disconnect(goodbye=False, reset=True)
            connection.stop()
            # As if its socket had been ready in the same turn.
            connection._ready()

    with host.connect() as resting, host.connect() as held:
        held.sendall(b"h")
        assert host.engines[1].held.wait(TIMEOUT)
        background().soon(lambda: end(*host.listener._connections))
        assert everything(resting) == everything(held) == b"bye\n"
    assert [engine.log[-1] for engine in host.engines] == ["stop"] * 2


class Blocking(Toy):
    """An engine that blocks the thread at a `z`, or at its end, until it may go on."""

    def __init__(self, blocks_at: str) -> None:
        super().__init__()
        self._blocks_at = blocks_at
        self.go = threading.Event()

    def _act(self, octet: bytes) -> Action:
        self._block_at(octet.decode())
        return super()._act(octet)

    def end(self, reason: EndReason, now: float) -> None:
        self._block_at("end")
        super().end(reason, now)

    def _block_at(self, where: str) -> None:
        if where == self._blocks_at:
            self.held.set()
            self.go.wait(TIMEOUT)


@pytest.mark.parametrize("blocks_at", ["z", "end"])
def test_listeners_are_closed_in_time_though_an_engine_blocks_their_thread(
    monkeypatch: pytest.MonkeyPatch, blocks_at: str
) -> None:
    # A thread of its own, for it is given up.
    monkeypatch.setattr(import_module("pytest_smtpserver.network.background"), "_backgrounds", [])
    host, other = Host(Blocking, blocks_at=blocks_at), Host()
    thread = background()._thread
    with host.connect() as client:
        client.sendall(b"z")
        if blocks_at == "z":
            assert host.engines[0].held.wait(TIMEOUT)
        host.listener.close()
        other.listener.close()
        (engine,) = host.engines
        assert isinstance(engine, Blocking)
        assert not engine.ended.is_set()
        engine.go.set()
        # Nothing is said any more, lest a message were promised that is not on record.
        with suppress(ConnectionResetError):
            assert everything(client) in (b"", b"z")
    shut_down()
    thread.join(TIMEOUT)
    assert host.listener._socket.fileno() == other.listener._socket.fileno() == -1


def test_a_thread_that_ends_closes_a_connection_that_has_a_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A thread of its own.
    monkeypatch.setattr(import_module("pytest_smtpserver.network.background"), "_backgrounds", [])
    host = Host()
    with host.connect() as client:
        client.sendall(b"h")
        assert host.engines[0].held.wait(TIMEOUT)
        shut_down()
        assert everything(client) == b""
    assert [str(crash) for crash in host.crashes] == ["the SMTP server's thread was ended"]


def test_clients_are_reset_if_that_is_asked_for(host: Host) -> None:
    with host.connect() as client:
        host.listener.disconnect_clients(goodbye=True, reset=True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


class Silent(Toy):
    """An engine that has no last word, and does not close either."""

    def end(self, reason: EndReason, now: float) -> None:
        self.log.append(reason)


def test_an_engine_that_does_not_close_at_its_end_is_closed(make_host: Callable[..., Host]) -> None:
    host = make_host(Silent)
    with host.connect() as client:
        host.listener.close()
        assert everything(client) == b""
    assert host.engines[0].log == ["stop"]


class Failing(Toy):
    """An engine that fails when it is ended."""

    def end(self, reason: EndReason, now: float) -> None:
        if reason == "stop":
            raise RuntimeError("no end today")
        super().end(reason, now)


def test_an_engine_that_fails_at_its_end_is_reported_and_closed(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(Failing)
    with host.connect() as client, host.connect() as other:
        host.listener.close()
        assert everything(client) == everything(other) == b"bye\n"
    assert [str(crash) for crash in host.crashes] == ["no end today"] * 2


class Stopping(Toy):
    """An engine that ends its own listener when it is opened."""

    def __init__(self, stop: Callable[[], object]) -> None:
        super().__init__()
        self._stop = stop

    def opened(self, now: float) -> None:
        super().opened(now)
        self._stop()


def test_a_client_that_was_accepted_with_one_that_ends_the_listener_is_closed(
    make_host: Callable[..., Host],
) -> None:
    is_busy, go = threading.Event(), threading.Event()

    def keep_busy() -> None:
        is_busy.set()
        go.wait(TIMEOUT)

    host: Host = make_host(Stopping, stop=lambda: host.listener.close())
    # While the thread is busy, both come.
    background().soon(keep_busy)
    assert is_busy.wait(TIMEOUT)
    with (
        socket.create_connection(host.listener.address, TIMEOUT) as first,
        socket.create_connection(host.listener.address, TIMEOUT) as second,
    ):
        go.set()
        assert everything(first) == b"hello\nbye\n"
        assert everything(second) == b""
    assert [engine.log for engine in host.engines] == [["stop"], []]


def test_a_client_that_has_left_when_the_last_word_is_said_changes_nothing(host: Host) -> None:
    is_busy, go = threading.Event(), threading.Event()

    def close_later() -> None:
        is_busy.set()
        go.wait(TIMEOUT)
        host.listener.close()

    with host.connect() as client:
        background().soon(close_later)
        assert is_busy.wait(TIMEOUT)
        reset(client)
        go.set()
    at_rest(background(), lambda: None)
    assert host.engines[0].log == ["stop"]
    assert host.crashes == []

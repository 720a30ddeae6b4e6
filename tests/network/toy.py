"""An engine that speaks no protocol, and a listener that gives one to each client."""

from __future__ import annotations

import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import (
    Action,
    Close,
    EndReason,
    Gate,
    Hold,
    Send,
    StartTLS,
    TLSInfo,
    Wait,
)
from pytest_smtpserver.network import Listener

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

# Far more than is needed on a busy machine.
TIMEOUT = 20
#: More than a connection's buffers hold.
MUCH = b"x" * 1_000_000


class Toy:
    """Each octet received is one action; what happens is written down."""

    def __init__(
        self,
        idle_timeout: float = 30.0,
        context: ssl.SSLContext | None = None,
        *,
        implicit: bool = False,
    ) -> None:
        self.idle_timeout = idle_timeout
        self.awaits_goodbye = False
        self._context = context
        self._implicit = implicit
        self.log: list[str] = []
        self.gate = Gate()
        self.held = threading.Event()
        self.ended = threading.Event()
        self._input = bytearray()
        self._actions: list[Action] = []
        self._paused = False

    def opened(self, now: float) -> None:
        self._actions.append(Send(b"hello\n"))

    def receive(self, octets: bytes, now: float) -> None:
        self._input += octets

    def next_action(self) -> Action | None:
        if self._paused:
            return None
        if self._implicit:
            self._implicit, self._paused = False, True
            return self._start_tls()
        if self._actions:
            action = self._actions.pop(0)
            self._paused = isinstance(action, StartTLS)
            return action
        if not self._input:
            return None
        octet = bytes(self._input[:1])
        del self._input[:1]
        return self._act(octet)

    def _act(self, octet: bytes) -> Action:
        self.log.append(octet.decode())
        if octet == b"!":
            raise RuntimeError("the engine failed")
        if octet == b"t":
            self._paused = True
            return self._start_tls()
        actions: dict[bytes, Action] = {
            b"c": Close(),
            b"r": Close(reset=True),
            b"w": Wait(0.01, self.gate),
            b"W": Wait(3600, self.gate),
            b"h": Hold(self.gate),
            b"b": Send(MUCH),
        }
        action = actions.get(octet, Send(octet))
        if isinstance(action, Wait | Hold):
            self._paused = True
            self.held.set()
        return action

    def _start_tls(self) -> StartTLS:
        assert self._context is not None
        self.held.set()
        received = bytes(self._input)
        self._input.clear()
        return StartTLS(self._context, received)

    def resume(self, now: float) -> None:
        self._paused = False
        self.log.append("resumed")

    def tls_done(self, info: TLSInfo, now: float) -> None:
        self._paused = False
        self.info = info
        self.log.append("encrypted")

    def tls_failed(
        self, why: str, now: float, *, in_clear: bool = False, reset: bool = False
    ) -> None:
        self._finish(why, Send(b"in clear\n"), Close())

    def eof(self, now: float, *, reset: bool = False) -> None:
        self._finish("reset" if reset else "eof", Close())

    def end(self, reason: EndReason, now: float) -> None:
        last_word = () if reason == "silence" else (Send(b"bye\n"),)
        self._finish(reason, *last_word, Close())

    def _finish(self, why: str, *actions: Action) -> None:
        self._paused = False
        self._input.clear()
        self._actions = list(actions)
        self.log.append(why)
        self.ended.set()


class Stubborn(Toy):
    """An engine that does not close when the conversation is ended."""

    def tls_failed(
        self, why: str, now: float, *, in_clear: bool = False, reset: bool = False
    ) -> None:
        self._paused = False

    def eof(self, now: float, *, reset: bool = False) -> None:
        self._paused = False


class Host:
    """A listener whose engines are made with these arguments."""

    def __init__(self, make_engine: Callable[..., Toy] = Toy, **arguments: object) -> None:
        self.engines: list[Toy] = []
        self.crashes: list[BaseException] = []
        self.connected = threading.Event()
        self._make_engine = partial(make_engine, **arguments)
        self.listener = Listener("127.0.0.1", 0, self._engine, self.crashes.append)

    def _engine(self, client: tuple[str, int]) -> Toy:
        engine = self._make_engine()
        self.engines.append(engine)
        self.connected.set()
        return engine

    def connect(self) -> socket.socket:
        client = socket.create_connection(self.listener.address, TIMEOUT)
        assert exactly(client, 6) == b"hello\n"
        return client


def exactly(client: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (octets := client.recv(count - len(received))):
        received += octets
    return received

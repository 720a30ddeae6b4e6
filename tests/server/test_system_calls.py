"""What a message costs in system calls, counted, since a clock would tell of the machine."""

from __future__ import annotations

import socket
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from pytest_smtpserver.network.background import SteadyClock
from pytest_smtpserver.network.connection import Connection
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook
from pytest_smtpserver.settings import DEFAULTS
from pytest_smtpserver.smtp import SMTPEngine, offer_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TIMEOUT = 10.0
ENVELOPE = (b"MAIL FROM:<a@x.test>\r\n", b"RCPT TO:<b@x.test>\r\n", b"DATA\r\n")
CONTENT = b"Subject: Welcome\r\n\r\nHi\r\n.\r\n"


class Counting(socket.socket):
    """A socket that counts what is asked of the system."""

    calls: Counter[str]

    def recv(self, *arguments: Any) -> bytes:
        self.calls["recv"] += 1
        return super().recv(*arguments)

    def send(self, *arguments: Any) -> int:
        self.calls["send"] += 1
        return super().send(*arguments)


class Client(NamedTuple):
    """A client, and the calls of the server's end."""

    stream: trio.SocketStream
    calls: Counter[str]
    recorder: Recorder

    async def ask(self, octets: bytes, last: bytes) -> None:
        """Send octets, and return when a line of the replies begins with `last`."""
        await self.stream.send_all(octets)
        replies = b""
        while b"\n" + last not in b"\n" + replies or not replies.endswith(b"\r\n"):
            replies += await self.stream.receive_some()


def converse(talk: Callable[[Client], Awaitable[None]]) -> None:
    """Let a client talk that has been greeted and has said EHLO; the calls count from there."""
    trio.run(_converse, talk, clock=SteadyClock())


async def _converse(talk: Callable[[Client], Awaitable[None]]) -> None:
    here, there = socket.socketpair()
    accepted = Counting(fileno=there.detach())
    accepted.calls = Counter()
    accepted.setblocking(False)
    here.setblocking(False)
    offer, recorder = offer_of(DEFAULTS, None), Recorder()
    engine = SMTPEngine(offer, recorder, RuleBook(offer.stages, recorder.wake), ("127.0.0.1", 1))
    crashes: list[BaseException] = []
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(here))
    with trio.fail_after(TIMEOUT):
        async with trio.open_nursery() as nursery, stream:
            nursery.start_soon(Connection(accepted, engine, crashes.append).run)
            client = Client(stream, accepted.calls, recorder)
            await client.ask(b"", b"220 ")
            await client.ask(b"EHLO client.test\r\n", b"250 ")
            accepted.calls.clear()
            await talk(client)
    assert not crashes


def test_a_client_that_waits_for_each_reply_costs_a_read_and_a_write_a_turn() -> None:
    async def talk(client: Client) -> None:
        for command, reply in zip(ENVELOPE, (b"250 ", b"250 ", b"354 "), strict=True):
            await client.ask(command, reply)
        await client.ask(CONTENT, b"250 ")
        assert client.calls == {"recv": 4, "send": 4}
        assert len(client.recorder.messages) == 1

    converse(talk)


def test_a_pipelined_group_costs_one_read_and_one_write() -> None:
    async def talk(client: Client) -> None:
        await client.ask(b"".join(ENVELOPE), b"354 ")
        assert client.calls == {"recv": 1, "send": 1}
        # RFC 2920 section 3.1: commands may follow the content in the same group.
        await client.ask(CONTENT + b"".join(ENVELOPE), b"354 ")
        assert client.calls == {"recv": 2, "send": 2}
        await client.ask(CONTENT + b"QUIT\r\n", b"221 ")
        assert client.calls["send"] == 3
        assert len(client.recorder.messages) == 2

    converse(talk)

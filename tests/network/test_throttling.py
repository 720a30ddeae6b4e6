"""A throttled connection, counted on trio's own clock instead of waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
import trio.testing

from pytest_smtpserver.engine import Gate, Throttle
from pytest_smtpserver.network.throttled import ThrottledStream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Below:
    """A stream that has something to read, and keeps what is sent."""

    def __init__(self, comes: bytes) -> None:
        self.comes = comes
        self.sent = b""
        self.closed = False

    async def receive(self) -> bytes:
        came, self.comes = self.comes, b""
        return came

    async def send(self, octets: bytearray) -> None:
        self.sent += octets
        octets.clear()

    async def half_close(self) -> None:
        self.closed = True


def seconds_of(
    main: Callable[[ThrottledStream], Awaitable[object]],
    below: Below,
    rate: float,
    until: Gate | None = None,
) -> float:
    """Return how long it takes on a clock that jumps ahead whenever all wait."""

    async def run() -> float:
        begun = trio.current_time()
        await main(ThrottledStream(below, Throttle(rate, until), trio.sleep))
        return trio.current_time() - begun

    return trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def test_input_is_read_no_faster_and_completely() -> None:
    came: list[bytes] = []

    async def read(stream: ThrottledStream) -> None:
        while octets := await stream.receive():
            came.append(octets)

    assert round(seconds_of(read, Below(b"x" * 1000), 100), 6) == 10
    assert b"".join(came) == b"x" * 1000
    assert max(map(len, came)) == 5


def test_output_leaves_no_faster_and_completely() -> None:
    below = Below(b"")

    async def send(stream: ThrottledStream) -> None:
        octets = bytearray(b"y" * 200)
        await stream.send(octets)
        assert not octets
        await stream.half_close()

    assert round(seconds_of(send, below, 100), 6) == 2
    assert below.sent == b"y" * 200
    assert below.closed


def test_a_rate_below_one_octet_a_second_is_possible() -> None:
    async def read(stream: ThrottledStream) -> None:
        assert await stream.receive() == b"a"

    assert round(seconds_of(read, Below(b"ab"), 0.5), 6) == 2


def test_nothing_is_lost_when_a_send_is_cancelled() -> None:
    class Full(Below):
        """Takes two octets, then no more until it is asked again."""

        async def send(self, octets: bytearray) -> None:
            self.sent += octets[:2]
            del octets[:2]
            await trio.sleep(0.5)
            await super().send(octets)

    below = Full(b"")

    async def send(stream: ThrottledStream) -> None:
        octets = bytearray(b"abcdefghijklmnop")
        with trio.move_on_after(0.1):
            await stream.send(octets)
        assert octets == b"cdefghijklmnop"
        await stream.send(octets)
        assert not octets

    seconds_of(send, below, 100)
    assert below.sent == b"abcdefghijklmnop"


def test_it_is_slow_no_longer_when_its_gate_has_opened() -> None:
    gate = Gate()

    async def read(stream: ThrottledStream) -> None:
        assert await stream.receive() == b"a"
        gate.open()
        assert [await stream.receive() for _ in range(2)] == [b"bc", b""]

    assert round(seconds_of(read, Below(b"abc"), 0.5, gate), 6) == 2


def test_what_is_left_is_sent_at_once_when_its_gate_has_opened() -> None:
    gate, below = Gate(), Below(b"")
    gate.open()

    async def send(stream: ThrottledStream) -> None:
        await stream.send(bytearray(b"y" * 200))

    assert seconds_of(send, below, 1, gate) == 0
    assert below.sent == b"y" * 200


def test_a_long_pause_ends_soon_after_its_gate_has_opened() -> None:
    gate = Gate()

    async def read(stream: ThrottledStream) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.receive)
            await trio.sleep(10)
            gate.open()

    assert round(seconds_of(read, Below(b"a"), 0.001, gate), 1) <= 10.1

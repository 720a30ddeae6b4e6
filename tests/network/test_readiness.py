"""Functions are called when their socket can be read, and nothing that came is lost."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from pytest_smtpserver.network import readiness
from pytest_smtpserver.network.readiness import each_time_readable

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 5


class Pair:
    """Two ends of a connection: one sends, the other is read."""

    def __init__(self) -> None:
        self.sender, self.receiver = socket.socketpair()
        self.receiver.setblocking(False)
        self.received: list[bytes] = []

    def receive(self) -> None:
        self.received.append(self.receiver.recv(100))

    def receive_all(self) -> list[bytes] | None:
        self.receive()
        return None if self.received[-1] else self.received

    def close(self) -> None:
        self.sender.close()
        self.receiver.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


@pytest.fixture(params=[True, False], ids=["one selector", "one by one"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_CAN_AWAIT_SELECTOR", request.param)


@pytest.mark.usefixtures("_either_way")
@pytest.mark.trio
async def test_the_function_is_called_until_it_has_a_result(pair: Pair) -> None:
    with trio.fail_after(TIMEOUT):
        async with trio.open_nursery() as nursery:
            results: list[list[bytes]] = []

            async def wait() -> None:
                results.append(await each_time_readable(pair.receiver, pair.receive_all))

            nursery.start_soon(wait)
            for octets in (b"one", b"two"):
                pair.sender.send(octets)
                await trio.testing.wait_all_tasks_blocked(0.01)
            assert results == []
            pair.sender.close()
    assert results == [[b"one", b"two", b""]]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.trio
async def test_what_the_function_raises_is_raised_where_it_is_waited_for(pair: Pair) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    pair.sender.send(b"x")
    with trio.fail_after(TIMEOUT), pytest.raises(ZeroDivisionError):
        await each_time_readable(pair.receiver, fail)
    # And not twice: the socket is free for the next one.
    with trio.fail_after(TIMEOUT):
        assert await each_time_readable(pair.receiver, lambda: pair.receiver.recv(10)) == b"x"


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("attempt", range(20))
@pytest.mark.trio
async def test_a_wait_that_is_cancelled_takes_nothing(pair: Pair, attempt: int) -> None:
    # Which of two tasks trio lets go first is chance, hence the attempts.
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(each_time_readable, pair.receiver, pair.receive)
            await trio.testing.wait_all_tasks_blocked()
            pair.sender.send(b"x")
            scope.cancel()
    assert pair.received == []
    assert pair.receiver.recv(10) == b"x"

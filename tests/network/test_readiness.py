"""Functions are called when their socket is readable, and nothing that arrived is lost."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import trio

from tests.network.looping import TIMEOUT, Loop

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pair:
    """Two ends of a connection: one sends, the other is read."""

    def __init__(self) -> None:
        self.sender, self.receiver = socket.socketpair()
        self.receiver.setblocking(False)
        self.received: list[bytes] = []
        self.has_received = threading.Semaphore(0)

    def receive(self) -> None:
        self.received.append(self.receiver.recv(100))
        self.has_received.release()

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


@pytest.fixture
def another() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


@pytest.fixture(params=[selectors.DefaultSelector, selectors.SelectSelector])
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    monkeypatch.setattr(selectors, "DefaultSelector", request.param)
    with Loop() as loop:
        yield loop


def test_the_function_is_called_until_it_has_a_result(loop: Loop, pair: Pair) -> None:
    async def wait() -> list[bytes]:
        return await loop.readiness.each_time_readable(pair.receiver, pair.receive_all)

    def send() -> None:
        for octets in (b"one", b"two"):
            pair.sender.send(octets)
            assert pair.has_received.acquire(timeout=TIMEOUT)
        pair.sender.close()

    sending = threading.Thread(target=send)
    sending.start()
    assert loop.run(wait) == [b"one", b"two", b""]
    sending.join()


def test_an_exception_of_the_function_is_raised_in_the_waiting_task(loop: Loop, pair: Pair) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def wait() -> bytes:
        with pytest.raises(ZeroDivisionError):
            await loop.readiness.each_time_readable(pair.receiver, fail)
        # And not twice: the socket is free for the next one.
        return await loop.readiness.each_time_readable(
            pair.receiver, lambda: pair.receiver.recv(10)
        )

    pair.sender.send(b"x")
    assert loop.run(wait) == b"x"


@pytest.mark.parametrize("attempt", range(20))
def test_a_wait_that_is_cancelled_takes_nothing(loop: Loop, pair: Pair, attempt: int) -> None:
    # trio runs the two tasks in random order, hence several attempts.
    async def wait() -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(loop.readiness.each_time_readable, pair.receiver, pair.receive)
                await loop.readiness.others_turn()
                pair.sender.send(b"x")
                scope.cancel()

    loop.run(wait)
    assert pair.received == []
    assert pair.receiver.recv(10) == b"x"


def test_a_function_may_end_the_wait_of_a_socket_that_was_reported_with_its_own(
    loop: Loop, pair: Pair, another: Pair
) -> None:
    scopes = {pair: trio.CancelScope(), another: trio.CancelScope()}

    async def wait(mine: Pair, other: Pair) -> None:
        def end_the_other() -> bool:
            mine.receive()
            scopes[other].cancel()
            return True

        with scopes[mine]:
            await loop.readiness.each_time_readable(mine.receiver, end_the_other)

    async def wait_for_both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, pair, another)
            nursery.start_soon(wait, another, pair)
            await loop.readiness.others_turn()
            # Both are ready when the thread looks next.
            pair.sender.send(b"x")
            another.sender.send(b"x")

    loop.run(wait_for_both)
    assert sorted([pair.received, another.received]) == [[], [b"x"]]


def test_a_deadline_is_kept_though_a_socket_is_always_ready(loop: Loop, pair: Pair) -> None:
    called = []

    async def wait() -> None:
        with trio.move_on_after(0.01):
            await loop.readiness.each_time_readable(pair.receiver, lambda: called.append(1))

    pair.sender.send(b"x")
    loop.run(wait)
    assert called


def test_octets_that_came_before_a_call_are_handled_before_it(loop: Loop, pair: Pair) -> None:
    async def receive() -> None:
        pair.received += await loop.readiness.each_time_readable(
            pair.receiver, lambda: [pair.receiver.recv(100)]
        )

    def send_and_call() -> None:
        pair.sender.send(b"x")
        loop.thread.soon(look)

    def look() -> None:
        found.append(pair.received.copy())
        done.set()

    found: list[list[bytes]] = []
    done = threading.Event()
    loop.thread.soon(loop.thread.nursery.start_soon, receive)
    loop.at_rest(send_and_call)
    assert done.wait(TIMEOUT)
    assert found == [[b"x"]]


def test_a_task_that_never_rests_lets_others_have_their_turn(loop: Loop, pair: Pair) -> None:
    async def never_rest() -> int:
        turns = 0
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:

                async def receive() -> None:
                    await loop.readiness.each_time_readable(pair.receiver, lambda: True)
                    scope.cancel()

                nursery.start_soon(receive)
                await loop.readiness.others_turn()
                pair.sender.send(b"x")
                while True:
                    turns += 1
                    await loop.readiness.others_turn()
        return turns

    assert loop.run(never_rest) <= 3


def test_a_thread_that_has_ended_takes_no_calls_and_no_sockets(loop: Loop, pair: Pair) -> None:
    loop.thread.shut_down()
    with pytest.raises(trio.RunFinishedError):
        loop.thread.soon(print)
    with pytest.raises(trio.RunFinishedError):
        loop.readiness.register(pair.receiver, print)
    loop.readiness.unregister(pair.receiver)

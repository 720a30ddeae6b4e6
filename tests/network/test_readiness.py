"""Functions are called when their socket is readable, and nothing that arrived is lost."""

from __future__ import annotations

import selectors
import socket
import threading
from functools import partial
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


def test_the_function_is_called_each_time_that_its_socket_is_readable(
    loop: Loop, pair: Pair
) -> None:
    loop.readiness.register(pair.receiver, pair.receive)
    for octets in (b"one", b"two"):
        pair.sender.send(octets)
        assert pair.has_received.acquire(timeout=TIMEOUT)
    loop.at_rest(lambda: loop.readiness.unregister(pair.receiver))
    assert pair.received == [b"one", b"two"]


def test_a_task_wakes_up_when_its_socket_is_readable_and_may_wait_again(
    loop: Loop, pair: Pair
) -> None:
    async def receive() -> None:
        for _ in range(2):
            await loop.readiness.until_readable(pair.receiver)
            pair.receive()

    def send() -> None:
        pair.sender.send(b"one")
        assert pair.has_received.acquire(timeout=TIMEOUT)
        pair.sender.close()

    sending = threading.Thread(target=send)
    sending.start()
    loop.run(receive)
    sending.join()
    assert pair.received == [b"one", b""]


@pytest.mark.parametrize("attempt", range(20))
def test_a_wait_that_is_cancelled_takes_nothing(loop: Loop, pair: Pair, attempt: int) -> None:
    # trio runs the two tasks in random order, hence several attempts.
    async def receive() -> None:
        await loop.readiness.until_readable(pair.receiver)
        pair.receive()

    async def wait() -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(receive)
                await loop.readiness.others_turn()
                pair.sender.send(b"x")
                scope.cancel()

    loop.run(wait)
    assert pair.received == []
    assert pair.receiver.recv(10) == b"x"


def test_a_function_may_end_the_wait_for_a_socket_that_was_reported_with_its_own(
    loop: Loop, pair: Pair, another: Pair
) -> None:
    scope, is_over = trio.CancelScope(), threading.Event()

    async def wait() -> None:
        with scope:
            await loop.readiness.until_readable(another.receiver)
        is_over.set()

    def end_the_other() -> None:
        pair.receive()
        scope.cancel()
        loop.readiness.let_tasks_run()

    async def wait_for_both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await loop.readiness.others_turn()
            loop.readiness.register(pair.receiver, end_the_other)
            # Both are ready when the thread looks next.
            pair.sender.send(b"x")
            another.sender.send(b"x")

    loop.run(wait_for_both)
    assert is_over.wait(TIMEOUT)
    # The other octet was not taken, and its socket is free for somebody else.
    loop.readiness.register(another.receiver, another.receive)
    assert another.has_received.acquire(timeout=TIMEOUT)
    for receiver in (pair.receiver, another.receiver):
        loop.at_rest(partial(loop.readiness.unregister, receiver))


def test_a_deadline_is_kept_though_a_socket_is_always_ready(loop: Loop, pair: Pair) -> None:
    called: list[None] = []

    async def wait() -> None:
        loop.readiness.register(pair.receiver, lambda: called.append(None))
        with trio.move_on_after(0.01):
            await trio.sleep_forever()
        loop.readiness.unregister(pair.receiver)

    pair.sender.send(b"x")
    loop.run(wait)
    assert called


@pytest.mark.parametrize("seconds", [1e7, 1e300])
def test_a_task_may_sleep_for_longer_than_the_system_can_wait(
    loop: Loop, pair: Pair, seconds: float
) -> None:
    loop.readiness.register(pair.receiver, pair.receive)
    loop.thread.soon(loop.thread.start_task, partial(trio.sleep, seconds))
    loop.at_rest(lambda: None)
    pair.sender.send(b"x")
    assert pair.has_received.acquire(timeout=TIMEOUT)


def test_octets_that_came_before_a_call_are_handled_before_it(loop: Loop, pair: Pair) -> None:
    def send_and_call() -> None:
        pair.sender.send(b"x")
        loop.thread.soon(look)

    def look() -> None:
        found.append(pair.received.copy())
        done.set()

    found: list[list[bytes]] = []
    done = threading.Event()
    loop.readiness.register(pair.receiver, pair.receive)
    loop.at_rest(send_and_call)
    assert done.wait(TIMEOUT)
    loop.at_rest(lambda: loop.readiness.unregister(pair.receiver))
    assert found == [[b"x"]]


def test_a_task_that_never_rests_lets_others_have_their_turn(loop: Loop, pair: Pair) -> None:
    async def never_rest() -> int:
        turns = 0
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:

                async def receive() -> None:
                    await loop.readiness.until_readable(pair.receiver)
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


def test_what_has_come_before_a_call_is_dealt_with_before_it(loop: Loop, pair: Pair) -> None:
    order: list[str] = []
    is_over = threading.Event()

    def end() -> None:
        order.append("call")
        is_over.set()

    def send_and_call() -> None:
        pair.sender.send(b"x")
        loop.readiness.soon(end)

    def receive() -> None:
        pair.receive()
        order.append("octets")

    loop.readiness.register(pair.receiver, receive)
    loop.readiness.soon(send_and_call)
    assert is_over.wait(TIMEOUT)
    loop.at_rest(lambda: loop.readiness.unregister(pair.receiver))
    assert order == ["octets", "call"]

"""Asking the kernel which sockets are ready, with epoll and without."""

from __future__ import annotations

import math
import os
import socket
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.network.polling import Epoll, Selector, new_poller

if TYPE_CHECKING:
    from collections.abc import Iterator

Poller = Epoll | Selector


@pytest.fixture(params=[new_poller, Selector])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made: Poller = request.param()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


Pair = tuple[socket.socket, socket.socket]


def call() -> None:
    pass


def another_call() -> None:
    pass


def test_a_socket_is_ready_when_it_has_something_to_read(poller: Poller, pair: Pair) -> None:
    poller.register(pair[0], call)
    assert poller.ready(0) == []
    pair[1].send(b"x")
    assert poller.ready(math.inf) == [call]


def test_a_socket_is_ready_when_it_takes_octets(poller: Poller, pair: Pair) -> None:
    poller.register(pair[0], call, to_write=True)
    assert poller.ready(math.inf) == [call]


def test_a_socket_that_was_taken_away_is_not_ready(poller: Poller, pair: Pair) -> None:
    poller.register(pair[0], call)
    poller.register(pair[1], another_call, to_write=True)
    pair[1].send(b"x")
    poller.unregister(pair[0])
    assert poller.ready(math.inf) == [another_call]
    assert len(poller) == 1


def test_a_number_is_watched_only_once(poller: Poller, pair: Pair) -> None:
    poller.register(pair[0], call)
    with pytest.raises(KeyError):
        poller.register(pair[0], another_call)
    pair[1].send(b"x")
    assert poller.ready(math.inf) == [call]


def test_a_descriptor_that_a_test_has_closed_can_be_taken_away(poller: Poller) -> None:
    one, other = socket.socketpair()
    with other:
        poller.register(one, call)
        number = one.fileno()
        os.close(number)
        poller.unregister(one)
        one.detach()
    assert len(poller) == 0

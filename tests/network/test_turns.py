"""A client that sends a lot keeps nobody waiting: others get a turn after so many replies."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.network.toy import TIMEOUT, Host, Toy, exactly

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.engine import Action

MANY = 50_000
# Some turns of at most 64 replies each; far fewer than all.
FEW = 1000


class Busy(Toy):
    """At a `g` it keeps the thread until others have sent something; at a `?` it counts."""

    def __init__(self, go: threading.Event, count: Callable[[], object]) -> None:
        super().__init__()
        self._go = go
        self._count = count

    def _act(self, octet: bytes) -> Action:
        if octet == b"g":
            self.held.set()
            self._go.wait(TIMEOUT)
        elif octet == b"?":
            self._count()
        return super()._act(octet)


@pytest.mark.parametrize("others", [1, 10])
def test_others_are_answered_before_a_long_group_is(
    make_host: Callable[..., Host], others: int
) -> None:
    go = threading.Event()
    answered_before: list[int] = []

    def count() -> None:
        answered_before.append(len(host.engines[0].log))

    host = make_host(Busy, go=go, count=count)
    with host.connect() as busy:
        clients = [host.connect() for _ in range(others)]
        busy.sendall(b"g")
        assert host.engines[0].held.wait(TIMEOUT)
        busy.sendall(b"1" * MANY)
        for client in clients:
            client.sendall(b"?")
        go.set()
        for client in clients:
            assert client.recv(1) == b"?"
            client.close()
        assert exactly(busy, 1 + MANY) == b"g" + b"1" * MANY
    assert max(answered_before) < FEW

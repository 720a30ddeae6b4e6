"""Nothing that is sent to the inbox's port harms the mail or the run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.inbox.store import Store
from tests.inbox.requesting import Lookout, parsed
from tests.rawclient import everything, until

if TYPE_CHECKING:
    import socket

EVENTS = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "octets",
    [b"", b"GET", b"GET / HTTP/1.1\r\nHost: loc", b"\x00\xff" * 1000, b"\n" * 5000, EVENTS * 5000],
    ids=["nothing", "half a line", "half a head", "garbage", "line ends", "many requests"],
)
def test_mail_goes_on_while_clients_misbehave(lookout: Lookout, octets: bytes) -> None:
    with contextlib.ExitStack() as clients:
        for _ in range(20):
            client = clients.enter_context(lookout.connect())
            with contextlib.suppress(OSError):
                client.sendall(octets)
        lookout.send(b"Subject: x\r\n\r\n")
        assert lookout.request("/messages/1/raw").status == 200
    assert len(lookout.server.messages) == 1


def test_two_hundred_clients_at_once_are_served(lookout: Lookout) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(lookout.connect()) for _ in range(200)]
        for client in clients:
            client.sendall(EVENTS)
        for client in clients:
            until(client, b"event: run")
        lookout.send(b"Subject: for all\r\n\r\n")
        for client in clients:
            until(client, b"for all")
        assert lookout.request("/messages.json").status == 200


def test_a_client_that_does_not_read_does_not_hold_up_others(lookout: Lookout) -> None:
    content = b"Subject: large\r\n\r\n" + b"x" * 70 + (b"\r\n" + b"x" * 70) * 200_000
    lookout.send(content)
    with lookout.connect() as lazy:
        lazy.sendall(b"GET /messages/1/raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
        lookout.send(b"Subject: small\r\n\r\n")
        assert lookout.request("/messages/2/raw").body == b"Subject: small\r\n\r\n"
        assert parsed(everything(lazy)).body.rstrip() == content.rstrip()


def test_pages_that_are_open_do_not_hold_up_the_end() -> None:
    clients: list[socket.socket] = []
    with Lookout() as lookout:
        for _ in range(50):
            clients.append(lookout.connect())
            clients[-1].sendall(EVENTS)
            until(clients[-1], b"event: run")
    for client in clients:
        # The inbox's end closes the connection; this is not a timeout.
        everything(client)
        client.close()


def test_ten_thousand_messages_are_listed(lookout: Lookout) -> None:
    lookout.send(b"Subject: x\r\n\r\n")
    [transaction] = lookout.server.transactions
    for _ in range(9_999):
        lookout.inbox.add("", "smtp://x", transaction)
    assert lookout.request("/").body.count(b'class="row"') == 10_000


def test_of_large_ones_no_more_are_forgotten_than_must_be(
    lookout: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_smtpserver.inbox.store._LARGEST_TOTAL", 50)
    lookout.send(b"\r\n" + b"x" * 10 + b"\r\n")
    lookout.send(b"\r\n" + b"x" * 98 + b"\r\n")
    small, large = lookout.server.transactions
    store = Store()
    for _ in range(5):
        store.add("", "", small)
    assert [one.number for one in store.all()] == [3, 4, 5]
    store.add("", "", large)
    assert [one.number for one in store.all()] == [6]


def test_the_oldest_of_very_many_are_forgotten(lookout: Lookout) -> None:
    lookout.send(b"Subject: x\r\n\r\n")
    store = Store()
    for _ in range(20_001):
        store.add("", "", lookout.server.transactions[0])
    assert store.get(1) is None
    newest = store.get(20_001)
    assert newest is not None
    assert newest.number == 20_001
    assert len(store.all()) == len(store.after(0)) == 20_001 - 100
    assert [one.number for one in store.after(19_999)] == [20_000, 20_001]

"""`wait_closed`: no client is connected, not even one that has said QUIT."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import AsyncSMTPServer, SMTPServer
from pytest_smtpserver.network import connection
from tests.rawclient import TIMEOUT, connected, everything, greeted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Command

_BRIEFLY = 0.1


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer() as server:
        yield server


@pytest.fixture
def closes_only_after_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_DRAIN_SECONDS", 10 * TIMEOUT)


@pytest.mark.usefixtures("closes_only_after_the_client")
def test_it_waits_until_the_client_has_closed_its_connection(server: SMTPServer) -> None:
    waiting = threading.Thread(target=server.wait_closed, args=[10 * TIMEOUT])
    with greeted(server) as client:
        client.sendall(b"QUIT\r\n")
        assert everything(client).startswith(b"221 ")
        waiting.start()
        waiting.join(_BRIEFLY)
        assert waiting.is_alive()
    waiting.join(TIMEOUT)
    assert not waiting.is_alive()


def test_it_waits_for_a_client_that_the_server_has_not_accepted_yet(server: SMTPServer) -> None:
    is_busy, may_go_on = threading.Event(), threading.Event()

    def busy(_: Command) -> str:
        is_busy.set()
        may_go_on.wait(TIMEOUT)
        return "250 ok"

    waiting = threading.Thread(target=server.wait_closed, args=[10 * TIMEOUT])
    with SMTPServer() as other:
        other.on("noop").reply(busy)
        with greeted(other) as client:
            client.sendall(b"NOOP\r\n")
            assert is_busy.wait(TIMEOUT)
            with connected(server):
                waiting.start()
                waiting.join(_BRIEFLY)
                assert waiting.is_alive()
                may_go_on.set()
            waiting.join(TIMEOUT)
    assert not waiting.is_alive()


@pytest.mark.usefixtures("closes_only_after_the_client")
def test_a_client_that_has_said_quit_is_no_failure(server: SMTPServer) -> None:
    with greeted(server) as client:
        client.sendall(b"QUIT\r\n")
        everything(client)
        server.wait_closed(0)
        server.wait_closed(_BRIEFLY)


def test_it_waits_for_no_client_that_never_closes_its_connection(server: SMTPServer) -> None:
    with greeted(server) as client:
        client.sendall(b"QUIT\r\n")
        everything(client)
        waiting = threading.Thread(target=server.wait_closed, args=[10 * TIMEOUT])
        waiting.start()
        waiting.join(TIMEOUT)
        assert not waiting.is_alive()


@pytest.mark.usefixtures("closes_only_after_the_client")
def test_a_task_waits_for_it_too(server: SMTPServer) -> None:
    async def converse() -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"QUIT\r\n")
        await reader.read()
        waiting = asyncio.create_task(AsyncSMTPServer(server).wait_closed(10 * TIMEOUT))
        await asyncio.wait([waiting], timeout=_BRIEFLY)
        assert not waiting.done()
        writer.close()
        await asyncio.wait_for(waiting, TIMEOUT)

    asyncio.run(converse())

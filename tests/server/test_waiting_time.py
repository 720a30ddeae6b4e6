"""Waiting wakes at once, and never lasts longer than it was told to."""

from __future__ import annotations

import asyncio
import smtplib
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import AsyncSMTPServer, SMTPAssertionError, SMTPServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MESSAGE = b"Subject: noise\r\n\r\nHello\r\n"
TIMEOUT = 0.15


@contextmanager
def pouring(server: SMTPServer) -> Iterator[list[int]]:
    """Send messages that match nothing, up to 1,000 a second; gives a list of how many."""
    begun, stop, sent = threading.Event(), threading.Event(), [0]

    def pour() -> None:
        with smtplib.SMTP(*server.addr, "client.example", timeout=5) as client:
            client.ehlo()
            next_at = time.perf_counter()
            while not stop.is_set():
                client.sendmail("a@x.example", "b@x.example", MESSAGE)
                sent[0] += 1
                begun.set()
                next_at += 0.001
                stop.wait(max(0.0, next_at - time.perf_counter()))

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        assert begun.wait(5)
        yield sent
    finally:
        stop.set()
        thread.join(5)


WAITS: dict[str, Callable[[SMTPServer], object]] = {
    "message": lambda server: server.wait_for_message(subject="x", timeout=TIMEOUT),
    "settle": lambda server: server.wait_for_messages(0, subject="x", timeout=0, settle=TIMEOUT),
    "no message": lambda server: server.assert_no_message(subject="x", within=TIMEOUT),
    "transaction": lambda server: server.wait_for_transaction(mail_from="x@y", timeout=TIMEOUT),
    "session": lambda server: server.wait_for_session(timeout=TIMEOUT),
    "closed": lambda server: server.wait_closed(TIMEOUT),
    "held": lambda server: server.on("vrfy", optional=True).hold().wait_held(timeout=TIMEOUT),
}


async def wait_in_a_coroutine(server: SMTPServer) -> None:
    await AsyncSMTPServer(server).wait_for_message(subject="x", timeout=TIMEOUT)


WAITS["coroutine"] = lambda server: asyncio.run(wait_in_a_coroutine(server))


def excess(name: str) -> float:
    """Return the seconds by which a wait outlasts its timeout while messages pour in."""
    with SMTPServer() as server, pouring(server) as sent:
        started = time.perf_counter()
        with suppress(SMTPAssertionError):
            WAITS[name](server)
        took = time.perf_counter() - started
        assert sent[0] > 10
    assert took >= TIMEOUT
    return took - TIMEOUT


@pytest.mark.parametrize("name", WAITS)
def test_no_wait_outlasts_its_timeout_while_messages_pour_in(name: str) -> None:
    # Thrice, because a busy machine may take the processor away for longer than that.
    assert any(excess(name) < 0.05 for _ in range(3))

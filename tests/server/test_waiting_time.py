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


def test_nor_does_one_in_a_coroutine() -> None:
    async def wait(server: SMTPServer) -> float:
        started = time.perf_counter()
        with suppress(SMTPAssertionError):
            await AsyncSMTPServer(server).wait_for_message(subject="x", timeout=TIMEOUT)
        return time.perf_counter() - started

    with SMTPServer() as server, pouring(server):
        assert TIMEOUT <= asyncio.run(wait(server)) < TIMEOUT + 0.05


@pytest.mark.parametrize("name", WAITS)
def test_no_wait_outlasts_its_timeout_while_messages_pour_in(name: str) -> None:
    with SMTPServer() as server, pouring(server) as sent:
        started = time.perf_counter()
        with suppress(SMTPAssertionError):
            WAITS[name](server)
        took = time.perf_counter() - started
        assert sent[0] > 10
    assert TIMEOUT <= took < TIMEOUT + 0.05

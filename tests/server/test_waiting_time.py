"""A wait ends at once when the message comes, and never lasts longer than its timeout."""

from __future__ import annotations

import asyncio
import math
import smtplib
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import AsyncSMTPServer, ServerCrashed, SMTPAssertionError, SMTPServer
from pytest_smtpserver.waiting.expectation import Expectation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MESSAGE = b"Subject: noise\r\n\r\nHello\r\n"
TIMEOUT = 0.15


@contextmanager
def pouring(server: SMTPServer) -> Iterator[None]:
    """Send messages that match nothing, up to 1,000 a second."""
    begun, stop = threading.Event(), threading.Event()

    def pour() -> None:
        with smtplib.SMTP(*server.addr, "client.example", timeout=5) as client:
            client.ehlo()
            next_at = time.perf_counter()
            while not stop.is_set():
                client.sendmail("a@x.example", "b@x.example", MESSAGE)
                begun.set()
                next_at += 0.001
                stop.wait(max(0.0, next_at - time.perf_counter()))

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        assert begun.wait(5)
        yield
    finally:
        stop.set()
        thread.join(5)


WAITS: dict[str, Callable[[SMTPServer, Any], object]] = {
    "message": lambda server, t: server.wait_for_message(subject="x", timeout=t),
    "settle": lambda server, t: server.wait_for_messages(0, subject="x", timeout=0, settle=t),
    "no message": lambda server, t: server.assert_no_message(subject="x", within=t),
    "transaction": lambda server, t: server.wait_for_transaction(mail_from="x@y", timeout=t),
    "session": lambda server, t: server.wait_for_session(timeout=t),
    "closed": lambda server, t: server.wait_closed(t),
    "held": lambda server, t: server.on("vrfy", optional=True).hold().wait_held(timeout=t),
}


async def wait_in_a_coroutine(server: SMTPServer, timeout: float) -> None:
    await AsyncSMTPServer(server).wait_for_message(subject="x", timeout=timeout)


WAITS["coroutine"] = lambda server, t: asyncio.run(wait_in_a_coroutine(server, t))


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_ends_although_messages_pour_in(name: str) -> None:
    with SMTPServer() as server, pouring(server):

        def wait() -> None:
            with suppress(SMTPAssertionError):
                WAITS[name](server, TIMEOUT)

        waiting = threading.Thread(target=wait, daemon=True)
        started = time.perf_counter()
        waiting.start()
        # They keep coming until the wait has ended, however slow the machine is.
        waiting.join(30)
        assert not waiting.is_alive()
        assert time.perf_counter() - started >= TIMEOUT


@pytest.mark.parametrize("name", WAITS)
def test_a_crash_ends_a_wait_at_once_with_its_cause(name: str) -> None:
    with ExitStack() as stack:
        server = SMTPServer().start()
        stack.callback(server.stop)
        stack.enter_context(smtplib.SMTP(*server.addr, "client.example", timeout=5))
        server._core.recorder.crashed(ZeroDivisionError())
        with pytest.raises(ServerCrashed) as raised:
            WAITS[name](server, 60)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_no_message_is_not_asserted_of_a_server_that_has_crashed() -> None:
    server = SMTPServer().start()
    server._core.recorder.crashed(ZeroDivisionError())
    with pytest.raises(ServerCrashed):
        server.assert_no_message()
    server.stop()


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan, True, "1"])
def test_an_impossible_time_to_wait_is_an_error_at_once(name: str, seconds: Any) -> None:
    with SMTPServer() as server, pytest.raises(ValueError, match="must be a number of seconds"):
        WAITS[name](server, seconds)


def test_mail_that_lands_while_it_is_looked_for_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = Expectation._take
    with SMTPServer() as server, smtplib.SMTP(*server.addr, "client.example", 20) as client:
        client.ehlo()
        client.mail("a@x.example")
        client.rcpt("b@x.example")
        client.docmd("DATA")

        def land_after(self: Expectation[Any]) -> None:
            take(self)
            monkeypatch.undo()
            client.send(MESSAGE + b".\r\n")
            assert client.getreply()[0] == 250

        monkeypatch.setattr(Expectation, "_take", land_after)
        with pytest.raises(SMTPAssertionError, match="1 message, not none"):
            server.assert_no_message()

"""Readers in any thread see a state that was true at one moment, however threads are switched."""

from __future__ import annotations

import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.server import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Message, Session

# Far more than is needed on a busy machine.
TIMEOUT = 300
READERS, WRITERS, EACH = 10, 100, 3
MESSAGE = (
    b"MAIL FROM:<from@example.org>\r\nRCPT TO:<to@example.org>\r\nRCPT TO:<>\r\nDATA\r\n"
    b"Subject: hello\r\n\r\nworld\r\n.\r\n"
)


@pytest.fixture(autouse=True)
def threads_take_turns_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Reader:
    """Reads again and again, and compares each result with the one before."""

    def __init__(self, server: SMTPServer) -> None:
        self._server = server
        self._messages: tuple[Message, ...] = ()
        self._ended: dict[int, Session] = {}
        self._exchanges: dict[int, int] = {}

    def run(self, is_over: threading.Event) -> tuple[Session, ...]:
        while not is_over.is_set():
            self.look()
        self.look()
        assert len(self._messages) == WRITERS * EACH
        return self._server.sessions

    def look(self) -> None:
        self._look_at_messages()
        for session in self._server.sessions:
            self._look_at_session(session)

    def _look_at_messages(self) -> None:
        messages = self._server.messages
        # Earlier records are still there: the same objects in the same order.
        assert all(map(lambda one, other: one is other, self._messages, messages))
        assert len(messages) >= len(self._messages)
        self._messages = messages
        # Their transactions, looked at later, have ended.
        accepted = [one for one in self._server.transactions if one.outcome == "accepted"]
        assert len(accepted) >= len(messages)
        for message in messages:
            assert message.transaction.outcome == "accepted"
            assert message.envelope.rcpt_to == ("to@example.org",)

    def _look_at_session(self, session: Session) -> None:
        exchanges = session.exchanges
        assert len(exchanges) >= self._exchanges.get(session.id, 0)
        self._exchanges[session.id] = len(exchanges)
        codes = [one.reply.code for one in exchanges if one.verb == "RCPT" and one.reply]
        assert codes == [250, 501] * (len(codes) // 2) + [250] * (len(codes) % 2)
        if session.ended_by is not None:
            # Nothing is open in it, and nothing changes any more.
            before = self._ended.setdefault(session.id, session)
            assert (before.ended_by, before.exchanges) == (session.ended_by, session.exchanges)
            assert [one.outcome for one in session.transactions] == ["accepted"] * EACH


def write(server: SMTPServer) -> None:
    with socket.create_connection(server.addr, TIMEOUT) as client:
        client.sendall(b"EHLO client.example.org\r\n" + MESSAGE * EACH + b"QUIT\r\n")
        while client.recv(65536):
            pass


def test_ten_readers_see_what_a_hundred_writers_have_done_consistently() -> None:
    is_over = threading.Event()
    with SMTPServer() as server, ThreadPoolExecutor(READERS + WRITERS) as pool:
        reading = [pool.submit(Reader(server).run, is_over) for _ in range(READERS)]
        writing = [pool.submit(write, server) for _ in range(WRITERS)]
        try:
            for one in writing:
                one.result(TIMEOUT)
            server.wait_closed(TIMEOUT)
        finally:
            is_over.set()
        seen = [one.result(TIMEOUT) for one in reading]
        # At the end all of them have seen the same records.
        assert {tuple(map(id, sessions)) for sessions in seen} == {tuple(map(id, server.sessions))}


def test_servers_are_listed_while_threads_start_others() -> None:
    is_over = threading.Event()

    def start() -> None:
        while not is_over.is_set():
            with SMTPServer():
                pass

    with ThreadPoolExecutor(4) as pool:
        starting = [pool.submit(start) for _ in range(4)]
        try:
            for _ in range(3_000):
                assert registry.listening() is not None
        finally:
            is_over.set()
        for one in starting:
            one.result(TIMEOUT)


def test_clearing_is_seen_whole() -> None:
    is_over = threading.Event()
    with SMTPServer() as server, ThreadPoolExecutor(5) as pool:

        def clear() -> None:
            while not is_over.is_set():
                server.clear()
                assert all(one.ended_by is None for one in server.sessions[:0])
                # An accepted message has its transaction, even if records are forgotten meanwhile.
                for message in server.messages:
                    assert message.transaction.message is message

        clearing = [pool.submit(clear) for _ in range(2)]
        for one in [pool.submit(write, server) for _ in range(30)]:
            one.result(TIMEOUT)
        is_over.set()
        for one in clearing:
            one.result(TIMEOUT)
        server.wait_closed(TIMEOUT)
        server.clear()
        assert (server.messages, server.transactions, server.sessions) == ((), (), ())

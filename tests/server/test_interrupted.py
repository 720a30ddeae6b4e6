"""A signal that comes while a server starts or stops does no harm, whatever its handler raises."""

from __future__ import annotations

import faulthandler
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.server.signals import Uninterrupted
from pytest_smtpserver.unpatched import Event, start
from tests.rawclient import TIMEOUT, ask, greeted, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_smtpserver import Command

    #: Lets a signal come when the next call of a method, in this thread, has returned.
    StrikeAfter = Callable[[type, str], None]

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs SIGALRM")


class Strike(BaseException):
    """What the handler raises, as those of Ctrl-C and of pytest-timeout do."""


@pytest.fixture
def strike_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrikeAfter]:
    def handler(*_: object) -> None:
        raise Strike

    def strike(cls: type, name: str) -> None:
        method, strikes = getattr(cls, name), [True]

        def struck(self: object, *args: object) -> object:
            result = method(self, *args)
            if strikes and threading.current_thread() is threading.main_thread():
                strikes.clear()
                signal.raise_signal(signal.SIGALRM)
            return result

        monkeypatch.setattr(cls, name, struck)

    before = signal.signal(signal.SIGALRM, handler)
    yield strike
    assert signal.getsignal(signal.SIGALRM) is handler
    signal.signal(signal.SIGALRM, before)


def is_well(server: SMTPServer) -> None:
    """Check that a server can start, serve, and stop."""
    server.start()
    send(server)
    assert server.wait_for_message(timeout=TIMEOUT).subject == "hello"
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.addr, TIMEOUT)


def test_a_stop_is_finished_before_the_handler_raises(strike_after: StrikeAfter) -> None:
    server = SMTPServer().start()
    strike_after(selectors.DefaultSelector, "unregister")
    with pytest.raises(Strike):
        server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.addr, TIMEOUT)
    is_well(server)
    is_well(SMTPServer())


def test_a_start_whose_handler_raises_leaves_nothing(strike_after: StrikeAfter) -> None:
    server = SMTPServer()
    strike_after(selectors.DefaultSelector, "register")
    with pytest.raises(Strike):
        server.start()
    assert not server.accepting
    is_well(server)
    is_well(SMTPServer())


def test_clients_are_disconnected_before_the_handler_raises(strike_after: StrikeAfter) -> None:
    with SMTPServer() as server, greeted(server):
        strike_after(Event, "wait")
        with pytest.raises(Strike):
            server.disconnect_clients()
        assert server.sessions[0].ended_by == "server"


def test_servers_of_a_test_all_stop_though_a_signal_comes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import signal, socket
        import pytest
        from pytest_smtpserver import SMTPServer

        class Strike(BaseException): pass

        def handler(*_): raise Strike

        servers = []

        def test_struck(smtpserver_factory, monkeypatch):
            servers.extend((smtpserver_factory(), smtpserver_factory()))
            signal.signal(signal.SIGALRM, handler)
            stop = SMTPServer.stop
            def struck(self):
                stop(self)
                signal.raise_signal(signal.SIGALRM)
            SMTPServer.stop = struck

        def test_innocent():
            for server in servers:
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(server.addr)
    """)
    result = pytester.runpytest_subprocess()
    assert "Strike" in result.stdout.str()
    assert result.parseoutcomes()["passed"] == 2


@pytest.fixture
def came() -> Iterator[list[int]]:
    """The signals that were handled; each handler raises."""
    came: list[int] = []

    def handler(number: int, _: object) -> None:
        came.append(number)
        raise Strike

    before = [(one, signal.signal(one, handler)) for one in (signal.SIGALRM, signal.SIGTERM)]
    yield came
    for number, old in before:
        signal.signal(number, old)


def test_all_handlers_are_called_in_the_order_of_their_signals(came: list[int]) -> None:
    with pytest.raises(Strike), Uninterrupted(), Uninterrupted():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGALRM)
        assert came == []
    assert came == [signal.SIGTERM, signal.SIGALRM]


def test_a_handler_of_faulthandler_stays(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    with (tmp_path / "stacks").open("w+") as file:
        faulthandler.register(signal.SIGUSR1, file, chain=True)
        with SMTPServer():
            pass
        signal.raise_signal(signal.SIGUSR1)
        faulthandler.unregister(signal.SIGUSR1)
        file.seek(0)
        assert "test_a_handler_of_faulthandler_stays" in file.read()
    signal.signal(signal.SIGUSR1, before)


def test_a_handler_that_is_set_meanwhile_stays() -> None:
    def another(*_: object) -> None:
        pass

    before = signal.signal(signal.SIGALRM, lambda *_: None)
    with Uninterrupted():
        signal.signal(signal.SIGALRM, another)
    assert signal.getsignal(signal.SIGALRM) is another
    signal.signal(signal.SIGALRM, before)


def test_ctrl_c_while_a_server_waits_for_its_thread_is_obeyed_when_it_has_stopped() -> None:
    # A shell makes a program that it starts in the background ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def blocks(command: Command) -> str:
        is_blocked.set()
        time.sleep(0.2)
        return "250 ok"

    is_blocked = threading.Event()
    with SMTPServer() as server, greeted(server) as client:
        server.on("noop").reply(blocks)
        client.sendall(b"NOOP\r\n")
        assert is_blocked.wait(TIMEOUT)
        with pytest.raises(KeyboardInterrupt), Uninterrupted():
            signal.raise_signal(signal.SIGINT)
            server.stop()
        assert server.sessions[0].ended_by == "server"
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "sigtimedwait"), reason="needs sigtimedwait")
def test_a_signal_that_a_test_waits_for_is_not_taken_by_our_thread(
    pytester: pytest.Pytester,
) -> None:
    # In a process of its own: pytest-xdist has threads in this one.
    script = pytester.makepyfile("""
        import os
        import signal
        from pytest_smtpserver import SMTPServer

        with SMTPServer():
            for one in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGIO):
                signal.pthread_sigmask(signal.SIG_BLOCK, [one])
                os.kill(os.getpid(), one)
                assert signal.sigtimedwait([one], 20)
    """)
    result = pytester.run(sys.executable, script, timeout=TIMEOUT)
    assert result.ret == 0, result.stderr.str()


def test_no_signal_stays_blocked_if_a_handler_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    real = signal.pthread_sigmask

    def blocked_and_struck(how: int, signals: list[signal.Signals]) -> set[int]:
        before = real(how, signals)
        if how == signal.SIG_BLOCK and signals:
            raise Strike
        return before

    before = real(signal.SIG_BLOCK, [])
    with monkeypatch.context() as patch, pytest.raises(Strike):
        patch.setattr(signal, "pthread_sigmask", blocked_and_struck)
        start(threading.Thread(target=print))
    assert real(signal.SIG_BLOCK, []) == before


def test_a_process_that_a_callable_starts_can_be_ended() -> None:
    ended = []

    def start_and_end(_: Command) -> None:
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        process.terminate()
        ended.append(process.wait(TIMEOUT))
        process.communicate()

    with SMTPServer() as server, greeted(server) as client:
        server.on("noop").reply(start_and_end)
        ask(client, "NOOP")
    assert ended == [-signal.SIGTERM]


def test_an_event_wakes_all_who_wait_and_can_be_set_again() -> None:
    event, woken = Event(), []

    def wait() -> None:
        woken.append(event.wait(TIMEOUT))

    waiting = [threading.Thread(target=wait) for _ in range(5)]
    for thread in waiting:
        thread.start()
    event.set()
    event.set()
    for thread in waiting:
        thread.join(TIMEOUT)
    assert woken == [True] * 5
    assert event.is_set()
    assert event.wait(-1)
    event.clear()
    assert not event.is_set()
    assert not event.wait(-1)
    assert not event.wait(0.001)
    event.set()
    assert event.wait(0)

"""A server works without the features that other operating systems lack."""

from __future__ import annotations

import select
import selectors
import socket
import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SettingsError, SMTPServer
from pytest_smtpserver.network import addresses, readiness, shut_down
from pytest_smtpserver.network.background import background
from tests.network.looping import at_rest
from tests.rawclient import EHLO, MAIL, TIMEOUT, connected, everything, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.settings.keywords import TLS


@pytest.fixture(params=["no selector but select", "no epoll", "neither"])
def another_system(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    with monkeypatch.context() as patch:
        # A thread of its own: it makes its selector when it starts.
        patch.setattr(import_module("pytest_smtpserver.network.background"), "_backgrounds", [])
        if request.param != "no epoll":
            # Windows.
            patch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
            patch.setattr(addresses, "select", SimpleNamespace(select=select.select))
        if request.param != "no selector but select":
            # Windows and macOS.
            patch.setattr(readiness, "select", SimpleNamespace())
        yield
        shut_down()


@pytest.mark.usefixtures("another_system")
@pytest.mark.parametrize("tls", ["off", "starttls"])
def test_mail_arrives(tls: TLS) -> None:
    with SMTPServer(tls=tls) as server:
        for _ in range(3):
            send(server)
        assert [one.ended_by for one in server.sessions] == ["quit"] * 3
    assert [one.subject for one in server.messages] == ["hello"] * 3


@pytest.mark.usefixtures("another_system")
def test_a_held_client_that_sends_more_than_is_read_ahead_goes_on() -> None:
    with SMTPServer(wait_timeout=TIMEOUT) as server:
        rule = server.on("mail").hold()
        with connected(server) as client:
            client.sendall(EHLO + MAIL + b"NOOP\r\n" * 40_000 + b"QUIT\r\n")
            rule.wait_held()
            # Everything is read that is read ahead.
            at_rest(background(), lambda: None)
            rule.release()
            assert everything(client).count(b"\r\n250 2.0.0 ") == 40_000


@pytest.mark.usefixtures("another_system")
def test_a_client_that_is_held_goes_on() -> None:
    with SMTPServer(wait_timeout=TIMEOUT) as server:
        rule = server.on("mail").hold()
        with connected(server) as client:
            client.sendall(EHLO + MAIL)
            rule.wait_held()
            rule.release()
            client.sendall(b"QUIT\r\n")
            assert b"\r\n221 " in everything(client)


@pytest.mark.usefixtures("another_system")
def test_a_client_that_leaves_while_it_is_held_ends_its_session() -> None:
    with SMTPServer(wait_timeout=TIMEOUT) as server:
        rule = server.on("mail").hold()
        with connected(server) as client:
            client.sendall(EHLO + MAIL)
            rule.wait_held()
        server.wait_closed()
        # It left replies unread; most systems then send a reset.
        assert server.sessions[0].ended_by in ("client", "reset")


@pytest.mark.usefixtures("another_system")
def test_a_server_stops_with_clients_connected() -> None:
    server = SMTPServer().start()
    with connected(server) as client:
        assert client.recv(1000).startswith(b"220 ")
        server.stop()
        assert client.recv(1000).startswith(b"421 ")
    assert [one.ended_by for one in server.sessions] == ["server"]


def test_without_sockets_in_the_file_system_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    with pytest.raises(SettingsError, match="this system has no sockets in the file system"):
        SMTPServer(host="unix:/tmp/never").start()


def test_where_addresses_could_be_shared_ours_is_taken_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: list[int] = []

    class Noting(socket.socket):
        def setsockopt(self, level: int, option: int, *value: object) -> None:
            options.append(option)
            if option != 0xABCD:
                super().setsockopt(level, option, *value)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        # Windows, where SO_REUSEADDR lets two servers listen on one port.
        patch.setattr(sys, "platform", "win32")
        patch.setattr(socket, "SO_EXCLUSIVEADDRUSE", 0xABCD, raising=False)
        patch.setattr(socket, "socket", Noting)
        server = SMTPServer().start()
    with server:
        send(server)
    assert 0xABCD in options
    assert socket.SO_REUSEADDR not in options


def test_a_system_that_cannot_fork_needs_nothing_of_it() -> None:
    script = """
import os, smtplib
for name in ("fork", "register_at_fork", "getuid", "sysconf"):
    delattr(os, name) if hasattr(os, name) else None
from pytest_smtpserver import SMTPServer
with SMTPServer(tls="starttls") as server, smtplib.SMTP(*server.addr, timeout=60) as client:
    client.starttls(context=server.client_context())
    client.sendmail("from@example.org", "to@example.org", "Subject: hello")
    assert len(server.messages) == 1
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=TIMEOUT)

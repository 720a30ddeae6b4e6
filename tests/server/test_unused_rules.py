"""The failure for a rule that was never used says what came at its stage instead."""

from __future__ import annotations

import re
import smtplib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer
from tests.rawclient import TIMEOUT, ask, connected, introduced, said, send

if TYPE_CHECKING:
    from collections.abc import Callable


def nobody(server: SMTPServer) -> None:
    """Leave the server alone."""


def silent(server: SMTPServer) -> None:
    with connected(server) as client:
        said(client)


def noop(server: SMTPServer) -> None:
    with introduced(server) as client:
        ask(client, "NOOP")


def two_messages(server: SMTPServer) -> None:
    send(server)
    send(server)


def chunks(server: SMTPServer) -> None:
    with introduced(server) as client:
        for line in "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>":
            ask(client, line)
        for chunk in b"BDAT 1\r\na", b"BDAT 1 LAST\r\nb":
            client.sendall(chunk)
            said(client)


def starttls(server: SMTPServer) -> None:
    with smtplib.SMTP(*server.addr, "client.example", TIMEOUT) as client:
        client.starttls(context=server.client_context())


def distrustful(server: SMTPServer) -> None:
    with pytest.raises(ssl.SSLError), connected(server) as client:
        said(client)
        ask(client, "EHLO client.example")
        ask(client, "STARTTLS")
        ssl.create_default_context().wrap_socket(client, server_hostname="localhost")


def test_content_counts_once_for_all_recipients_of_lmtp() -> None:
    with pytest.raises(SMTPAssertionError) as failure, SMTPServer(protocol="lmtp") as server:
        server.on("message", where=lambda _: False).disconnect()
        with introduced(server) as client:
            for line in "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "RCPT TO:<e@f.example>":
                ask(client, line)
            ask(client, "DATA")
            ask(client, ".")
            said(client)
    assert str(failure.value).endswith("; 1 message came instead")


def test_what_came_is_shortened() -> None:
    with pytest.raises(SMTPAssertionError) as failure, SMTPServer() as server:
        server.on("*", where=lambda _: False).disconnect()
        with introduced(server) as client:
            ask(client, f"NOOP {'x' * 400}")
    assert "NOOP xxxxxxxx" in str(failure.value)
    assert max(map(len, str(failure.value).splitlines())) < 250


@pytest.mark.parametrize(
    ("stage", "visit", "came"),
    [
        ("*", nobody, "no client connected"),
        ("*", silent, "no command came"),
        ("*", noop, "2 commands came instead: EHLO client.example, NOOP"),
        ("connect", silent, "1 connection came instead"),
        ("noop", silent, "no NOOP command came"),
        ("noop", noop, "1 NOOP command came instead"),
        ("ehlo", noop, "1 EHLO command came instead: client.example"),
        ("message", noop, "no message came"),
        ("message", two_messages, "2 messages came instead"),
        ("message", chunks, "1 message came instead"),
        ("tls", noop, "no TLS handshake came"),
        ("tls", starttls, "1 TLS handshake came instead"),
        ("tls", distrustful, "1 TLS handshake came instead"),
    ],
)
def test_what_came_instead(stage: str, visit: Callable[[SMTPServer], None], came: str) -> None:
    with pytest.raises(SMTPAssertionError) as failure, SMTPServer(tls="starttls") as server:
        server.on(stage, where=lambda _: False).disconnect()
        visit(server)
    assert str(failure.value).splitlines()[0].endswith(f"; {came}")


def test_a_long_sentence_is_on_two_lines_and_keeps_the_place_of_the_rule() -> None:
    with pytest.raises(SMTPAssertionError) as failure, SMTPServer() as server:
        server.on("mail", mail_from=re.compile("a" * 90), helo="b" * 60, argument="c" * 60).reply(
            550
        )
        with introduced(server) as client:
            ask(client, f"MAIL FROM:<{'d' * 60}@x.test>")
    rule, came = str(failure.value).splitlines()
    assert rule.startswith("never used: the rule on('mail', mail_from=re.compile(")
    assert re.search(rf"{Path(__file__).name}:\d+;$", rule)
    assert came.startswith("1 MAIL command came instead: FROM:<ddd")
    assert len(rule) <= 200


def test_a_long_violation_is_shown_without_its_middle() -> None:
    server = SMTPServer(strict=True).start()
    with introduced(server) as client:
        ask(client, "NONSENSE " + "x" * 490)
        ask(client, "QUIT")
    server.stop()
    with pytest.raises(SMTPAssertionError) as failure:
        server.check()
    first, *_, last = str(failure.value).splitlines()
    assert first.startswith("unknown-command: ")
    assert last.startswith("  session 1: unknown-command: ")
    assert first.endswith("(RFC 5321 section 4.1.1)")
    assert {len(first), len(last)} <= {199, 200}


def test_clients_that_were_forgotten_are_not_denied() -> None:
    server = SMTPServer().start()
    server.on("rcpt", rcpt_to="bob@x.test").reply(550)
    send(server)
    server.clear()
    server.stop()
    with pytest.raises(SMTPAssertionError, match="no client connected since clear"):
        server.check()

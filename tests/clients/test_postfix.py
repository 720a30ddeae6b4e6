"""Postfix delivers to the server as to any other: its queue, its pipelining, its retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.postfix import MECHANISMS, missing_postfix, postfix

if TYPE_CHECKING:
    from pytest_smtpserver.settings.keywords import TLS, Protocol

TIMEOUT = 60
CONTENT = b"From: from@example.org\r\nSubject: hello\r\n\r\nworld\r\n"
USERNAME, SECRET = "ann@example.org", "p+ss/wrd=?'&%"

REASON = missing_postfix()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def violations(server: SMTPServer) -> list[str]:
    server.wait_closed(TIMEOUT)
    return [violation.code for session in server.sessions for violation in session.violations]


def asking_for(mechanism: str, *, tls: TLS, protocol: Protocol = "smtp") -> SMTPServer:
    return SMTPServer(
        protocol=protocol, tls=tls, auth="required", users={USERNAME: SECRET},
        mechanisms=[mechanism], strict=True,
    )  # fmt: skip


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_delivers_in_clear_and_pipelines(protocol: Protocol) -> None:
    with SMTPServer(protocol=protocol, strict=True) as server, postfix(server, CONTENT):
        message = server.wait_for_message(timeout=TIMEOUT)
        assert violations(server) == []
        (session,) = server.sessions
    assert message.content.endswith(b"\r\n\r\nworld\r\n")
    assert message.envelope.parameters == {"SIZE": message.envelope.parameters["SIZE"]}
    assert session.helo == "client.example.org"
    assert session.ended_by == "quit"
    # Everything but the content at once: the replies come together.
    assert [exchange.verb for exchange in session.exchanges] == [
        "",
        "LHLO" if protocol == "lmtp" else "EHLO",
        *("MAIL", "RCPT", "DATA", ".", "QUIT"),
    ]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("tls", ["starttls", "implicit", "off"])
def test_postfix_logs_in(tls: TLS, mechanism: str) -> None:
    with asking_for(mechanism, tls=tls) as server, postfix(server, CONTENT):
        message = server.wait_for_message(timeout=TIMEOUT, username=USERNAME)
        assert violations(server) == []
    (attempt,) = message.session.auth
    assert (attempt.mechanism, attempt.succeeded) == (mechanism, True)
    assert attempt.over_tls == (tls != "off")


def test_postfix_logs_in_over_lmtp() -> None:
    asks = asking_for("PLAIN", tls="starttls", protocol="lmtp")
    with asks as server, postfix(server, CONTENT):
        message = server.wait_for_message(timeout=TIMEOUT, username=USERNAME)
        assert violations(server) == []
    assert message.envelope.rcpt_to == ("to@example.org",)
    message.session.assert_authenticated(USERNAME, mechanism="PLAIN")
    message.session.assert_tls()


def test_postfix_is_deferred_and_tries_again() -> None:
    with SMTPServer(strict=True) as server:
        server.greylist()
        with postfix(server, CONTENT):
            server.wait_for_message(timeout=TIMEOUT)
            assert violations(server) == []
        first, second = server.transactions
    assert (first.outcome, second.outcome) == ("rejected", "accepted")
    # It sends DATA together with RCPT, before it can know that no recipient was accepted.
    assert [exchange.verb for exchange in first.session.exchanges][2:5] == ["MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_sends_again_if_it_got_no_reply(protocol: Protocol) -> None:
    with SMTPServer(protocol=protocol, strict=True) as server:
        server.on("message").times(1).accept(reply=False)
        # It sends QUIT together with the dot, then waits: by default for ten minutes.
        with postfix(server, CONTENT, parameters={f"{protocol}_data_done_timeout": "1s"}):
            first, second = server.wait_for_messages(2, timeout=TIMEOUT)
            assert violations(server) == []
    assert first["Message-Id"] == second["Message-Id"]
    assert first.session is not second.session
    assert first.session.ended_by == "client"
    assert second.session.ended_by == "quit"


def test_postfix_refuses_a_bad_certificate_and_delivers_nothing() -> None:
    with SMTPServer(tls="starttls", certificate="untrusted") as server, postfix(server, CONTENT):
        # It finishes the handshake, then looks at the certificate, and sends QUIT.
        session = server.wait_for_session(timeout=TIMEOUT)
        assert server.transactions == ()
    assert session.tls
    assert session.ended_by == "quit"


def test_postfix_names_60_recipients_in_one_transaction() -> None:
    recipients = tuple(f"to-{number}@example.org" for number in range(60))
    with SMTPServer(strict=True) as server:
        refused = server.refuse("550 5.1.1 no such user", rcpt_to=recipients[7])
        with postfix(server, CONTENT, sender="", recipients=recipients):
            message = server.wait_for_message(timeout=TIMEOUT)
            assert violations(server) == []
    assert set(message.envelope.rcpt_to) == {*recipients} - {recipients[7]}
    assert len(refused.hits) == 1
    assert len(message.session.transactions) == 1


def test_postfix_delivers_20_megabytes() -> None:
    lines = b"".join(b".%075d\r\n" % number for number in range(270_000))
    with SMTPServer(strict=True) as server, postfix(server, CONTENT + lines):
        message = server.wait_for_message(timeout=TIMEOUT)
        assert violations(server) == []
    assert len(lines) > 20_000_000
    assert message.content.endswith(lines)
    assert message.envelope.parameters["SIZE"] == str(len(message.content))


def test_postfix_asks_for_smtputf8() -> None:
    sender, recipient = "j\u00f6rg@example.org", "zo\u00eb@b\u00fccher.example"
    content = "Subject: Gr\u00fc\u00dfe\r\n\r\nan alle\r\n".encode()
    with (
        SMTPServer(strict=True) as server,
        postfix(server, content, sender=sender, recipients=(recipient,)),
    ):
        message = server.wait_for_message(timeout=TIMEOUT, subject="Gr\u00fc\u00dfe")
        assert violations(server) == []
    assert (message.envelope.mail_from, message.envelope.rcpt_to) == (sender, (recipient,))
    assert "SMTPUTF8" in message.envelope.parameters

"""LMTP (RFC 2033) with smtplib's client, and with one that reads all replies."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import Reply, SMTPServer
from tests.rawclient import codes, everything, introduced, until

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = b"Subject: hello\r\n\r\nworld\r\n"


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer(protocol="lmtp", strict=True) as server:
        yield server


def test_smtplib_delivers_to_one_recipient(server: SMTPServer) -> None:
    with smtplib.LMTP(server.host, server.port, "client.example") as client:
        client.sendmail("from@example.org", "to@example.org", CONTENT)
    message = server.wait_for_message()
    assert message.content == CONTENT
    assert message.session.helo == "client.example"
    assert message.session.exchanges[1].verb == "LHLO"


def test_smtplib_reads_one_reply_whatever_the_number_of_recipients(server: SMTPServer) -> None:
    with smtplib.LMTP(server.host, server.port, "client.example") as client:
        client.sendmail("from@example.org", ["one@example.org", "two@example.org"], CONTENT)
        assert server.wait_for_message().envelope.rcpt_to == ("one@example.org", "two@example.org")
        # The second one is left for whatever asks next.
        assert client.getreply() == (250, b"2.0.0 message accepted")


def test_smtplib_cannot_speak_smtp_to_it(server: SMTPServer) -> None:
    with smtplib.SMTP(server.host, server.port) as client:
        assert client.ehlo()[0] == 500
        assert client.helo()[0] == 500
    server.clear()  # of the violations


def deliver(server: SMTPServer, *recipients: str) -> list[int]:
    """Return the codes of the replies to the content."""
    with introduced(server) as client:
        rcpts = "".join(f"RCPT TO:<{recipient}>\r\n" for recipient in recipients)
        client.sendall(f"MAIL FROM:<from@example.org>\r\n{rcpts}DATA\r\n".encode())
        assert codes(until(client, b"\r\n354 ")) == [250] * (1 + len(recipients)) + [354]
        client.sendall(CONTENT + b".\r\nQUIT\r\n")
        *answers, last = codes(everything(client))
    assert last == 221
    return answers


def test_each_recipient_gets_a_reply(server: SMTPServer) -> None:
    assert deliver(server, "one@example.org", "two@example.org") == [250, 250]


def test_a_rule_refuses_the_message_for_one_recipient(server: SMTPServer) -> None:
    rule = server.on("message", rcpt_to="two@example.org").reply(452, "over quota")
    assert deliver(server, "one@example.org", "two@example.org", "three@example.org") == [
        250,
        452,
        250,
    ]
    (transaction,) = server.transactions
    assert transaction.outcome == "accepted"
    assert transaction.refused == (("two@example.org", Reply(452, "over quota")),)
    assert transaction.message is server.messages[0]
    assert [hit.reply for hit in rule.hits] == [Reply(452, "over quota")]


def test_a_rule_that_fits_all_is_asked_for_each_recipient(server: SMTPServer) -> None:
    server.on("message").times(1).reply(451, "later")
    assert deliver(server, "one@example.org", "two@example.org") == [451, 250]


def test_a_message_that_nobody_takes_is_rejected(server: SMTPServer) -> None:
    server.refuse("550 no", stage="message")
    assert deliver(server, "one@example.org", "two@example.org") == [550, 550]
    assert server.messages == ()
    assert server.transactions[0].outcome == "rejected"


def test_the_message_is_there_when_the_first_recipient_has_its_reply(server: SMTPServer) -> None:
    rule = server.on("message", rcpt_to="two@example.org").hold()
    with smtplib.LMTP(server.host, server.port, "client.example") as client:
        client.sendmail("from@example.org", ["one@example.org", "two@example.org"], CONTENT)
        assert len(server.messages) == 1
        rule.wait_held()
        rule.release()
        assert client.getreply() == (250, b"2.0.0 message accepted")

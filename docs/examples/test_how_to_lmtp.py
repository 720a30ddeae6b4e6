"""The examples of how-to/lmtp.md."""

import smtplib

import pytest

from pytest_smtpserver import Reply

CONTENT = "Subject: hello\r\n\r\nworld\r\n"


@pytest.mark.smtpserver(protocol="lmtp")
def test_delivery(smtpserver):
    with smtplib.LMTP(smtpserver.host, smtpserver.port) as client:
        client.sendmail("shop@example.com", "ann@example.org", CONTENT)
    assert smtpserver.wait_for_message().envelope.rcpt_to == ("ann@example.org",)


@pytest.mark.smtpserver(protocol="lmtp")
def test_one_mailbox_is_full(smtpserver):
    smtpserver.on("message", rcpt_to="bob@example.org").reply("452 4.2.2 mailbox full")
    with smtplib.LMTP(smtpserver.host, smtpserver.port) as client:
        client.sendmail("shop@example.com", ["ann@example.org", "bob@example.org"], CONTENT)
        # smtplib reads one reply after the content; the one for Bob is still to come.
        assert client.getreply() == (452, b"4.2.2 mailbox full")
    (transaction,) = smtpserver.transactions
    assert transaction.outcome == "accepted"
    assert transaction.refused == (("bob@example.org", Reply.parse("452 4.2.2 mailbox full")),)

"""The examples of how-to/read-a-transcript.md."""

import smtplib

import pytest


@pytest.mark.smtpserver(
    tls="starttls", auth="required", users={"shop": "xyzzy"}, mechanisms=["PLAIN"]
)
def test_a_session(smtpserver):
    smtpserver.on("rcpt", rcpt_to="bob@example.org").delay(0.02).reply("550 5.1.1 no such user")
    with smtplib.SMTP(smtpserver.host, smtpserver.port, "shop.example") as client:
        client.starttls(context=smtpserver.client_context())
        client.login("shop", "xyzzy")
        mail = "From: shop@example.com\nTo: ann@example.org\nSubject: Welcome\n\nHello!\n"
        client.sendmail("shop@example.com", ["ann@example.org", "bob@example.org"], mail)


def test_what_was_said_is_data(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.sendmail("shop@example.com", "ann@example.org", "Subject: Welcome\n\nHello!")

    session = smtpserver.wait_for_session()
    [rcpt] = [exchange for exchange in session.exchanges if exchange.verb == "RCPT"]
    assert rcpt.reply.code == 250
    assert "S: 250 2.1.5 recipient OK" in session.transcript

"""The example in reference/rules.md."""

import smtplib

import pytest


def test_an_unknown_recipient(smtpserver):
    rule = smtpserver.on("rcpt", rcpt_to="ann@example.org").reply("550 5.1.1 no such user")

    client = smtplib.SMTP(smtpserver.host, smtpserver.port)
    with client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail("shop@example.com", ["ann@example.org"], "")

    assert len(rule.hits) == 1

"""Refused mail is recorded too."""

import smtplib

import pytest


@pytest.mark.smtpserver(max_message_size=1000)
def test_a_message_that_is_too_big_is_refused(smtpserver):
    client = smtplib.SMTP(smtpserver.host, smtpserver.port)
    with client, pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail("shop@example.com", ["ann@example.org"], b"x" * 2000)

    transaction = smtpserver.wait_for_transaction(outcome="rejected")
    assert transaction.reply.code == 552
    smtpserver.assert_no_message()

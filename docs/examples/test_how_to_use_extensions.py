"""The examples of how-to/extensions.md."""

import smtplib

import pytest

CONTENT = "Subject: hello\r\n\r\nworld\r\n"


def test_a_notification_is_asked_for(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.sendmail(
            "shop@example.com",
            "ann@example.org",
            CONTENT,
            mail_options=["RET=HDRS"],
            rcpt_options=["NOTIFY=FAILURE,DELAY"],
        )
    envelope = smtpserver.wait_for_message().envelope
    assert envelope.parameters["RET"] == "HDRS"
    assert envelope.rcpt_parameters == ({"NOTIFY": "FAILURE,DELAY"},)


@pytest.mark.smtpserver(extensions=["-SMTPUTF8", "-8BITMIME"])
def test_a_server_of_long_ago(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.ehlo()
        assert not client.has_extn("smtputf8")
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.sendmail("shop@example.com", "zo\u00eb@example.org", CONTENT, ["SMTPUTF8"])


@pytest.mark.smtpserver(extensions=["SIZE"], max_message_size=10)
def test_a_small_mailbox(smtpserver):
    with (
        smtplib.SMTP(smtpserver.host, smtpserver.port) as client,
        pytest.raises(smtplib.SMTPSenderRefused),
    ):
        client.sendmail("shop@example.com", "ann@example.org", CONTENT)
    assert smtpserver.wait_for_transaction().outcome == "rejected"

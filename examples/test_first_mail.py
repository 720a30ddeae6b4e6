"""Run me: `python -m pytest examples`. I need nothing but pytest-smtpserver."""

import smtplib


def test_a_new_customer_is_welcomed(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:  # what your code does
        mail = "From: shop@example.com\r\nTo: ann@example.org\r\nSubject: Welcome\r\n\r\nHello Ann!"
        client.sendmail("shop@example.com", ["ann@example.org"], mail)

    message = smtpserver.wait_for_message(subject="Welcome", rcpt_to="ann@example.org")
    assert message.text == "Hello Ann!\n"
    assert message.blind_recipients == ()

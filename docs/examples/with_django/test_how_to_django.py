"""The examples of how-to/django.md."""

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail


def test_a_welcome(smtpserver_django):
    send_mail("Welcome", "Hello!", "shop@example.com", ["ann@example.org"])

    message = smtpserver_django.wait_for_message(to="ann@example.org")
    message.assert_matches(subject="Welcome", text="Hello!")


def test_a_blind_copy(smtpserver_django):
    mail = EmailMultiAlternatives("Invoice", "Hello!", to=["ann@example.org"])
    mail.bcc = ["accounting@example.com"]
    mail.attach_alternative("<p>Hello!</p>", "text/html")
    mail.send()

    message = smtpserver_django.wait_for_message()
    assert message.blind_recipients == ("accounting@example.com",)
    message.assert_body("<p>Hello!</p>", part="html")


@pytest.mark.smtpserver(tls="starttls", auth="required", users={"shop": "open sesame"})
def test_as_in_production(smtpserver_django):
    send_mail("Welcome", "Hello!", "shop@example.com", ["ann@example.org"])

    session = smtpserver_django.wait_for_session()
    session.assert_tls()
    session.assert_authenticated("shop")


def test_a_refused_recipient(smtpserver_django):
    smtpserver_django.refuse("550 5.1.1 no such user", rcpt_to="nobody@example.org")

    with pytest.raises(OSError, match="no such user"):
        send_mail("Welcome", "Hello!", "shop@example.com", ["nobody@example.org"])

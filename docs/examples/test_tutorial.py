"""The tests of tutorial/first-test.md."""

import pytest
import shop


@pytest.fixture
def mail_settings(smtpserver, monkeypatch):
    for name, value in smtpserver.env().items():
        monkeypatch.setenv(name, value)


def test_a_customer_is_welcomed(smtpserver, mail_settings):
    shop.send_welcome("ann@example.org")

    message = smtpserver.wait_for_message(subject="Welcome")

    assert message.envelope.mail_from == "shop@example.com"
    assert message.envelope.rcpt_to == ("ann@example.org",)
    assert "Hello!" in message.text
    assert message.links[0].url == "https://shop.example.com/confirm/4711"


def test_a_customer_is_welcomed_once(smtpserver, mail_settings):
    shop.send_welcome("ann@example.org")

    smtpserver.wait_for_message(settle=0.1)


def test_nobody_else_is_welcomed(smtpserver, mail_settings):
    shop.send_welcome("ann@example.org")

    smtpserver.wait_for_message(rcpt_to="ann@example.org")
    smtpserver.assert_no_message(rcpt_to="bob@example.org")


def test_the_application_says_goodbye_to_the_server(smtpserver, mail_settings):
    shop.send_welcome("ann@example.org")

    session = smtpserver.wait_for_session()
    assert session.ended_by == "quit"
    assert [exchange.verb for exchange in session.exchanges] == [
        "",
        "EHLO",
        "MAIL",
        "RCPT",
        "DATA",
        ".",
        "QUIT",
    ]

"""The examples of how-to/assert.md."""

import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
from dirty_equals import IsStr

from pytest_smtpserver import SMTPAssertionError


def welcome():
    mail = EmailMessage()
    mail["Date"], mail["Message-ID"] = "Thu, 1 Jan 2026 10:00:00 +0000", "<1@shop.example>"
    mail["From"], mail["To"] = "The Shop <shop@shop.example>", "Ann <ann@example.org>"
    mail["Subject"] = "Welcome to the shop"
    mail["List-Unsubscribe"] = "<https://shop.example/unsubscribe?id=7>"
    mail.set_content("Dear Ann,\nyour code is 123 456.\n\nhttps://shop.example/confirm?id=7\n")
    mail.add_alternative(
        "<p>Dear <b>Ann</b>, your code is <b>123&nbsp;456</b>.</p>"
        '<p><a href="https://shop.example/confirm?id=7">Confirm</a>'
        ' <a href="https://shop.example/help">Help</a></p>',
        subtype="html",
    )
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="terms-2026.pdf")
    return mail


@pytest.fixture
def message(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.send_message(
            welcome(),
            from_addr="bounces@shop.example",
            to_addrs=["ann@example.org", "audit@shop.example"],
        )
    return smtpserver.wait_for_message()


def test_several_things_at_once(message):
    message.assert_matches(
        from_="shop@shop.example",
        to=["ann@example.org"],
        cc=None,
        subject=re.compile("^Welcome"),
        header={"List-Unsubscribe": IsStr(), "Auto-Submitted": None},
        body="your code is",
        attachment="*.pdf",
        where=lambda message: len(message.content) < 10_000,
    )


def test_the_envelope(message):
    message.assert_envelope(
        mail_from="bounces@shop.example",
        rcpt_to=["audit@shop.example", "ann@example.org"],
        parameters={"SIZE": re.compile("^[0-9]+$")},
    )
    assert message.blind_recipients == ("audit@shop.example",)


def test_a_header_field(message):
    message.assert_header("List-Unsubscribe")
    message.assert_header("Subject", "Welcome to the shop")
    message.assert_header("Bcc", None)
    assert message["from"] == "The Shop <shop@shop.example>"


def test_the_body(message):
    message.assert_body("Dear Ann, your code is")
    message.assert_body("https://shop.example/confirm", part="text")
    message.assert_body("<b>Ann</b>", part="html")
    assert message.html_text.startswith("Dear Ann, your code is 123 456.")


def test_a_link(message):
    assert message.link("/confirm") == "https://shop.example/confirm?id=7"
    assert message.link(text="Help") == "https://shop.example/help"
    assert message.link(pattern=r"\?id=\d+$") == "https://shop.example/confirm?id=7"


def test_a_one_time_code(message):
    assert message.code() == "123456"
    assert message.code(r"your code is ([\d ]+)") == "123 456"


def test_an_attachment(message):
    terms = message.attachment("terms-*.pdf", content_type="application/pdf")
    assert terms.content == b"%PDF"


def test_problems(message):
    message.assert_no_problems(ignore=["html-without-text"])


def test_the_session(message):
    message.session.assert_quit()
    message.session.assert_no_violations()


@pytest.mark.smtpserver(tls="starttls", auth="required", users={"shop": "secret"})
def test_an_encrypted_session(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.starttls(context=smtpserver.client_context())
        client.login("shop", "secret")
        client.send_message(welcome())
    session = smtpserver.wait_for_session()
    session.assert_tls(minimum="TLSv1.3")
    session.assert_authenticated("shop")


#: What fails, by the name of the file that has the text of its failure.
FAILURES = {
    "subject": lambda message: message.assert_matches(subject="Welcome to the Shop"),
    "recipients": lambda message: message.assert_envelope(
        rcpt_to=["ann@example.org", "boss@shop.example"]
    ),
    "link": lambda message: message.link("shop.example"),
    "attachment": lambda message: message.attachment("invoice-*.pdf"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_a_failure_says(message, name):
    with pytest.raises(SMTPAssertionError) as failure:
        FAILURES[name](message)
    shown = Path(__file__).with_name(f"failed_{name}.txt").read_text()
    assert f"{failure.value}\n" == shown

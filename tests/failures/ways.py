"""Ways in which a test of mail fails in practice: each sends what went wrong, and then asserts.

The text of each failure is in `texts/`, under the name of the function.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import SMTPServer

# Nothing comes after this, so there is no need to wait longer.
SOON = 0.01

# So that the texts stay as they are when the server learns another extension.
PLAIN = {"extensions": ["SIZE", "8BITMIME", "ENHANCEDSTATUSCODES"]}
USERS = {**PLAIN, "auth": "required", "users": {"ann": "secret"}, "mechanisms": ["PLAIN"]}

HEADER = (
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1@shop.example>\n"
    "From: Shop <shop@shop.example>\nTo: Ann <ann@example.org>\n"
)
WELCOME = f"{HEADER}Subject: Welcome to the shop\n\nDear Ann,\nyour code is 4711.\n"


def connect(server: SMTPServer) -> smtplib.SMTP:
    return smtplib.SMTP(server.host, server.port, "client.example", timeout=5)


def send(
    server: SMTPServer,
    content: str = WELCOME,
    *,
    mail_from: str = "shop@shop.example",
    rcpt_to: tuple[str, ...] = ("ann@example.org",),
) -> None:
    with connect(server) as client:
        client.sendmail(mail_from, rcpt_to, content.replace("\n", "\r\n").encode())


def send_refused(server: SMTPServer, **rest: Any) -> None:
    try:
        send(server, **rest)
    except smtplib.SMTPException:
        return
    raise RuntimeError("the server was told to refuse this")


def html(body: str) -> str:
    return f"{HEADER}Subject: Hi\nContent-Type: text/html; charset=utf-8\n\n{body}\n"


def attached(content_type: str, name: str) -> str:
    return (
        f"{HEADER}Subject: Invoice\nContent-Type: multipart/mixed; boundary=B\n\n"
        f"--B\n\nSee the attachment.\n--B\nContent-Type: {content_type}\n"
        f"Content-Disposition: attachment; filename={name}\n\ndata\n--B--\n"
    )


def application_never_connected(server: SMTPServer) -> None:
    server.wait_for_message(subject="Welcome to the shop", timeout=SOON)


def application_connected_but_sent_nothing(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
    server.wait_for_message(timeout=SOON)


def parameter_that_the_server_does_not_know(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<shop@shop.example> SMTPUTF8")
    server.wait_for_message(timeout=SOON)


def application_left_in_the_middle_of_the_content(server: SMTPServer) -> None:
    with socket.create_connection(server.addr) as client:
        for line in (b"EHLO client.example", b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@d.example>"):
            client.recv(4096)
            client.sendall(line + b"\r\n")
        client.recv(4096)
        client.sendall(b"DATA\r\n")
        client.recv(4096)
        client.sendall(b"Subject: Welc")
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def sent_after_the_wait(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.rcpt("ann@example.org")
        server.wait_for_message(timeout=SOON)


def recipient_refused(server: SMTPServer) -> None:
    server.refuse("550 5.1.1 no such user", rcpt_to="ann@example.org")
    send_refused(server)
    server.wait_for_message(rcpt_to="ann@example.org", timeout=SOON)


def one_recipient_of_two_refused(server: SMTPServer) -> None:
    server.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    send(server, rcpt_to=("ann@example.org", "bob@example.org"))
    server.wait_for_message(rcpt_to=["ann@example.org", "bob@example.org"], timeout=SOON)


def greylisted_and_never_tried_again(server: SMTPServer) -> None:
    server.greylist()
    send_refused(server)
    server.wait_for_message(timeout=SOON)


def content_refused(server: SMTPServer) -> None:
    server.refuse("554 5.6.0 looks like spam", subject="Welcome to the shop")
    send_refused(server)
    server.wait_for_message(timeout=SOON)


def message_too_big(server: SMTPServer) -> None:
    send_refused(server)
    server.wait_for_message(timeout=SOON)


def mail_to_nobody(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.docmd("DATA")
    server.wait_for_message(timeout=SOON)


def list_of_recipients_empty(server: SMTPServer) -> None:
    send_refused(server, rcpt_to=())
    server.wait_for_message(timeout=SOON)


def wrong_recipient(server: SMTPServer) -> None:
    send(server, rcpt_to=("anne@example.org",))
    server.wait_for_message(rcpt_to="ann@example.com", timeout=SOON)


def sent_to_the_header_instead_of_the_envelope(server: SMTPServer) -> None:
    send(server, rcpt_to=("test@shop.example",))
    server.wait_for_message(rcpt_to="ann@example.org", timeout=SOON)


def recipient_not_named_in_the_header(server: SMTPServer) -> None:
    send(server, rcpt_to=("ann@example.org", "bob@example.org"))
    server.wait_for_message(to="bob@example.org", timeout=SOON)


def blind_copy_missing(server: SMTPServer) -> None:
    send(server)
    (message,) = server.messages
    message.assert_envelope(rcpt_to=["ann@example.org", "audit@shop.example"])


def blind_copy_told_to_all(server: SMTPServer) -> None:
    send(server, f"Bcc: audit@shop.example\n{WELCOME}")
    server.wait_for_message().assert_no_problems()


def bounces_go_to_the_wrong_address(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().assert_envelope(mail_from="bounces@shop.example")


def sender_of_the_header_is_not_that_of_the_envelope(server: SMTPServer) -> None:
    send(server, mail_from="www-data@localhost")
    server.wait_for_message(mail_from="shop@shop.example", timeout=SOON)


def display_name_differs(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().assert_matches(from_='"The Shop" <shop@shop.example>')


def carbon_copy_missing(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().assert_matches(cc="bob@example.org")


def answers_go_to_the_wrong_address(server: SMTPServer) -> None:
    send(server, f"Reply-To: help@shop.example\n{WELCOME}")
    server.wait_for_message().assert_matches(reply_to="support@shop.example")


def subject_differs_by_a_letter(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message(subject="Welcome to the Shop", timeout=SOON)


def subject_encoded_twice(server: SMTPServer) -> None:
    twice = "=?utf-8?b?PT91dGYtOD9xP1dpbGxrb21tZW5faW1fR2VzY2g9QzM9QTRmdD89?="
    send(server, f"{HEADER}Subject: {twice}\n\nHi\n")
    server.wait_for_message(subject="Willkommen im Geschäft", timeout=SOON)


def subject_does_not_fit_a_pattern(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message(subject=re.compile(r"order \d+"), timeout=SOON)


def mail_sent_twice(server: SMTPServer) -> None:
    send(server)
    send(server)
    server.wait_for_message(subject="Welcome to the shop", timeout=SOON)


def one_of_three_not_sent(server: SMTPServer) -> None:
    for name in ("ann", "bob"):
        send(server, rcpt_to=(f"{name}@example.org",))
    server.wait_for_messages(3, timeout=SOON)


def mail_though_none_was_wanted(server: SMTPServer) -> None:
    send(server)
    server.assert_no_message(to="ann@example.org")


def nothing_sent_in_the_block(server: SMTPServer) -> None:
    send(server)
    with server.capture(1, timeout=SOON):
        pass


def message_of_an_earlier_test(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        server.reset()
        client.rcpt("ann@example.org")
        client.data(WELCOME)
        server.assert_no_message()


def body_only_in_html(server: SMTPServer) -> None:
    send(server, html("<p>Your code is <b>4711</b>"))
    server.wait_for_message().assert_body("Your code is 4711", part="text")


def body_only_in_plain_text(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().assert_body("your code is 4711", part="html")


def body_with_a_placeholder_left(server: SMTPServer) -> None:
    send(server, f"{HEADER}Subject: Hi\n\nDear {{{{ name }}}},\nwelcome to the shop.\n")
    server.wait_for_message().assert_body("Dear Ann, welcome to the shop.")


def body_without_a_near_passage(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message(body="Your parcel is on its way", timeout=SOON)


def html_without_plain_text(server: SMTPServer) -> None:
    send(server, html("<p>Hi"))
    server.wait_for_message().assert_no_problems()


def link_points_to_the_wrong_host(server: SMTPServer) -> None:
    send(server, html('<a href="http://localhost:8000/reset?t=1">Reset</a>'))
    server.wait_for_message().link("https://shop.example/reset")


def two_links_where_one_is_meant(server: SMTPServer) -> None:
    send(server, html('<a href="https://shop.example/reset?t=1">Reset</a> '
                      '<a href="https://shop.example/reset?t=2">Reset</a>'))  # fmt: skip
    server.wait_for_message().link("/reset")


def no_link_at_all(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().link(text="Reset")


def two_codes(server: SMTPServer) -> None:
    send(server, f"{HEADER}Subject: Hi\n\nYour code is 4711, or use the backup code 815815.\n")
    server.wait_for_message().code()


def code_missing(server: SMTPServer) -> None:
    send(server, f"{HEADER}Subject: Hi\n\nYour code is . Sent in 2026, order 123456.\n")
    server.wait_for_message().code()


def attachment_of_another_name(server: SMTPServer) -> None:
    send(server, attached("application/pdf", "Invoice.pdf"))
    server.wait_for_message().attachment("invoice-*.pdf")


def attachment_of_another_type(server: SMTPServer) -> None:
    send(server, attached("application/octet-stream", "invoice.pdf"))
    server.wait_for_message().attachment("*.pdf", content_type="application/pdf")


def attachment_missing(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message(attachment="*.pdf", timeout=SOON)


def header_field_missing(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().assert_header("List-Unsubscribe")


def header_field_differs(server: SMTPServer) -> None:
    send(server, f"Auto-Submitted: no\n{WELCOME}")
    server.wait_for_message().assert_header("Auto-Submitted", "auto-generated")


def date_and_message_id_missing(server: SMTPServer) -> None:
    send(server, "From: shop@shop.example\nSubject: Hi\n\nHi\n")
    server.wait_for_message().assert_no_problems()


def eight_bit_content_not_declared(server: SMTPServer) -> None:
    send(server, f"{HEADER}Content-Type: text/plain; charset=utf-8\n\nGrüße\n")
    server.wait_for_message().assert_no_problems()


def parameter_of_mail_missing(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().assert_envelope(parameters={"BODY": "8BITMIME"})


def attempt_that_was_to_fail_was_accepted(server: SMTPServer) -> None:
    send(server)
    server.wait_for_transaction(outcome="rejected", timeout=SOON)


def client_did_not_quit(server: SMTPServer) -> None:
    client = connect(server)
    client.sendmail("shop@shop.example", ["ann@example.org"], WELCOME)
    client.close()
    server.wait_closed()
    server.sessions[0].assert_quit()


def session_did_not_end_as_expected(server: SMTPServer) -> None:
    connect(server).close()
    server.wait_closed()
    server.wait_for_session(ended_by="quit", timeout=SOON)


def client_still_connected(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        server.wait_closed(timeout=SOON)


def session_in_clear(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().session.assert_tls()


def session_not_authenticated(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().session.assert_authenticated("ann")


def client_violated_the_protocol(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.docmd("DATA")
    server.wait_for_session().assert_no_violations()


def password_refused(server: SMTPServer) -> None:
    with connect(server) as client, suppress(smtplib.SMTPAuthenticationError):
        client.login("ann", "wrong")
    server.wait_for_message(timeout=SOON)


def password_refused_in_a_session(server: SMTPServer) -> None:
    with connect(server) as client, suppress(smtplib.SMTPAuthenticationError):
        client.login("ann", "wrong")
    server.wait_for_session().assert_authenticated("ann")


def authentication_forgotten(server: SMTPServer) -> None:
    send_refused(server)
    server.wait_for_message(timeout=SOON)


def certificate_not_trusted(server: SMTPServer) -> None:
    with connect(server) as client:
        try:
            client.starttls(context=ssl.create_default_context())
        except ssl.SSLError:
            client.close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def tls_forgotten(server: SMTPServer) -> None:
    send_refused(server)
    server.wait_for_message(timeout=SOON)


def no_client_held(server: SMTPServer) -> None:
    server.on("mail").hold().wait_held(timeout=SOON)


def wait_that_blocks_the_loop(server: SMTPServer) -> None:
    async def wait() -> None:
        server.wait_for_message(timeout=SOON)

    asyncio.run(wait())


def django_keeps_mail_in_memory(server: SMTPServer) -> None:
    mail = ModuleType("django.core.mail")
    mail.outbox = ["a message"]  # type: ignore[attr-defined]
    with patch.dict(sys.modules, {"django.core.mail": mail}):
        server.wait_for_message(timeout=SOON)


@dataclass(frozen=True)
class Way:
    """A way to fail, and what of its first line names the cause."""

    fail: Callable[[SMTPServer], None]
    cause: str
    settings: dict[str, Any] = field(default_factory=lambda: dict(PLAIN))

    @property
    def name(self) -> str:
        return self.fail.__name__


WAYS = (
    Way(application_never_connected, "no client connected to"),
    Way(application_connected_but_sent_nothing, "the client left after EHLO, without sending a"),
    Way(parameter_that_the_server_does_not_know, "MAIL 'shop@shop.example' was refused: 555 5.5.4"),
    Way(
        application_left_in_the_middle_of_the_content,
        "the client left after 13 octets of content, before",
    ),
    Way(sent_after_the_wait, "a message is still being sent: 1 recipient so"),
    Way(recipient_refused, "RCPT 'ann@example.org' was refused: 550 5.1.1 no"),
    Way(one_recipient_of_two_refused, "rcpt_to lacks 'bob@example.org' (refused with 550"),
    Way(greylisted_and_never_tried_again, "RCPT 'ann@example.org' was refused: 451 4.7.1"),
    Way(content_refused, "the content was refused: 554 5.6.0 looks like"),
    Way(
        message_too_big,
        "too big: 190 octets, max_message_size is 100",
        {**PLAIN, "max_message_size": 100},
    ),
    Way(mail_to_nobody, "DATA was refused: 503 5.5.1 bad sequence of"),
    Way(list_of_recipients_empty, "the client gave up (RSET) after MAIL, without any"),
    Way(wrong_recipient, "rcpt_to is 'anne@example.org', not"),
    Way(sent_to_the_header_instead_of_the_envelope, "rcpt_to is 'test@shop.example', not"),
    Way(recipient_not_named_in_the_header, "to is 'ann@example.org', not 'bob@example.org'"),
    Way(blind_copy_missing, "rcpt_to lacks 'audit@shop.example'"),
    Way(blind_copy_told_to_all, "bcc-header: the header tells every recipient of"),
    Way(bounces_go_to_the_wrong_address, "mail_from is 'shop@shop.example', not"),
    Way(sender_of_the_header_is_not_that_of_the_envelope, "mail_from is 'www-data@localhost', not"),
    Way(display_name_differs, "from_ is 'Shop <shop@shop.example>', not '\"The"),
    Way(carbon_copy_missing, "there is no Cc field (expected"),
    Way(answers_go_to_the_wrong_address, "reply_to is 'help@shop.example', not"),
    Way(subject_differs_by_a_letter, "subject is 'Welcome to the shop', not 'Welcome to"),
    Way(subject_encoded_twice, "subject is '=?utf-8?q?Willkommen_im_Gesch=C3'...,"),
    Way(subject_does_not_fit_a_pattern, "subject is 'Welcome to the shop', and"),
    Way(mail_sent_twice, "2 messages, not 1: all the same"),
    Way(one_of_three_not_sent, "only 2 of 3 messages came"),
    Way(mail_though_none_was_wanted, "1 message, not none: subject='Welcome to the"),
    Way(nothing_sent_in_the_block, "1 message came before the block was entered, not"),
    Way(message_of_an_earlier_test, "1 message, not none: subject='Welcome to the"),
    Way(body_only_in_html, "there is no plain-text body (expected text='Your"),
    Way(body_only_in_plain_text, "there is no HTML body (expected html='your code"),
    Way(body_with_a_placeholder_left, "body has 'Dear {{ name }}, welcome to the'...,"),
    Way(body_without_a_near_passage, "body does not contain 'Your parcel is on its way'"),
    Way(html_without_plain_text, "html-without-text: there is an HTML body, but"),
    Way(link_points_to_the_wrong_host, "the only link is 'http://localhost:8000/reset?t=1'"),
    Way(two_links_where_one_is_meant, "2 links containing '/reset', not 1:"),
    Way(no_link_at_all, "there is no link (expected one with text 'Reset')"),
    Way(two_codes, "2 one-time codes, not one: '815815', '4711'"),
    Way(code_missing, "no one-time code: '2026': it is a year or a date"),
    Way(attachment_of_another_name, "the only attachment is 'Invoice.pdf': its name"),
    Way(attachment_of_another_type, "the only attachment is 'invoice.pdf': it is of"),
    Way(attachment_missing, "there is no attachment (expected"),
    Way(header_field_missing, "there is no List-Unsubscribe field (expected"),
    Way(header_field_differs, "header['Auto-Submitted'] is 'no', not"),
    Way(date_and_message_id_missing, "missing-date: there is no Date field (RFC 5322"),
    Way(eight_bit_content_not_declared, "undeclared-8bit: MAIL had no BODY=8BITMIME, but"),
    Way(parameter_of_mail_missing, "parameters['BODY'] is absent, not '8BITMIME'"),
    Way(attempt_that_was_to_fail_was_accepted, "outcome is 'accepted', not 'rejected' (1"),
    Way(client_did_not_quit, "the client closed the connection without QUIT"),
    Way(session_did_not_end_as_expected, "ended_by is 'client', not 'quit' (1 session in"),
    Way(client_still_connected, "1 client is still connected"),
    Way(session_in_clear, "no STARTTLS: the session stayed in clear"),
    Way(session_not_authenticated, "the client did not log in: there was no AUTH"),
    Way(client_violated_the_protocol, "out-of-order: the command may not come here: DATA"),
    Way(password_refused, "AUTH PLAIN as 'ann': wrong password", USERS),
    Way(password_refused_in_a_session, "AUTH PLAIN as 'ann' was refused: 535 5.7.8", USERS),
    Way(authentication_forgotten, "MAIL came without AUTH, and auth='required': 530", USERS),
    Way(
        certificate_not_trusted,
        "TLS: the client does not trust the test's CA",
        {**PLAIN, "tls": "starttls"},
    ),
    Way(
        tls_forgotten,
        "MAIL came before STARTTLS, and tls_required is",
        {**PLAIN, "tls": "starttls", "tls_required": True},
    ),
    Way(no_client_held, "no client connected to"),
    Way(wait_that_blocks_the_loop, "this wait blocked the running asyncio loop, and"),
    Way(django_keeps_mail_in_memory, "Django kept 1 message in memory"),
)

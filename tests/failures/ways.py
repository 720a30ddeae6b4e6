"""Ways in which a test of mail fails in practice: each makes one mistake, and then asserts.

The text of each failure is in `texts/`, under the name of the function.
"""

from __future__ import annotations

import asyncio
import base64
import re
import smtplib
import ssl
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, ClassVar
from unittest.mock import patch

from pytest_smtpserver import SMTPServer
from tests.rawclient import connected, reset

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from pytest_smtpserver import Command, Message, ServerSettings

# Nothing comes after this, so there is no need to wait longer.
SOON = 0.01

# Fixed, so that the texts stay the same when the server gets another extension.
PLAIN: ServerSettings = {"extensions": ["SIZE", "8BITMIME", "ENHANCEDSTATUSCODES"]}
USERS: ServerSettings = {
    **PLAIN,
    "auth": "required",
    "users": {"ann": "secret"},
    "mechanisms": ["PLAIN"],
}

STARTTLS: ServerSettings = {**PLAIN, "tls": "starttls"}
IMPLICIT: ServerSettings = {**PLAIN, "tls": "implicit"}
LMTP: ServerSettings = {**PLAIN, "protocol": "lmtp"}

# Clients that stay connected until the server has stopped.
KEPT: list[smtplib.SMTP | socket.socket] = []

HEADER = (
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1@shop.example>\n"
    "From: Shop <shop@shop.example>\nTo: Ann <ann@example.org>\n"
)
EHLO = b"EHLO client.example\r\n"
ENVELOPE = (b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n", b"DATA\r\n")
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


def send_refused(server: SMTPServer, *, rcpt_to: tuple[str, ...] = ("ann@example.org",)) -> None:
    try:
        send(server, rcpt_to=rcpt_to)
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


def cleared_too_late(server: SMTPServer) -> None:
    send(server)
    server.wait_closed()
    server.clear()
    server.wait_for_message(subject="Welcome to the shop", timeout=SOON)


def cleared_while_the_client_stays(server: SMTPServer) -> None:
    client = connect(server)
    KEPT.append(client)
    client.sendmail("shop@shop.example", "ann@example.org", WELCOME)
    server.reset()
    server.wait_for_message(subject="Welcome to the shop", timeout=SOON)


def send_in_vain(server: SMTPServer) -> None:
    with suppress(smtplib.SMTPException):
        send(server)
    server.wait_for_message(timeout=SOON)


def server_closed_after_the_content(server: SMTPServer) -> None:
    server.on("message").disconnect()
    send_in_vain(server)


def server_closed_at_data(server: SMTPServer) -> None:
    server.on("data").disconnect()
    send_in_vain(server)


def server_closed_at_ehlo(server: SMTPServer) -> None:
    server.on("ehlo").disconnect()
    send_in_vain(server)


def server_closed_before_the_greeting(server: SMTPServer) -> None:
    server.on("connect").disconnect()
    send_in_vain(server)


def client_fell_silent_after_ehlo(server: SMTPServer) -> None:
    # The EHLO is there before the server begins to count how long the client is silent.
    rule = server.on("connect").hold()
    client = connected(server)
    KEPT.append(client)
    client.sendall(b"EHLO client.example\r\n")
    rule.wait_held(timeout=20)
    rule.release()
    server.wait_for_session(timeout=20)
    server.wait_for_message(timeout=SOON)


def client_left_after_helo(server: SMTPServer) -> None:
    with connect(server) as client:
        client.helo()
    server.wait_for_message(timeout=SOON)


def other_mail_while_one_is_still_being_sent(server: SMTPServer) -> None:
    client = connect(server)
    KEPT.append(client)
    client.ehlo()
    client.mail("shop@shop.example")
    send(server)
    server.assert_no_message(subject="Good bye")


def pipelined_after_a_message_without_content(server: SMTPServer) -> None:
    with connected(server) as client:
        client.sendall(
            EHLO + ENVELOPE[0] + ENVELOPE[1] + b"BDAT 5 LAST\r\n\r\na\r\n"
            b"MAIL FROM:<second@b.example>\r\nRCPT TO:<c@d.example>\r\nQUIT\r\n"
        )
        while client.recv(4096):
            pass
    server.wait_for_message(mail_from="second@b.example", timeout=SOON)


def data_after_rset(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.rcpt("ann@example.org")
        client.rset()
        client.docmd("DATA")
    server.wait_for_message(timeout=SOON)


def mail_of_a_lasting_client_went_to_another_server(server: SMTPServer) -> None:
    with SMTPServer(**PLAIN) as other, connect(other) as client:
        client.ehlo()
        other.clear()
        client.sendmail("shop@shop.example", ["ann@example.org"], b"Subject: hi\r\n\r\nHi\r\n")
        server.wait_for_message(timeout=SOON)


def wait_while_it_blocks(
    server: SMTPServer, rule: Callable[[Callable[[Command], None]], object]
) -> None:
    called, may_return = threading.Event(), threading.Event()

    def block(_: Command) -> None:
        called.set()
        may_return.wait()

    rule(block)
    client = connect(server)
    KEPT.append(client)
    client.ehlo()
    client.putcmd("MAIL", "FROM:<shop@shop.example>")
    called.wait()
    try:
        server.wait_for_message(timeout=SOON)
    finally:
        may_return.set()


def criterion_that_does_not_return(server: SMTPServer) -> None:
    wait_while_it_blocks(server, lambda block: server.on("mail", where=block).reply(550))


def refused_before_another_was_refused_in_the_same_words(server: SMTPServer) -> None:
    server.on("rcpt", rcpt_to="bob@b.example").reply("450 4.2.1 busy")
    server.on("rcpt", rcpt_to="eve@b.example").times(1).reply("450 4.2.1 busy")
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.rcpt("bob@b.example")
        client.rset()
        client.mail("shop@shop.example")
        client.rcpt("eve@b.example")
        client.rcpt("eve@b.example")
        client.data(WELCOME.replace("\n", "\r\n").encode())
    server.wait_for_message(rcpt_to="bob@b.example", timeout=SOON)


def acting_for_another_user(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        # "admin", NUL, "ann", NUL, "secret"
        client.docmd("AUTH", "PLAIN YWRtaW4AYW5uAHNlY3JldA==")
    server.wait_for_message(timeout=SOON)


def callable_that_does_not_return(server: SMTPServer) -> None:
    wait_while_it_blocks(server, lambda block: server.on("mail").reply(block))


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
    with raw(server, EHLO, *ENVELOPE) as client:
        client.sendall(b"Subject: Welc")
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def connection_reset_in_the_content_after_rset(server: SMTPServer) -> None:
    client = raw(server, EHLO, b"RSET\r\n", *ENVELOPE)
    client.sendall(b"Subject: Welc")
    reset(client)
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def transaction_cleared_by_ehlo(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.rcpt("ann@example.org")
        client.ehlo()
    server.wait_for_message(timeout=SOON)


def stopped_after_another_message(server: SMTPServer) -> None:
    send(server)
    server.stop()
    server.wait_for_message(subject="Your invoice", timeout=SOON)


def another_subject_after_a_login_that_was_tried_again(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        with suppress(smtplib.SMTPAuthenticationError):
            client.login("ann", "wrong")
    with connect(server) as client:
        client.login("ann", "secret")
        client.sendmail("shop@shop.example", "ann@example.org", WELCOME)
    server.wait_for_message(subject="Your invoice", timeout=SOON)


def given_up_by_rset_after_a_delayed_mail(server: SMTPServer) -> None:
    server.on("mail").delay(0.01)
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.rcpt("ann@example.org")
        client.rset()
    server.wait_for_message(timeout=SOON)


def another_message_came_and_this_one_is_held(server: SMTPServer) -> None:
    send(server)
    rule = server.on("message").hold()
    with raw(server, EHLO, *ENVELOPE) as client:
        client.sendall(b"Subject: Your invoice\r\n\r\n.\r\n")
        rule.wait_held(timeout=5)
        server.wait_for_message(subject="Your invoice", timeout=SOON)


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


def recipients_refused_for_two_reasons(server: SMTPServer) -> None:
    server.refuse("550 5.1.1 no such user", rcpt_to="ann@example.org")
    server.refuse("450 4.2.1 mailbox busy", rcpt_to="bob@example.org")
    send_refused(server, rcpt_to=("ann@example.org", "bob@example.org"))
    server.wait_for_message(timeout=SOON)


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


def second_message_too_big(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        for size in 120, 140:
            client.mail("shop@shop.example")
            client.rcpt("ann@example.org")
            client.data("x" * size)
    server.wait_for_message(timeout=SOON)


def first_of_two_messages_that_are_too_big(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        for name, size in (("ann", 120), ("bob", 140)):
            client.mail("shop@shop.example")
            client.rcpt(f"{name}@example.org")
            client.data("x" * size)
    server.wait_for_message(rcpt_to="ann@example.org", timeout=SOON)


def too_big_and_accepted_by_a_rule(server: SMTPServer) -> None:
    server.on("message").reply(250, "fine")
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        client.rcpt("ann@example.org")
        client.data("x" * 120)
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


def one_message_of_two_is_of_an_earlier_test(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.mail("shop@shop.example")
        server.reset()
        client.rcpt("ann@example.org")
        client.data(WELCOME)
        client.sendmail("shop@shop.example", "ann@example.org", WELCOME)
        server.wait_for_message(timeout=SOON)


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
    vars(mail)["outbox"] = ["a message"]
    with patch.dict(sys.modules, {"django.core.mail": mail}):
        server.wait_for_message(timeout=SOON)


def raw(server: SMTPServer, *lines: bytes, greeting: bool = True) -> socket.socket:
    """Return a connection on which these lines were sent, each after the reply to the last."""
    client = connected(server)
    KEPT.append(client)
    if greeting:
        client.recv(4096)
    for line in lines:
        client.sendall(line)
        client.recv(4096)
    return client


def in_content(server: SMTPServer, content: bytes) -> socket.socket:
    """Return a connection on which the client is in the middle of this content."""
    client = raw(
        server,
        b"EHLO client.example\r\n",
        b"MAIL FROM:<shop@shop.example>\r\n",
        b"RCPT TO:<ann@example.org>\r\n",
        b"DATA\r\n",
    )
    client.sendall(content)
    # A second client gets a reply, so the server has read the content.
    while not server.transactions or not server.transactions[-1]._arriving:
        time.sleep(0.001)
    while server.transactions[-1]._arriving() == b"":
        time.sleep(0.001)
    return client


def server_stopped(server: SMTPServer) -> None:
    server.stop()
    server.wait_for_message(timeout=SOON)


def server_never_started(server: SMTPServer) -> None:
    SMTPServer().wait_for_message(timeout=SOON)


def mail_went_to_another_server(server: SMTPServer) -> None:
    with SMTPServer(**PLAIN), SMTPServer(**PLAIN) as other:
        send(other)
        server.wait_for_message(timeout=SOON)


def client_of_an_earlier_test_at_another_server(server: SMTPServer) -> None:
    with SMTPServer(**PLAIN) as other:
        client = connect(other)
        client.ehlo()
        KEPT.append(client)
        # As between two tests.
        other.reset()
        server.wait_for_message(timeout=SOON)


def mail_went_to_one_of_three_servers(server: SMTPServer) -> None:
    with SMTPServer(**PLAIN), SMTPServer(**PLAIN) as other, SMTPServer(**PLAIN):
        send(other)
        server.wait_for_message(timeout=SOON)


def connected_and_silent(server: SMTPServer) -> None:
    with connected(server) as client:
        client.recv(4096)
        server.wait_for_message(timeout=SOON)


def plain_client_waits_at_a_tls_port(server: SMTPServer) -> None:
    with connected(server):
        for _ in range(3000):  # the server greets nobody here
            if server.sessions:
                break
            time.sleep(0.01)
        server.wait_for_message(timeout=SOON)


def plain_client_speaks_at_a_tls_port(server: SMTPServer) -> None:
    with connected(server) as client:
        client.sendall(b"EHLO client.example\r\n")
        # Not `wait_closed`: the server may not have accepted the client yet.
        server.wait_for_session(timeout=30)
    server.wait_for_message(timeout=SOON)


def tls_client_at_a_plain_port(server: SMTPServer) -> None:
    with suppress(OSError):
        smtplib.SMTP_SSL(server.host, server.port, timeout=20)
    server.wait_for_session(timeout=30)
    server.wait_for_message(timeout=SOON)


def smtp_client_at_lmtp(server: SMTPServer) -> None:
    with suppress(smtplib.SMTPException), connect(server) as client:
        client.sendmail("shop@shop.example", "ann@example.org", WELCOME)
    server.wait_for_message(timeout=SOON)


def lmtp_client_at_smtp(server: SMTPServer) -> None:
    raw(server, b"LHLO client.example\r\n").close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def handshake(server: SMTPServer, context: ssl.SSLContext) -> None:
    with connect(server) as client:
        try:
            client.starttls(context=context)
        except ssl.SSLError:
            client.close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def client_shows_no_certificate(server: SMTPServer) -> None:
    handshake(server, server.client_context())


def certificate_expired(server: SMTPServer) -> None:
    handshake(server, server.client_context())


def certificate_of_another_host(server: SMTPServer) -> None:
    handshake(server, server.client_context())


def certificate_untrusted_by_the_setting(server: SMTPServer) -> None:
    handshake(server, server.client_context())


def client_knows_the_server_by_another_name(server: SMTPServer) -> None:
    with connect(server) as client:
        client._host = "mail.example"  # type: ignore[attr-defined]
        with suppress(ssl.SSLError):
            client.starttls(context=server.client_context())
        client.close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def client_trusts_the_server_the_second_time(server: SMTPServer) -> None:
    with connect(server) as client:
        with suppress(ssl.SSLError):
            client.starttls(context=ssl.create_default_context())
        client.close()
    with connect(server) as client:
        client.starttls(context=server.client_context())
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def no_version_of_tls_in_common(server: SMTPServer) -> None:
    context = server.client_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    handshake(server, context)


def login(server: SMTPServer, name: str, password: str) -> None:
    with connect(server) as client, suppress(smtplib.SMTPException):
        client.login(name, password)


def unknown_user(server: SMTPServer) -> None:
    login(server, "anne", "secret")
    server.wait_for_message(timeout=SOON)


def credentials_that_a_callable_refuses(server: SMTPServer) -> None:
    login(server, "ann", "secret")
    server.wait_for_message(timeout=SOON)


def mechanism_not_offered(server: SMTPServer) -> None:
    raw(server, b"EHLO client.example\r\n", b"AUTH LOGIN\r\n", b"QUIT\r\n").close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def auth_only_after_starttls(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
    server.wait_for_message(timeout=SOON)


def auth_before_starttls(server: SMTPServer) -> None:
    raw(server, b"EHLO client.example\r\n", b"AUTH PLAIN AGFubgBzZWNyZXQ=\r\n").close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def login_that_the_client_does_not_finish(server: SMTPServer) -> None:
    raw(server, b"EHLO client.example\r\n", b"AUTH PLAIN\r\n").close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def login_refused_by_a_challenge_before_silence(server: SMTPServer) -> None:
    answer = base64.b64encode(b"user=ann\1auth=Bearer wrong\1\1")
    raw(server, b"EHLO client.example\r\n", b"AUTH XOAUTH2 " + answer + b"\r\n")
    server.stop()
    server.wait_for_message(timeout=SOON)


def auth_refused_by_a_rule(server: SMTPServer) -> None:
    server.on("auth").reply("454 4.7.0 try again later")
    login(server, "ann", "secret")
    server.wait_for_message(timeout=SOON)


def sender_refused_by_a_rule(server: SMTPServer) -> None:
    server.refuse("550 5.7.1 not from here")
    send_refused(server)
    server.wait_for_message(timeout=SOON)


def greeting_refused(server: SMTPServer) -> None:
    server.on("connect").reply("554 5.3.2 no service here")
    with suppress(smtplib.SMTPException):
        connect(server)
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def hello_refused(server: SMTPServer) -> None:
    server.on("ehlo").reply("550 5.7.1 who are you")
    raw(server, b"EHLO client.example\r\n", b"QUIT\r\n").close()
    server.wait_for_message(timeout=SOON)


def too_many_recipients(server: SMTPServer) -> None:
    send(server, rcpt_to=("ann@example.org", "bob@example.org"))
    server.wait_for_messages(2, timeout=SOON)


def too_many_connections(server: SMTPServer) -> None:
    with connect(server):
        with suppress(smtplib.SMTPException):
            connect(server)
        server.wait_for_message(timeout=SOON)


def content_bigger_than_declared(server: SMTPServer) -> None:
    client = in_content(server, b"x" * 50)
    client.sendall(b"x" * 250 + b"\r\n.\r\n")
    client.recv(4096)
    client.close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def held_by_a_rule(server: SMTPServer) -> None:
    rule = server.on("mail").hold()
    client = connect(server)
    KEPT.append(client)
    client.ehlo()
    client.putcmd("mail", "FROM:<shop@shop.example>")
    rule.wait_held()
    server.wait_for_message(timeout=SOON)


def never_answered_by_a_rule(server: SMTPServer) -> None:
    server.on("mail").ignore()
    client = connect(server)
    KEPT.append(client)
    client.ehlo()
    client.putcmd("mail", "FROM:<shop@shop.example>")
    while "never answered" not in server.transcript:
        time.sleep(0.001)
    server.wait_for_message(timeout=SOON)


def delayed_by_a_rule(server: SMTPServer) -> None:
    server.on("message").delay(30)
    in_content(server, b"Subject: Hi\r\n")
    client = in_content(server, b"Subject: Hi\r\n")
    client.sendall(b"\r\n.\r\n")
    while "waiting for" not in server.transcript:
        time.sleep(0.001)
    server.wait_for_message(timeout=SOON)


def held_and_none_wanted(server: SMTPServer) -> None:
    rule = server.on("rcpt").hold()
    client = connect(server)
    KEPT.append(client)
    client.ehlo()
    client.mail("shop@shop.example")
    client.putcmd("rcpt", "TO:<ann@example.org>")
    rule.wait_held(timeout=20)
    server.assert_no_message()


def half_a_message_is_open(server: SMTPServer) -> None:
    in_content(server, b"Subject: Welcome\r\n\r\nDear Ann")
    server.wait_for_message(timeout=SOON)


def dot_after_a_bare_lf(server: SMTPServer) -> None:
    in_content(server, b"Subject: Welcome\n\nDear Ann\n.\n")
    server.wait_for_message(timeout=SOON)


def left_with_a_dot_after_a_bare_lf(server: SMTPServer) -> None:
    in_content(server, b"Subject: Welcome\r\n\r\nDear Ann\n.\r\n").close()
    server.wait_closed()
    server.wait_for_message(timeout=SOON)


def rule_refuses_another_message(server: SMTPServer) -> None:
    server.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    send(server)
    send_refused(server, rcpt_to=("bob@example.org",))
    server.wait_for_message(rcpt_to="bob@example.org", timeout=SOON)


def refused_content_is_the_expected_one(server: SMTPServer) -> None:
    server.refuse("554 5.6.0 looks like spam", subject="Welcome to the shop")
    send(server, f"{HEADER}Subject: Invoice\n\nHi\n")
    send_refused(server)
    server.wait_for_message(subject="Welcome to the shop", timeout=SOON)


def greylisted_then_delivered_with_another_subject(server: SMTPServer) -> None:
    server.greylist()
    send_refused(server)
    send(server)
    server.wait_for_message(subject="Invoice", timeout=SOON)


def flask_suppresses_mail(server: SMTPServer) -> None:
    flask = ModuleType("flask")

    class Flask:
        extensions: ClassVar = {"mail": SimpleNamespace(suppress=True)}

    vars(flask)["Flask"] = Flask
    app = Flask()
    # A test may leave proxies whose objects are gone.
    gone = weakref.proxy(Flask())
    with patch.dict(sys.modules, {"flask": flask}):
        server.wait_for_message(timeout=SOON)
    assert app
    assert type(gone) is weakref.ProxyType


def flask_mailman_keeps_mail_in_memory(server: SMTPServer) -> None:
    flask = ModuleType("flask")

    class Flask:
        def __init__(self, backend: str) -> None:
            self.extensions = {"mailman": SimpleNamespace(backend=backend)}

    flask.Flask = Flask  # type: ignore[attr-defined]
    apps = [Flask(backend) for backend in ("smtp", "locmem")]
    with patch.dict(sys.modules, {"flask": flask}):
        server.wait_for_message(timeout=SOON)
    assert apps


def waiting_beside_twisted_s_reactor(server: SMTPServer) -> None:
    reactor = SimpleNamespace(running=True)
    threadable = SimpleNamespace(isInIOThread=lambda: False)
    modules = {"twisted.internet.reactor": reactor, "twisted.python.threadable": threadable}
    with patch.dict(sys.modules, modules):
        server.wait_for_message(timeout=SOON)


def twisted_reactor_blocked(server: SMTPServer) -> None:
    reactor = SimpleNamespace(running=True)
    threadable = SimpleNamespace(isInIOThread=lambda: True)
    modules = {"twisted.internet.reactor": reactor, "twisted.python.threadable": threadable}
    with patch.dict(sys.modules, modules):
        server.wait_for_message(timeout=SOON)


def a_part_compared_with_the_whole(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message(subject="Welcome", timeout=SOON)


def charset_forgotten(server: SMTPServer) -> None:
    send(server, f"{HEADER}Subject: Hi\nContent-Type: text/plain; charset=latin-1\n\nGrüße\n")
    server.wait_for_message(text="Grüße", timeout=SOON)


def text_found_in_the_html(server: SMTPServer) -> None:
    part = "--B\nContent-Type: text/{}\n\n{}\n"
    send(
        server,
        f"{HEADER}Subject: Hi\nContent-Type: multipart/alternative; boundary=B\n\n"
        + part.format("plain", "See the HTML.")
        + part.format("html", "<p>Your code is 4711")
        + "--B--\n",
    )
    server.wait_for_message(text="Your code is 4711", timeout=SOON)


def subject_missing(server: SMTPServer) -> None:
    send(server, f"{HEADER}\nHi\n")
    server.wait_for_message(subject="Welcome", timeout=SOON)


def header_field_unwanted(server: SMTPServer) -> None:
    send(server, f"X-Debug: 1\n{WELCOME}")
    server.wait_for_message().assert_header("X-Debug", None)


def predicate_false(server: SMTPServer) -> None:
    def is_receipt(message: Message) -> bool:
        return "receipt" in message.subject

    send(server)
    server.wait_for_message(where=is_receipt, timeout=SOON)


def long_subject_differs_late(server: SMTPServer) -> None:
    words = "and so on " * 12
    send(server, f"{HEADER}Subject: {words}until the end\n\nHi\n")
    server.wait_for_message(subject=f"{words}until the very end", timeout=SOON)


def recipient_too_many(server: SMTPServer) -> None:
    send(server, rcpt_to=("ann@example.org", "audit@shop.example"))
    server.wait_for_message().assert_envelope(rcpt_to=["ann@example.org"])


def one_recipient_instead_of_another(server: SMTPServer) -> None:
    send(server, rcpt_to=("ann@example.org", "bob@example.org"))
    server.wait_for_message().assert_envelope(rcpt_to=["ann@example.org", "eve@example.org"])


def several_recipients_none_of_them(server: SMTPServer) -> None:
    send(server, rcpt_to=("ann@example.org", "bob@example.org"))
    server.wait_for_message(rcpt_to="eve@example.org", timeout=SOON)


def not_logged_in(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message(username="ann", timeout=SOON)


def two_different_messages(server: SMTPServer) -> None:
    send(server)
    send(server, f"{HEADER}Subject: Invoice\n\nHi\n")
    server.wait_for_message(timeout=SOON)


def surplus_within_settle(server: SMTPServer) -> None:
    for number in range(3):
        send(server, f"{HEADER}Subject: Mail {number}\n\nHi\n")
    server.wait_for_messages(2, settle=SOON)


def some_match_and_one_nearly(server: SMTPServer) -> None:
    send(server)
    send(server, f"{HEADER}Subject: Welcome to the shops\n\nHi\n")
    server.wait_for_messages(2, subject="Welcome to the shop", timeout=SOON)


def nothing_captured_at_all(server: SMTPServer) -> None:
    with server.capture(1, timeout=SOON):
        pass


def three_links_none_fits(server: SMTPServer) -> None:
    links = "".join(f'<a href="https://shop.example/{name}">{name}</a> ' for name in "abc")
    send(server, html(links))
    server.wait_for_message().link("/reset")


def link_by_its_text(server: SMTPServer) -> None:
    send(server, html('<a href="https://shop.example/reset">Reset it now</a>'))
    server.wait_for_message().link(text="Change it")


def attachment_name_in_capitals(server: SMTPServer) -> None:
    send(server, attached("application/pdf", "INVOICE.PDF"))
    server.wait_for_message().attachment("*.pdf")


def no_attachment_at_all(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().attachment("*.pdf")


def two_attachments(server: SMTPServer) -> None:
    part = "--B\nContent-Type: text/csv\nContent-Disposition: attachment; filename={}\n\n1\n"
    send(
        server,
        f"{HEADER}Subject: Hi\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\nHi\n"
        f"{part.format('a.csv')}{part.format('b.csv')}--B--\n",
    )
    server.wait_for_message().attachment("*.csv")


def pattern_of_a_code_not_found(server: SMTPServer) -> None:
    send(server)
    server.wait_for_message().code(r"[A-Z]{3}-\d{3}")


def session_still_open(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        server.wait_for_session(timeout=SOON)


def session_in_clear_was_expected_encrypted(server: SMTPServer) -> None:
    send(server)
    server.wait_for_session(tls=True, timeout=SOON)


def session_still_open_without_quit(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        server.sessions[0].assert_quit()


def version_of_tls_too_old(server: SMTPServer) -> None:
    context = server.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(server) as client:
        client.starttls(context=context)
    server.wait_for_session().assert_tls("TLSv1.3")


def starttls_refused(server: SMTPServer) -> None:
    server.on("starttls").reply("454 4.7.0 not now")
    raw(server, b"EHLO client.example\r\n", b"STARTTLS\r\n", b"QUIT\r\n").close()
    server.wait_for_session().assert_tls()


def another_user(server: SMTPServer) -> None:
    login(server, "ann", "secret")
    server.wait_for_session().assert_authenticated("bob")


def another_mechanism(server: SMTPServer) -> None:
    login(server, "ann", "secret")
    server.wait_for_session().assert_authenticated(mechanism="LOGIN")


def transaction_was_not_refused(server: SMTPServer) -> None:
    send(server)
    server.wait_for_transaction(outcome="aborted", timeout=SOON)


def second_message_given_up_before_the_first(server: SMTPServer) -> None:
    client = connect(server)
    client.ehlo()
    client.mail("shop@shop.example")
    client.rcpt("bob@example.org")
    client.close()
    server.wait_closed()
    send(server)
    server.wait_for_messages(2, timeout=SOON)


def plain_client_leaves_a_tls_port(server: SMTPServer) -> None:
    connected(server).close()
    server.wait_for_session(timeout=30)
    server.wait_for_message(timeout=SOON)


def no_transaction_at_all(server: SMTPServer) -> None:
    server.wait_for_transaction(timeout=SOON)


def rule_never_used(server: SMTPServer) -> None:
    server.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    send(server)
    server.stop()
    server.check()


def rule_without_a_step(server: SMTPServer) -> None:
    server.on("rcpt")
    server.check()


def violation_under_strict(server: SMTPServer) -> None:
    with connect(server) as client:
        client.ehlo()
        client.docmd("DATA")
    server.stop()
    server.check()


def held_too_few(server: SMTPServer) -> None:
    rule = server.on("rcpt", rcpt_to="bob@example.org").hold()
    send(server)
    rule.wait_held(timeout=SOON)


def client_connected_and_held(server: SMTPServer) -> None:
    rule = server.on("quit").hold()
    client = connect(server)
    KEPT.append(client)
    client.ehlo()
    client.putcmd("quit")
    rule.wait_held()
    server.wait_closed(timeout=SOON)


@dataclass(frozen=True)
class Way:
    """A way to fail, and what of its first line names the cause."""

    fail: Callable[[SMTPServer], None]
    cause: str
    settings: ServerSettings = field(default_factory=lambda: PLAIN)

    @property
    def name(self) -> str:
        return self.fail.__name__


WAYS = (
    Way(application_never_connected, "no client connected to"),
    Way(callable_that_does_not_return, "a callable of the test blocks the server's thread"),
    Way(
        server_closed_after_the_content,
        "the server closed the connection after the content",
    ),
    Way(
        pipelined_after_a_message_without_content,
        "mail_from is 'a@b.example', not 'second@b.example'",
        {**PLAIN, "extensions": ["PIPELINING", "CHUNKING"]},
    ),
    Way(data_after_rset, "the client gave up (RSET) before DATA"),
    Way(
        mail_of_a_lasting_client_went_to_another_server,
        "1 message went to the test's other server",
    ),
    Way(server_closed_at_data, "the server closed the connection after DATA"),
    Way(server_closed_at_ehlo, "the server closed the connection after EHLO"),
    Way(server_closed_before_the_greeting, "the server closed the connection before the gr"),
    Way(
        client_fell_silent_after_ehlo,
        "the client fell silent after EHLO",
        {**PLAIN, "idle_timeout": 0.05},
    ),
    Way(client_left_after_helo, "the client left after HELO, without sending"),
    Way(
        other_mail_while_one_is_still_being_sent,
        "a message is still being sent: 0 recipients so far",
        {**PLAIN, "wait_timeout": 0.01},
    ),
    Way(criterion_that_does_not_return, "a callable of the test blocks the server's thread"),
    Way(client_of_an_earlier_test_at_another_server, "no client connected to"),
    Way(
        refused_before_another_was_refused_in_the_same_words,
        "RCPT 'bob@b.example' was refused: 450 4.2.1 busy",
    ),
    Way(acting_for_another_user, "AUTH PLAIN as 'ann': 535 5.7.8 a user may not act", USERS),
    Way(cleared_too_late, "no client connected since clear() or the test's"),
    Way(cleared_while_the_client_stays, "no message was begun since clear() or the test's"),
    Way(application_connected_but_sent_nothing, "the client left after EHLO, without sending a"),
    Way(parameter_that_the_server_does_not_know, "MAIL 'shop@shop.example' was refused: 555 5.5.4"),
    Way(
        application_left_in_the_middle_of_the_content,
        "the client left after 13 octets of content, before",
    ),
    Way(connection_reset_in_the_content_after_rset, "the client reset the connection after 13"),
    Way(transaction_cleared_by_ehlo, "the client gave up (EHLO) before DATA"),
    Way(stopped_after_another_message, "subject is 'Welcome to the shop', not 'Your"),
    Way(
        another_subject_after_a_login_that_was_tried_again,
        "subject is 'Welcome to the shop', not 'Your",
        USERS,
    ),
    Way(given_up_by_rset_after_a_delayed_mail, "the client gave up (RSET) before DATA"),
    Way(another_message_came_and_this_one_is_held, "subject is 'Welcome to the shop', not 'Your"),
    Way(sent_after_the_wait, "a message is still being sent: 1 recipient so"),
    Way(recipient_refused, "RCPT 'ann@example.org' was refused: 550 5.1.1 no"),
    Way(recipients_refused_for_two_reasons, "RCPT 'bob@example.org' was refused: 450 4.2.1 mai"),
    Way(one_recipient_of_two_refused, "rcpt_to lacks 'bob@example.org' (refused with 550"),
    Way(greylisted_and_never_tried_again, "RCPT 'ann@example.org' was refused: 451 4.7.1"),
    Way(content_refused, "the content was refused: 554 5.6.0 looks like"),
    Way(
        message_too_big,
        "too big: 190 octets, max_message_size is 100",
        {**PLAIN, "max_message_size": 100},
    ),
    Way(
        second_message_too_big,
        "too big: 142 octets, max_message_size is 100",
        {**PLAIN, "max_message_size": 100},
    ),
    Way(
        first_of_two_messages_that_are_too_big,
        "too big: 122 octets, max_message_size is 100",
        {**PLAIN, "max_message_size": 100},
    ),
    Way(
        too_big_and_accepted_by_a_rule,
        "too big to be kept: 122 octets, max_message_size i",
        {**PLAIN, "max_message_size": 100},
    ),
    Way(mail_to_nobody, "DATA was refused: 503 5.5.1 bad sequence of"),
    Way(list_of_recipients_empty, "the client gave up (RSET) after MAIL, without any"),
    Way(wrong_recipient, "rcpt_to is 'anne@example.org', not"),
    Way(sent_to_the_header_instead_of_the_envelope, "rcpt_to is 'test@shop.example', not"),
    Way(recipient_not_named_in_the_header, "to is 'ann@example.org', not 'bob@example.org'"),
    Way(blind_copy_missing, "rcpt_to lacks 'audit@shop.example'"),
    Way(blind_copy_told_to_all, "bcc-header: Bcc, which every recipient can read, n"),
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
    Way(one_message_of_two_is_of_an_earlier_test, "2 messages, not 1"),
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
    Way(server_stopped, "the server is stopped"),
    Way(server_never_started, "the server was never started"),
    Way(mail_went_to_another_server, "1 message went to the test's other server"),
    Way(mail_went_to_one_of_three_servers, "1 message went to the test's other server"),
    Way(connected_and_silent, "a client connected, but said nothing"),
    Way(plain_client_waits_at_a_tls_port, "connected, but said nothing at a TLS port", IMPLICIT),
    Way(plain_client_speaks_at_a_tls_port, "the client spoke plain text at a TLS port", IMPLICIT),
    Way(tls_client_at_a_plain_port, "the client spoke TLS at a plain port"),
    Way(smtp_client_at_lmtp, "an SMTP client at an LMTP server", LMTP),
    Way(lmtp_client_at_smtp, "LHLO: an LMTP client at an SMTP server"),
    Way(
        client_shows_no_certificate,
        "TLS: the client showed no certificate, though",
        {**STARTTLS, "client_certificate": "required"},
    ),
    Way(
        certificate_expired,
        "TLS: the certificate has expired",
        {**STARTTLS, "certificate": "expired"},
    ),
    Way(client_knows_the_server_by_another_name, "TLS: ", STARTTLS),
    Way(client_trusts_the_server_the_second_time, "2 clients connected", STARTTLS),
    Way(
        certificate_of_another_host,
        "TLS: the certificate names another host",
        {**STARTTLS, "certificate": "wrong-host"},
    ),
    Way(
        certificate_untrusted_by_the_setting,
        "TLS: nobody trusts the certificate's authority",
        {**STARTTLS, "certificate": "untrusted"},
    ),
    Way(no_version_of_tls_in_common, "TLS", {**STARTTLS, "tls_versions": ["TLSv1.2"]}),
    Way(unknown_user, "AUTH PLAIN as 'anne': no such user", USERS),
    Way(
        credentials_that_a_callable_refuses,
        "AUTH PLAIN as 'ann': 535 5.7.8",
        {**USERS, "users": lambda *_: False},
    ),
    Way(mechanism_not_offered, "AUTH LOGIN: mechanism not offered", USERS),
    Way(
        auth_only_after_starttls,
        "the client left after EHLO: AUTH is offered only",
        {**USERS, "tls": "starttls"},
    ),
    Way(auth_before_starttls, "AUTH PLAIN: offered only under TLS", {**USERS, "tls": "starttls"}),
    Way(
        login_that_the_client_does_not_finish,
        "AUTH PLAIN: the client did not finish the exchange",
        USERS,
    ),
    Way(
        login_refused_by_a_challenge_before_silence,
        "AUTH XOAUTH2 as 'ann': wrong password",
        {**USERS, "mechanisms": ("XOAUTH2",)},
    ),
    Way(auth_refused_by_a_rule, "AUTH PLAIN as 'ann': refused, 454 4.7.0", USERS),
    Way(sender_refused_by_a_rule, "MAIL 'shop@shop.example' was refused: 550 5.7.1"),
    Way(greeting_refused, "the connection was refused: 554 5.3.2 no service"),
    Way(hello_refused, "EHLO was refused: 550 5.7.1 who are you"),
    Way(
        too_many_recipients,
        "too many recipients: max_recipients is 1",
        {**PLAIN, "max_recipients": 1},
    ),
    Way(
        too_many_connections,
        "too many connections: max_connections is 1",
        {**PLAIN, "max_connections": 1},
    ),
    Way(content_bigger_than_declared, "too big: 30", {**PLAIN, "max_message_size": 100}),
    Way(held_by_a_rule, "MAIL is still held by the rule on('mail')"),
    Way(never_answered_by_a_rule, "MAIL is never answered by the rule on('mail')"),
    Way(delayed_by_a_rule, "the content is still delayed for 30 s by the rule"),
    Way(
        held_and_none_wanted,
        "RCPT is still held by the rule on('rcpt')",
        {**PLAIN, "wait_timeout": SOON},
    ),
    Way(half_a_message_is_open, "a message is still being sent: 28 octets"),
    Way(dot_after_a_bare_lf, "a message is still being sent: its dot follows a"),
    Way(left_with_a_dot_after_a_bare_lf, "the client left: its dot follows a bare LF"),
    Way(rule_refuses_another_message, "RCPT 'bob@example.org' was refused: 550 5.1.1"),
    Way(refused_content_is_the_expected_one, "the content was refused: 554 5.6.0 looks like spam"),
    Way(
        greylisted_then_delivered_with_another_subject,
        "subject is 'Welcome to the shop', not 'Invoice'",
    ),
    Way(flask_suppresses_mail, "Flask-Mail sends nothing while TESTING is on"),
    Way(flask_mailman_keeps_mail_in_memory, "Flask-Mailman keeps mail in memory while TESTING"),
    Way(twisted_reactor_blocked, "this wait blocked Twisted's reactor"),
    Way(waiting_beside_twisted_s_reactor, "no client connected to 127.0.0.1:PORT"),
    Way(a_part_compared_with_the_whole, "subject is 'Welcome to the shop', not 'Welcome'"),
    Way(charset_forgotten, "text does not contain 'Grüße' (UTF-8 read as"),
    Way(text_found_in_the_html, "text does not contain 'Your code is 4711' (found"),
    Way(subject_missing, "there is no Subject field (expected"),
    Way(header_field_unwanted, "header['X-Debug'] is '1', not absent"),
    Way(predicate_false, "where=is_receipt is false"),
    Way(long_subject_differs_late, "subject is"),
    Way(recipient_too_many, "rcpt_to has 'audit@shop.example' too"),
    Way(one_recipient_instead_of_another, "rcpt_to lacks 'eve@example.org' and has"),
    Way(several_recipients_none_of_them, "rcpt_to lacks 'eve@example.org'"),
    Way(not_logged_in, "the client did not log in (expected"),
    Way(two_different_messages, "2 messages, not 1: the newest is subject='Invoice'"),
    Way(surplus_within_settle, "3 messages, not 2: the newest is subject='Mail 2'"),
    Way(some_match_and_one_nearly, "only 1 of 2 messages match; subject is"),
    Way(nothing_captured_at_all, "no client connected to"),
    Way(three_links_none_fits, "none of 3 links fits: 'https://shop.example/a'"),
    Way(link_by_its_text, "the only link is 'https://shop.example/reset'"),
    Way(attachment_name_in_capitals, "the only attachment is 'INVOICE.PDF': its name"),
    Way(no_attachment_at_all, "there is no attachment (expected one '*.pdf')"),
    Way(two_attachments, "2 attachments '*.csv', not 1: 'a.csv', 'b.csv'"),
    Way(pattern_of_a_code_not_found, "there is no code (expected one matching"),
    Way(session_still_open, "1 session still open: the client has not left"),
    Way(session_in_clear_was_expected_encrypted, "tls is False, not True"),
    Way(session_still_open_without_quit, "the session is still open"),
    Way(version_of_tls_too_old, "TLSv1.2 was used, not TLSv1.3 or later", STARTTLS),
    Way(starttls_refused, "STARTTLS was refused: the session stayed in clear", STARTTLS),
    Way(another_user, "username is 'ann', not 'bob'", USERS),
    Way(another_mechanism, "the client logged in with PLAIN, not LOGIN", USERS),
    Way(second_message_given_up_before_the_first, "only 1 of 2 messages came"),
    Way(plain_client_leaves_a_tls_port, "the client left a TLS port without a handshake", IMPLICIT),
    Way(transaction_was_not_refused, "outcome is 'accepted', not 'aborted'"),
    Way(no_transaction_at_all, "no client connected to"),
    Way(rule_never_used, "never used: the rule on('rcpt', rcpt_to='bob@exam"),
    Way(rule_without_a_step, "no step: the rule on('rcpt')"),
    Way(
        violation_under_strict,
        "out-of-order: the command may not come here: DATA",
        {**PLAIN, "strict": True},
    ),
    Way(held_too_few, "0 of 1 commands held"),
    Way(client_connected_and_held, "1 client is still connected; QUIT is still held"),
)

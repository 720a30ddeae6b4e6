"""Texts of messages and sessions that are the same in each run."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Message, SMTPServer


def order() -> EmailMessage:
    """Return a mail like that of an application, with everything that differs in each run."""
    mail = EmailMessage()
    mail["From"] = "Shop <shop@x.test>"
    mail["To"] = "ann@x.test"
    mail["Subject"] = "Grüße"
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid()
    mail["X-Request-ID"] = make_msgid("x")
    mail.set_content("Hello Ann,\n\nlook at http://127.0.0.1:43211/order?token=4711")
    mail.add_alternative("<p>Hello <b>Ann</b></p>", subtype="html")
    mail.add_attachment(b"abc", maintype="application", subtype="pdf", filename="Größe.pdf")
    return mail


ORDER = """\
envelope:
  from: <shop@x.test>
  to: <ann@x.test>
  parameters: SIZE=<size>

header:
  From: Shop <shop@x.test>
  To: ann@x.test
  Subject: Grüße
  Date: <date>
  Message-ID: <message-id>
  X-Request-ID: <x-request-id>
  MIME-Version: 1.0
  Content-Type: multipart/mixed; boundary=<boundary>

parts:
  multipart/mixed
    multipart/alternative
      text/plain
      text/html
    application/pdf

text:
  Hello Ann,

  look at http://127.0.0.1:<port>/order?token=4711

html, as it is read:
  Hello Ann

attachments:
  Größe.pdf, application/pdf, 3 octets, sha256 ba7816bf8f01cfea"""


def sent(server: SMTPServer, mail: EmailMessage | str, recipients: list[str] | None = None) -> None:
    with smtplib.SMTP(*server.addr) as client:
        if isinstance(mail, str):
            lines = "\r\n".join(mail.splitlines()).encode()
            client.sendmail("shop@x.test", recipients or ["ann@x.test"], lines + b"\r\n")
        else:
            client.send_message(mail)


def received(server: SMTPServer, mail: EmailMessage | str) -> Message:
    sent(server, mail)
    return server.messages[-1]


def test_a_message_is_a_text_that_is_the_same_for_the_same_mail(smtpserver: SMTPServer) -> None:
    for _ in range(2):
        assert received(smtpserver, order()).snapshot(mask=["X-Request-ID"]) == ORDER


def test_without_masks_a_snapshot_is_the_message_as_str(smtpserver: SMTPServer) -> None:
    message = received(smtpserver, order())
    assert str(message) == message.snapshot()
    assert f"  X-Request-ID: {message['X-Request-ID']}" in str(message)


def test_each_recipient_and_the_null_sender_are_shown(smtpserver: SMTPServer) -> None:
    with smtplib.SMTP(*smtpserver.addr) as client:
        client.sendmail("", ["ann@x.test", "bob@x.test"], "Subject: x\r\n\r\ny")
    assert str(smtpserver.messages[0]).startswith(
        "envelope:\n  from: <>\n  to: <ann@x.test>\n  to: <bob@x.test>\n  parameters: SIZE=<size>\n"
    )


def test_a_pattern_is_masked_wherever_it_is_found(smtpserver: SMTPServer) -> None:
    message = received(smtpserver, "Subject: order 4711\n\nYour order 4711")
    text = message.snapshot(mask=re.compile(r"\d{4}"))
    assert "  Subject: order <...>\n" in text
    assert text.endswith("\n  Your order <...>")


def test_a_field_is_masked_by_its_name_without_case(smtpserver: SMTPServer) -> None:
    message = received(smtpserver, "Subject: order 4711\nX-Id: 1\nx-id: 2\n\ntext")
    assert "\n  X-Id: <x-id>\n  x-id: <x-id>\n" in message.snapshot(mask="X-ID")


@pytest.mark.parametrize("mask", [b"Subject", re.compile(b"x"), 3])
def test_another_mask_is_refused(smtpserver: SMTPServer, mask: object) -> None:
    message = received(smtpserver, "Subject: Hello\n\ntext")
    with pytest.raises(TypeError, match="must be a compiled pattern of str or the name of a"):
        message.snapshot(mask=[mask])  # type: ignore[list-item]


def test_values_that_differ_in_each_run_are_replaced(smtpserver: SMTPServer) -> None:
    text = str(
        received(
            smtpserver,
            "Received: from a by b; Tue, 1 Dec 2026 10:00:00 +0000\nResent-Date: today\n"
            "DKIM-Signature: v=1; b=abc\nMessage-ID: <1.2@x.test>\nIn-Reply-To: <0@x.test>\n"
            "References: <8@x.test> <9@x.test>\nX-Page: http://localhost:8000/ [::1]:25\n\n"
            "Was it <1.2@x.test>?",
        )
    )
    assert text.partition("header:\n")[2].splitlines()[:7] == [
        "  Received: <received>",
        "  Resent-Date: <date>",
        "  DKIM-Signature: <signature>",
        "  Message-ID: <message-id>",
        "  In-Reply-To: <message-id>",
        "  References: <message-id> <message-id>",
        "  X-Page: http://localhost:<port>/ [::1]:<port>",
    ]
    assert text.endswith("\n  Was it <message-id>?")


def test_two_fields_of_one_name_stay_apart(smtpserver: SMTPServer) -> None:
    text = str(received(smtpserver, "X-A: =?utf-8?q?gr=C3=BCn?=\nX-B: b\nX-A: folded\n twice\n\n"))
    assert "\n  X-A: grün\n  X-B: b\n  X-A: folded twice\n" in text


def test_a_mail_without_a_body_has_no_section_for_it(smtpserver: SMTPServer) -> None:
    text = str(received(smtpserver, "Subject: nothing\n\n"))
    assert text.endswith("  Subject: nothing\n\nparts:\n  text/plain")


def test_malformed_mail_has_a_snapshot_that_can_be_written_down(smtpserver: SMTPServer) -> None:
    with smtplib.SMTP(*smtpserver.addr) as client:
        client.sendmail(
            "a@x.test",
            ["b@x.test"],
            b"Subject: \xff\x1b[2J\r\nContent-Type: multipart/mixed\r\n\r\n--\xff\x00\r\n",
        )
    text = str(smtpserver.messages[0])
    assert text.encode()
    assert all(char.isprintable() or char == "\n" for char in text)


def test_another_file_of_the_same_size_has_another_digest(smtpserver: SMTPServer) -> None:
    first, second = order(), order()
    [attached] = second.iter_attachments()
    attached.set_content(b"abd", "application", "pdf", filename="Größe.pdf")
    texts = [str(received(smtpserver, mail)).splitlines()[-1] for mail in (first, second)]
    assert texts[0] != texts[1]


DIALOGUE = """\
S: 220 smtpserver.test ESMTP pytest-smtpserver
C: EHLO <name>
S: 250-smtpserver.test
S: 250 SIZE 33554432
C: MAIL FROM:<shop@x.test> size=<size>
S: 250 2.1.0 sender OK
C: RCPT TO:<ann@x.test>
S: 250 2.1.5 recipient OK
C: DATA
S: 354 go ahead, end with a dot on a line of its own
C: <content>
C: .
S: 250 2.0.0 message accepted
C: QUIT
S: 221 2.0.0 bye
* session ended by QUIT"""


@pytest.mark.smtpserver(extensions=["SIZE"])
def test_a_dialogue_is_the_same_in_each_run(smtpserver: SMTPServer) -> None:
    expected = DIALOGUE.replace(" 2.1.0", "").replace(" 2.1.5", "").replace(" 2.0.0", "")
    for _ in range(2):
        sent(smtpserver, order())
        smtpserver.wait_closed()
        assert smtpserver.sessions[-1].dialogue() == expected


@pytest.mark.smtpserver(tls="starttls", auth="required", users={"shop": "sesame"})
def test_a_dialogue_has_nothing_that_differs_in_each_run(smtpserver: SMTPServer) -> None:
    dialogues = []
    for name in ("one.test", "two.test"):
        with smtplib.SMTP(*smtpserver.addr, local_hostname=name) as client:
            client.starttls(context=smtpserver.client_context())
            client.login("shop", "sesame")  # CRAM-MD5
            client.send_message(order())
        smtpserver.wait_closed()
        dialogues.append(smtpserver.sessions[-1].dialogue())
    assert dialogues[0] == dialogues[1]
    assert "\n* TLSv1.3\n" in dialogues[0]
    assert "\nS: 334 <challenge>\nC: ***\nS: 235 " in dialogues[0]


@pytest.mark.parametrize("written", [str.lower, str.upper, str.capitalize])
def test_a_dialogue_has_commands_in_capitals(
    smtpserver: SMTPServer, written: Callable[[str], str]
) -> None:
    with smtplib.SMTP(*smtpserver.addr) as client:
        client.ehlo("client.test")
        client.docmd(written("mail"), f"{written('from')}:<To@x.test> size=5")
        client.docmd(written("rcpt"), f"{written('to')}:<From@x.test>")
    dialogue = smtpserver.sessions[0].dialogue()
    assert "\nC: MAIL FROM:<To@x.test> size=<size>\n" in dialogue
    assert "\nC: RCPT TO:<From@x.test>\n" in dialogue


def test_a_rule_is_named_without_its_line(smtpserver: SMTPServer) -> None:
    smtpserver.on("mail").send(b"250 ok\r\n").disconnect()
    with pytest.raises(smtplib.SMTPServerDisconnected), smtplib.SMTP(*smtpserver.addr) as client:
        client.sendmail("shop@x.test", ["ann@x.test"], "")
    smtpserver.wait_closed()
    lines = smtpserver.sessions[0].dialogue().splitlines()
    assert "* disconnected by a rule" in lines
    assert lines[-1] == "* the server closed the connection"


def test_an_open_session_has_a_dialogue_so_far(smtpserver: SMTPServer) -> None:
    with smtplib.SMTP(*smtpserver.addr) as client:
        client.helo("client.test")
        assert smtpserver.sessions[0].dialogue().splitlines() == [
            "S: 220 smtpserver.test ESMTP pytest-smtpserver",
            "C: HELO <name>",
            "S: 250 smtpserver.test",
        ]


def test_a_dialogue_has_the_raw_octets_of_a_rule(smtpserver: SMTPServer) -> None:
    smtpserver.on("noop").send(b"nonsense \xff\r\n250 fine\r\n")
    with smtplib.SMTP(*smtpserver.addr, "client.example") as client:
        client.putcmd("NOOP")
        client.getreply()
        client.getreply()
    dialogue = smtpserver.wait_for_session().dialogue()
    assert "C: NOOP\nS: nonsense \\xff\nS: 250 fine\nC: QUIT\n" in dialogue


def test_an_envelope_without_parameters_has_no_line_for_them(smtpserver: SMTPServer) -> None:
    with smtplib.SMTP(*smtpserver.addr, "client.example") as client:
        client.helo()
        client.sendmail("a@x.test", "b@x.test", "Subject: x\r\n\r\n")
    assert "parameters:" not in str(smtpserver.wait_for_message())

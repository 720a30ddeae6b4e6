"""The examples of how-to/wait.md."""

import re
import smtplib
from email.message import EmailMessage
from threading import Thread

import pytest

from pytest_smtpserver import SMTPAssertionError


def send(server, *subjects, to="ann@example.org"):
    with smtplib.SMTP(server.host, server.port) as client:
        for subject in subjects:
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "shop@example.com", to, subject
            client.send_message(mail)


@pytest.fixture
def in_background():
    threads = []

    def start(function, *args, **kwargs):
        threads.append(Thread(target=function, args=args, kwargs=kwargs))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


def test_one_message(smtpserver, in_background):
    in_background(send, smtpserver, "Welcome")
    message = smtpserver.wait_for_message()
    assert message.subject == "Welcome"


def test_one_of_several(smtpserver, in_background):
    in_background(send, smtpserver, "Welcome", "Invoice 4711")
    message = smtpserver.wait_for_message(subject=re.compile("^Invoice"), timeout=5)
    assert message.subject == "Invoice 4711"


def test_several(smtpserver, in_background):
    in_background(send, smtpserver, "One", "Two", "Three")
    first, *_ = smtpserver.wait_for_messages(3, to="ann@example.org")
    assert first.subject == "One"


def test_one_and_no_more(smtpserver, in_background):
    in_background(send, smtpserver, "Welcome", "Welcome")
    with pytest.raises(SMTPAssertionError):
        smtpserver.wait_for_message(subject="Welcome", settle=0.2)


def test_none(smtpserver):
    send(smtpserver, "Welcome")
    smtpserver.assert_no_message(subject="Goodbye")
    smtpserver.assert_no_message(rcpt_to="bob@example.org", within=0.1)


def test_what_a_block_sends(smtpserver):
    send(smtpserver, "Before")
    with smtpserver.capture(count=2) as captured:
        send(smtpserver, "One", "Two")
    assert [message.subject for message in captured] == ["One", "Two"]


def test_what_is_there_now(smtpserver):
    send(smtpserver, "One", "Two")
    assert len(smtpserver.find(subject="Two")) == 1
    assert len(smtpserver.messages) == 2


@pytest.mark.smtpserver(max_recipients=1)
def test_a_refused_recipient(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.sendmail("shop@example.com", ["ann@example.org", "bob@example.org"], "")

    transaction = smtpserver.wait_for_transaction(rcpt_to="bob@example.org")
    assert transaction.outcome == "accepted"
    [(address, reply)] = transaction.refused
    assert (address, reply.code) == ("bob@example.org", 452)


def test_the_client_says_goodbye(smtpserver, in_background):
    in_background(send, smtpserver, "Welcome")
    session = smtpserver.wait_for_session(ended_by="quit")
    assert session.is_esmtp


def test_nobody_is_connected_any_more(smtpserver, in_background):
    in_background(send, smtpserver, "Welcome")
    smtpserver.wait_for_message()
    smtpserver.wait_closed()


def test_an_outage(smtpserver):
    smtpserver.stop()
    with pytest.raises(ConnectionRefusedError):
        send(smtpserver, "Lost")
    smtpserver.start()
    send(smtpserver, "Sent again")
    assert smtpserver.wait_for_message().subject == "Sent again"

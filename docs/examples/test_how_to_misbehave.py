"""The examples of how-to/misbehave.md."""

import smtplib
import time
from contextlib import suppress
from threading import Thread

import pytest


def deliver(server, *recipients, timeout=5.0, content="Subject: Welcome\n\nHello"):
    with smtplib.SMTP(server.host, server.port, timeout=timeout) as client:
        return client.sendmail("shop@example.com", recipients or ["ann@example.org"], content)


def deliver_encrypted(server):
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.starttls(context=server.client_context())


@pytest.fixture
def in_background():
    threads = []

    def start(function, *args, **kwargs):
        threads.append(Thread(target=function, args=args, kwargs=kwargs))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


def test_one_recipient_of_three(smtpserver):
    smtpserver.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")

    refused = deliver(smtpserver, "ann@example.org", "bob@example.org", "cat@example.org")

    assert list(refused) == ["bob@example.org"]
    message = smtpserver.wait_for_message()
    assert message.envelope.rcpt_to == ("ann@example.org", "cat@example.org")


def test_unknown_command(smtpserver):
    smtpserver.refuse("500 5.5.2 command unrecognized")
    with pytest.raises(smtplib.SMTPSenderRefused):
        deliver(smtpserver)


def test_bad_sequence(smtpserver):
    smtpserver.refuse("503 5.5.1 bad sequence of commands", stage="data")
    with pytest.raises(smtplib.SMTPDataError):
        deliver(smtpserver)


def test_no_ehlo(smtpserver):
    smtpserver.refuse("502 5.5.1 not implemented", stage="ehlo")
    deliver(smtpserver)
    assert not smtpserver.messages[0].session.is_esmtp


def test_full_after_the_final_dot(smtpserver):
    smtpserver.refuse("452 4.3.1 insufficient storage", stage="message")
    with pytest.raises(smtplib.SMTPDataError):
        deliver(smtpserver)

    transaction = smtpserver.wait_for_transaction(outcome="rejected")
    assert transaction.message.subject == "Welcome"
    smtpserver.assert_no_message()


def test_not_available(smtpserver):
    smtpserver.refuse("421 4.3.2 shutting down", stage="connect")
    with pytest.raises(smtplib.SMTPConnectError):
        deliver(smtpserver)


@pytest.mark.smtpserver(tls="starttls")
def test_no_encryption_for_now(smtpserver):
    smtpserver.refuse("454 4.7.0 TLS not available", stage="starttls")
    with pytest.raises(smtplib.SMTPResponseException):
        deliver_encrypted(smtpserver)


def test_greylisted_once(smtpserver):
    smtpserver.greylist(rcpt_to="bob@example.org")

    assert list(deliver(smtpserver, "ann@example.org", "bob@example.org")) == ["bob@example.org"]
    assert deliver(smtpserver, "bob@example.org") == {}

    first, second = smtpserver.transactions
    assert [reply.code for _, reply in first.refused] == [451]
    assert second.envelope.rcpt_to == ("bob@example.org",)


def test_too_many_in_one_session(smtpserver):
    smtpserver.on("mail").after(3, per="session").reply("421 4.7.0 too many messages")
    with smtplib.SMTP(smtpserver.host, smtpserver.port, timeout=5) as client:
        for _ in range(3):
            client.sendmail("shop@example.com", "ann@example.org", "Hello")
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("shop@example.com", "ann@example.org", "Hello")


def test_first_one_error_and_then_another(smtpserver):
    smtpserver.on("mail").reply("451 4.3.0 later").then().disconnect().then().accept()
    with pytest.raises(smtplib.SMTPSenderRefused):
        deliver(smtpserver)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver)
    deliver(smtpserver)


def test_a_quota(smtpserver):
    delivered = []

    def over_quota(command):
        delivered.append(len(command.message.content))
        return "552 5.2.2 mailbox full" if sum(delivered) > 60 else None

    smtpserver.on("message").reply(over_quota)
    deliver(smtpserver)
    deliver(smtpserver)
    with pytest.raises(smtplib.SMTPDataError):
        deliver(smtpserver)


def test_slow(smtpserver):
    smtpserver.on("mail").delay(0.1)
    deliver(smtpserver)


def test_too_slow(smtpserver):
    rule = smtpserver.on("mail").delay(10)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver, timeout=0.25)

    session = smtpserver.wait_for_session(ended_by="client")
    assert rule.hits == (session.exchanges[-1],)


def test_while_a_delivery_lasts(smtpserver, in_background):
    rule = smtpserver.on("message").hold()
    in_background(deliver, smtpserver)

    command = rule.wait_held()
    assert command.message.subject == "Welcome"
    assert smtpserver.messages == ()

    rule.release()
    smtpserver.wait_for_message()


def test_disconnected_at_once(smtpserver):
    smtpserver.on("connect").disconnect()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver)


def test_an_error_and_then_the_end(smtpserver):
    smtpserver.on("mail").reply("501 5.5.4 syntax error").disconnect()
    with pytest.raises(smtplib.SMTPSenderRefused):
        deliver(smtpserver)


def test_closed_before_the_content(smtpserver):
    smtpserver.on("data").accept().disconnect()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver)

    assert smtpserver.wait_for_transaction().outcome == "aborted"


def test_reset_in_the_middle_of_the_content(smtpserver):
    smtpserver.on("data").accept().delay(0.05).reset()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver, content="a line of content\r\n" * 100_000)


@pytest.mark.smtpserver(tls="starttls")
def test_closed_before_the_handshake(smtpserver):
    smtpserver.on("starttls").accept().disconnect()
    with pytest.raises(OSError, match="EOF"):
        deliver_encrypted(smtpserver)


def test_a_greeting_that_never_ends(smtpserver):
    smtpserver.on("connect").send(b"220-").ignore()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver, timeout=0.25)


def test_two_replies_for_one(smtpserver):
    smtpserver.on("mail").send(b"250 OK\r\n221 bye\r\n").disconnect()
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(smtpserver)


def test_a_reply_that_is_no_text(smtpserver):
    smtpserver.on("mail").send(b"250 \xff\xff\r\n")
    deliver(smtpserver)


def test_gibberish(smtpserver):
    smtpserver.on("mail").send(b"gibberish\r\n")
    with pytest.raises(smtplib.SMTPSenderRefused):
        deliver(smtpserver)


def test_sent_twice(smtpserver):
    smtpserver.on("message").accept(reply=False).times(1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver, timeout=0.25)
    deliver(smtpserver)

    smtpserver.wait_for_messages(2, subject="Welcome")


def deliver_with_retries(server, pauses=(0.02, 0.04)):
    for pause in (*pauses, None):
        try:
            return deliver(server)
        except smtplib.SMTPSenderRefused as refused:
            if refused.smtp_code >= 500 or pause is None:
                raise
            time.sleep(pause)
    return None


def test_retries(smtpserver, in_background):
    smtpserver.refuse("451 4.3.0 try again").times(2)
    in_background(deliver_with_retries, smtpserver)

    first, second, third = smtpserver.wait_for_transactions(3)
    assert third.outcome == "accepted"
    assert (second.started_at - first.started_at).total_seconds() >= 0.02
    assert (third.started_at - second.started_at).total_seconds() >= 0.04


def test_no_retry_after_a_permanent_error(smtpserver):
    rule = smtpserver.refuse("550 5.7.1 go away")
    with pytest.raises(smtplib.SMTPSenderRefused):
        deliver_with_retries(smtpserver)

    assert len(rule.hits) == 1
    smtpserver.wait_for_transaction(settle=0.1)


def test_by_chance(smtpserver):
    smtpserver.chaos(rate=0.2, seed=4)
    while not smtpserver.messages:
        with suppress(OSError):
            deliver(smtpserver)

    assert len(smtpserver.sessions) > 1

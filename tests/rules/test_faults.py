"""Every fault that authors of SMTP clients had to build by hand, as one line, with real clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.present import present
from tests.rules.delivering import RECIPIENTS, deliver_with_smtplib

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import SMTPServer, Transaction
    from tests.rules.delivering import Deliver

    #: Returns the exception's name for each of the two clients.
    Error = Callable[[str, str], str]

# Real time, so as short as possible.
SHORT = 0.15

# How long a client waits that must first get other replies, also on a busy machine.
PATIENCE = 1.0

# Far more than the server reads while a rule delays: 1 MB.
BIG = b"76 octets and a line end".ljust(78, b".") + b"\r\n"
BIG *= 12_500


@pytest.fixture
def error(deliver: Deliver) -> Error:
    """What a client raises, of the two clients' names for it."""
    return lambda smtplib, aiosmtplib: smtplib if deliver is deliver_with_smtplib else aiosmtplib


def ended_transaction(server: SMTPServer) -> Transaction:
    """Return the one transaction, after the client has gone."""
    server.wait_closed()
    [transaction] = server.transactions
    return transaction


def test_a_delayed_250_is_waited_for(smtpserver: SMTPServer, deliver: Deliver) -> None:
    rule = smtpserver.on("mail").delay(SHORT)
    assert deliver(smtpserver).raised is None
    [hit] = rule.hits
    assert present(hit.reply).code == 250
    assert smtpserver.wait_for_message().transaction.outcome == "accepted"


def test_an_impatient_client_does_not_wait_for_a_delayed_250(
    smtpserver: SMTPServer, deliver: Deliver, error: Error
) -> None:
    rule = smtpserver.on("mail").delay(30)
    delivered = deliver(smtpserver, timeout=PATIENCE)
    assert delivered.error == error("SMTPServerDisconnected", "SMTPReadTimeoutError")
    assert ended_transaction(smtpserver).outcome == "aborted"
    assert smtpserver.sessions[0].ended_by == "client"
    [hit] = rule.hits
    assert hit.reply is None


def test_a_greeting_that_begins_and_never_ends(
    smtpserver: SMTPServer, deliver: Deliver, error: Error
) -> None:
    rule = smtpserver.on("connect").send(b"220-").ignore()
    delivered = deliver(smtpserver, timeout=SHORT)
    assert delivered.error == error("SMTPServerDisconnected", "SMTPConnectTimeoutError")
    session = smtpserver.wait_for_session()
    assert session.ended_by == "client"
    assert [exchange.reply for exchange in session.exchanges] == [None]
    assert len(rule.hits) == 1


def test_250_then_221_and_close(smtpserver: SMTPServer, deliver: Deliver, error: Error) -> None:
    smtpserver.on("mail").send(b"250 ok\r\n221 bye\r\n").disconnect()
    delivered = deliver(smtpserver)
    # smtplib takes the 221 for the answer to its RCPT.
    assert delivered.error == error("SMTPRecipientsRefused", "SMTPServerDisconnected")
    transaction = ended_transaction(smtpserver)
    assert (transaction.outcome, present(transaction.reply).code) == ("aborted", 250)
    assert smtpserver.sessions[0].ended_by == "server"


def test_a_reply_that_is_not_text(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.on("mail").send(b"250 \xff\xff\r\n")
    assert deliver(smtpserver).raised is None
    assert present(smtpserver.messages[0].session.exchanges[2].reply).text == "\udcff\udcff"


def test_gibberish(smtpserver: SMTPServer, deliver: Deliver, error: Error) -> None:
    smtpserver.on("mail").send(b"gibberish\r\n")
    delivered = deliver(smtpserver)
    assert delivered.error == error("SMTPSenderRefused", "SMTPResponseException")
    assert delivered.code == -1
    transaction = ended_transaction(smtpserver)
    assert (transaction.outcome, transaction.reply) == ("aborted", None)


def test_ehlo_refused_and_helo_accepted(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.refuse("502 5.5.1 not implemented", stage="ehlo")
    assert deliver(smtpserver).raised is None
    session = smtpserver.messages[0].session
    assert [exchange.verb for exchange in session.exchanges[1:3]] == ["EHLO", "HELO"]
    assert not session.is_esmtp


def test_421_and_close(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.refuse("421 4.3.2 closing")
    delivered = deliver(smtpserver)
    assert (delivered.error, delivered.code) == ("SMTPSenderRefused", 421)
    assert ended_transaction(smtpserver).outcome == "rejected"
    assert smtpserver.sessions[0].ended_by == "server"


def test_421_at_once(smtpserver: SMTPServer, deliver: Deliver, error: Error) -> None:
    smtpserver.refuse("421 4.3.2 closing", stage="connect")
    delivered = deliver(smtpserver)
    assert delivered.error == error("SMTPConnectError", "SMTPConnectResponseError")
    assert delivered.code == 421
    assert smtpserver.wait_for_session().ended_by == "server"


@pytest.mark.smtpserver(tls="starttls")
def test_454_to_starttls(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.refuse("454 4.7.0 TLS not available", stage="starttls")
    delivered = deliver(smtpserver, starttls=True)
    assert (delivered.error, delivered.code) == ("SMTPResponseException", 454)
    assert smtpserver.wait_for_session().tls is None


@pytest.mark.smtpserver(tls="starttls")
def test_220_to_starttls_then_close(smtpserver: SMTPServer, deliver: Deliver, error: Error) -> None:
    smtpserver.on("starttls").accept().disconnect()
    delivered = deliver(smtpserver, starttls=True)
    assert delivered.error == error("SSLEOFError", "SMTPServerDisconnected")
    session = smtpserver.wait_for_session()
    assert (session.ended_by, session.tls) == ("server", None)
    assert present(session.exchanges[-1].reply).code == 220


@pytest.mark.smtpserver(tls="starttls")
def test_a_handshake_that_is_cut(smtpserver: SMTPServer, deliver: Deliver, error: Error) -> None:
    rule = smtpserver.on("tls").disconnect()
    delivered = deliver(smtpserver, starttls=True)
    assert delivered.error == error("SSLEOFError", "SMTPServerDisconnected")
    assert smtpserver.wait_for_session().ended_by == "server"
    assert len(rule.hits) == 1


def test_354_then_close(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.on("data").accept().disconnect()
    assert deliver(smtpserver).error == "SMTPServerDisconnected"
    transaction = ended_transaction(smtpserver)
    assert (transaction.outcome, present(transaction.reply).code) == ("aborted", 354)


def test_an_immediate_disconnect(smtpserver: SMTPServer, deliver: Deliver, error: Error) -> None:
    smtpserver.on("connect").disconnect()
    assert deliver(smtpserver).error == error("SMTPServerDisconnected", "SMTPConnectError")
    session = smtpserver.wait_for_session()
    assert session.ended_by == "server"
    assert session.exchanges[0].reply is None


def test_550_to_one_recipient_of_three(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    assert deliver(smtpserver, RECIPIENTS).refused == ("bob@example.org",)
    message = smtpserver.wait_for_message()
    assert message.envelope.rcpt_to == ("ann@example.org", "cat@example.org")
    [(address, reply)] = message.transaction.refused
    assert (address, reply.code) == ("bob@example.org", 550)


def test_550_to_all_recipients(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.refuse("550 5.1.1 no such user", stage="rcpt")
    delivered = deliver(smtpserver, RECIPIENTS)
    assert delivered.error == "SMTPRecipientsRefused"
    assert delivered.refused == RECIPIENTS
    assert ended_transaction(smtpserver).outcome == "rejected"


@pytest.mark.parametrize("reply", ["500 5.5.2 what?", "503 5.5.1 bad sequence of commands"])
def test_a_command_that_the_server_says_it_does_not_know_or_want_now(
    smtpserver: SMTPServer, deliver: Deliver, reply: str
) -> None:
    smtpserver.refuse(reply)
    delivered = deliver(smtpserver)
    assert (delivered.error, delivered.code) == ("SMTPSenderRefused", int(reply[:3]))
    assert str(ended_transaction(smtpserver).reply) == reply


def test_501_then_drop(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.on("mail").reply("501 5.5.4 syntax error").disconnect()
    delivered = deliver(smtpserver)
    assert (delivered.error, delivered.code) == ("SMTPSenderRefused", 501)
    assert ended_transaction(smtpserver).outcome == "rejected"
    assert smtpserver.sessions[0].ended_by == "server"


def test_452_after_the_final_dot(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.refuse("452 4.3.1 insufficient storage", stage="message")
    delivered = deliver(smtpserver)
    assert (delivered.error, delivered.code) == ("SMTPDataError", 452)
    transaction = ended_transaction(smtpserver)
    assert (transaction.outcome, present(transaction.message).subject) == ("rejected", "Welcome")
    smtpserver.assert_no_message()


def test_a_connection_reset_in_the_middle_of_the_content(
    smtpserver: SMTPServer, deliver: Deliver
) -> None:
    smtpserver.on("data").accept().delay(SHORT).reset()
    assert deliver(smtpserver, content=BIG).error == "SMTPServerDisconnected"
    transaction = ended_transaction(smtpserver)
    assert (transaction.outcome, transaction.message) == ("aborted", None)
    assert smtpserver.sessions[0].ended_by == "server"


def test_a_mail_whose_acceptance_the_client_never_hears_of_is_sent_twice(
    smtpserver: SMTPServer, deliver: Deliver, error: Error
) -> None:
    smtpserver.on("message").accept(reply=False).times(1)
    unheard = deliver(smtpserver, timeout=PATIENCE)
    assert unheard.error == error("SMTPServerDisconnected", "SMTPReadTimeoutError")
    assert deliver(smtpserver).raised is None
    first, second = smtpserver.wait_for_messages(2, subject="Welcome")
    assert first.content == second.content
    assert [one.outcome for one in smtpserver.transactions] == ["accepted", "accepted"]


def test_a_quit_that_is_never_answered(smtpserver: SMTPServer, deliver: Deliver) -> None:
    rule = smtpserver.on("quit").ignore()
    assert deliver(smtpserver, timeout=PATIENCE).raised is None
    assert smtpserver.wait_for_session().ended_by == "client"
    assert [hit.verb for hit in rule.hits] == ["QUIT"]


def test_greylisting_for_one_recipient_of_three(smtpserver: SMTPServer, deliver: Deliver) -> None:
    smtpserver.greylist(rcpt_to="bob@example.org")
    assert deliver(smtpserver, RECIPIENTS).refused == ("bob@example.org",)
    assert deliver(smtpserver, ("bob@example.org",)).refused == ()
    first, second = smtpserver.wait_for_transactions(2)
    assert [(who, reply.code) for who, reply in first.refused] == [("bob@example.org", 451)]
    assert first.envelope.rcpt_to == ("ann@example.org", "cat@example.org")
    assert second.envelope.rcpt_to == ("bob@example.org",)
    assert second.refused == ()


def test_each_of_three_recipients_is_greylisted_once(
    smtpserver: SMTPServer, deliver: Deliver
) -> None:
    smtpserver.greylist()
    assert deliver(smtpserver, RECIPIENTS).refused == RECIPIENTS
    assert deliver(smtpserver, RECIPIENTS).refused == ()
    assert [one.outcome for one in smtpserver.transactions] == ["rejected", "accepted"]

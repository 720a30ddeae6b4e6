"""Rules and several clients at once, on real sockets."""

from __future__ import annotations

import smtplib
import threading
from typing import TYPE_CHECKING

import pytest

from tests.present import present
from tests.rules.delivering import RECIPIENTS, deliver_with_smtplib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver import SMTPServer
    from tests.rules.delivering import InBackground

    Connect = Callable[[], smtplib.SMTP]

LONG = 20


@pytest.fixture
def connect(smtpserver: SMTPServer) -> Iterator[Connect]:
    """Connect with smtplib, as often as needed; all connections are closed at the end."""
    clients = []

    def connected() -> smtplib.SMTP:
        clients.append(smtplib.SMTP(smtpserver.host, smtpserver.port, timeout=LONG))
        clients[-1].ehlo("client.test")
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


def test_fifty_clients_with_rules_of_their_own_do_not_disturb_one_another(
    smtpserver: SMTPServer, in_background: InBackground
) -> None:
    recipients = [f"user{number}@example.org" for number in range(50)]
    rules = [
        smtpserver.refuse(f"5{number:02} no", rcpt_to=recipient)
        for number, recipient in enumerate(recipients)
    ]
    deliveries = [in_background(deliver_with_smtplib, smtpserver, (one,)) for one in recipients]
    for number, (rule, delivery) in enumerate(zip(rules, deliveries, strict=True)):
        raised = delivery.result().raised
        assert isinstance(raised, smtplib.SMTPRecipientsRefused)
        assert raised.recipients == {recipients[number]: (500 + number, b"no")}
        [hit] = rule.hits
        assert recipients[number] in hit.argument
    assert len(smtpserver.transactions) == 50


def test_fifty_clients_that_are_held_by_rules_of_their_own_are_released_one_by_one(
    smtpserver: SMTPServer, in_background: InBackground
) -> None:
    recipients = [f"user{number}@example.org" for number in range(50)]
    rules = [smtpserver.on("message", rcpt_to=recipient).hold() for recipient in recipients]
    for recipient in recipients:
        in_background(deliver_with_smtplib, smtpserver, (recipient,))
    for rule in rules:
        rule.wait_held(timeout=LONG)
    for number, rule in enumerate(rules):
        assert len(smtpserver.messages) == number
        rule.release()
        smtpserver.wait_for_messages(number + 1)
    assert [message.envelope.rcpt_to[0] for message in smtpserver.messages] == recipients


def test_a_rule_used_from_two_connections_at_once_is_counted_exactly(
    smtpserver: SMTPServer, connect: Connect, in_background: InBackground
) -> None:
    rule = smtpserver.on("noop").reply("450 later").times(100)
    both_ready = threading.Barrier(2)

    def ask(client: smtplib.SMTP) -> list[int]:
        both_ready.wait(LONG)
        return [client.noop()[0] for _ in range(80)]

    answers = [in_background(ask, connect()) for _ in range(2)]
    codes = [code for answer in answers for code in answer.result()]
    assert (codes.count(450), codes.count(250)) == (100, 60)
    assert len(rule.hits) == 100


def test_the_fourth_mail_of_every_connection_gets_421(
    smtpserver: SMTPServer, connect: Connect
) -> None:
    rule = smtpserver.on("mail").after(3, per="session").reply("421 4.7.0 too many messages")
    for _ in range(2):
        client = connect()
        for _ in range(3):
            client.sendmail("shop@example.com", RECIPIENTS[:1], b"text")
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("shop@example.com", RECIPIENTS[:1], b"text")
        assert refused.value.smtp_code == 421
    assert [present(hit.reply).code for hit in rule.hits] == [421, 421]
    assert [session.ended_by for session in smtpserver.sessions] == ["server", "server"]
    assert len(smtpserver.messages) == 6


def test_rules_can_be_made_and_forgotten_while_clients_are_served(
    smtpserver: SMTPServer, connect: Connect, in_background: InBackground
) -> None:
    client, ready = connect(), threading.Event()

    def ask() -> set[int]:
        ready.set()
        return {client.noop()[0] for _ in range(200)}

    answers = in_background(ask)
    assert ready.wait(LONG)
    for _ in range(50):
        smtpserver.on("noop", optional=True).reply("450 later")
        smtpserver.reset()
    assert answers.result() <= {250, 450}


def test_chaos_strikes_the_same_commands_in_each_run(
    smtpserver_factory: Callable[[], SMTPServer],
) -> None:
    def codes() -> list[tuple[str, int | None]]:
        server = smtpserver_factory()
        server.chaos(0.3, seed=7)
        for _ in range(5):
            deliver_with_smtplib(server)
        server.stop()
        return [
            (exchange.verb, exchange.reply.code if exchange.reply else None)
            for session in server.sessions
            for exchange in session.exchanges
        ]

    first = codes()
    assert first == codes()
    assert any(code is None or code >= 400 for _, code in first)

"""Clients that are held, with real sockets: at each stage, for long, and when the server stops."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import SMTPAssertionError
from tests.present import present
from tests.rules.delivering import RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Command, Rule, SMTPServer
    from tests.rules.delivering import Deliver, InBackground

# How long a client waits that must first get other replies, also on a busy machine.
PATIENCE = 1.0

STAGES = {
    "connect": "",
    "ehlo": "EHLO client.test",
    "mail": "MAIL FROM:<shop@example.com>",
    "rcpt": "RCPT TO:<ann@example.org>",
    "data": "DATA",
    "message": ".",
    "quit": "QUIT",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_held_client_has_no_reply_until_it_is_released(
    smtpserver: SMTPServer, deliver: Deliver, in_background: InBackground, stage: str
) -> None:
    rule = smtpserver.on(stage).hold()
    delivery = in_background(deliver, smtpserver)
    command = rule.wait_held()
    assert command.line.upper().startswith(STAGES[stage].upper())
    assert not delivery.done()
    assert [one.rule for one in command.session.exchanges if one.rule] == []
    rule.release()
    assert delivery.result().raised is None
    [hit] = rule.hits
    assert present(hit.reply).is_positive
    assert smtpserver.wait_for_session().ended_by == "quit"
    assert smtpserver.wait_for_message().subject == "Welcome"


@pytest.mark.parametrize("stage", STAGES)
def test_a_client_that_stops_waiting_is_recorded_as_gone(
    smtpserver: SMTPServer, deliver: Deliver, stage: str
) -> None:
    rule = smtpserver.on(stage).hold()
    delivered = deliver(smtpserver, timeout=PATIENCE)
    assert stage == "quit" or delivered.raised is not None
    assert smtpserver.wait_for_session().ended_by == "client"
    [hit] = rule.hits
    assert hit.reply is None
    assert len(smtpserver.messages) == (stage == "quit")
    if stage not in ("connect", "ehlo", "quit"):
        assert smtpserver.transactions[0].outcome == "aborted"


def test_a_held_client_does_not_hold_up_others(
    smtpserver: SMTPServer, deliver: Deliver, in_background: InBackground
) -> None:
    rule = smtpserver.on("rcpt", rcpt_to="ann@example.org").hold()
    held = in_background(deliver, smtpserver)
    rule.wait_held()
    assert deliver(smtpserver, ("bob@example.org",)).raised is None
    assert not held.done()
    rule.release()
    assert held.result().raised is None


def test_several_clients_are_held_and_released_together(
    smtpserver: SMTPServer, deliver: Deliver, in_background: InBackground
) -> None:
    rule = smtpserver.on("message").hold()
    deliveries = [in_background(deliver, smtpserver, (recipient,)) for recipient in RECIPIENTS]
    rule.wait_held(3)
    assert smtpserver.messages == ()
    rule.release()
    assert [delivery.result().raised for delivery in deliveries] == [None] * 3
    assert len(rule.hits) == 3


def test_the_command_that_is_held_last_is_returned(
    smtpserver: SMTPServer, deliver: Deliver, in_background: InBackground
) -> None:
    rule = smtpserver.on("message").hold()
    deliveries = []
    for count, recipient in enumerate(RECIPIENTS, 1):
        deliveries.append(in_background(deliver, smtpserver, (recipient,)))
        assert rule.wait_held(count).rcpt_to == (recipient,)
        assert rule.wait_held().rcpt_to == (recipient,)
    rule.release()
    assert [delivery.result().raised for delivery in deliveries] == [None] * 3


def test_a_gate_that_was_opened_stays_open(smtpserver: SMTPServer, deliver: Deliver) -> None:
    rule = smtpserver.on("mail").hold()
    rule.release()
    assert deliver(smtpserver).raised is None
    assert len(rule.hits) == 1


def test_waiting_for_a_command_that_is_never_held_names_the_rule(smtpserver: SMTPServer) -> None:
    rule = smtpserver.on("mail", optional=True).hold()
    with pytest.raises(SMTPAssertionError, match=r"the rule on\('mail'\) made at .*test_holding"):
        rule.wait_held(timeout=0)


def test_waiting_for_a_rule_that_holds_nobody_is_an_error_at_once(smtpserver: SMTPServer) -> None:
    rule = smtpserver.on("mail", optional=True).delay(1).then().reply(450)
    with pytest.raises(ValueError, match=r"the rule on\('mail'\) made at .* has no hold\(\)"):
        rule.wait_held(timeout=60)


@pytest.mark.parametrize("count", [0, -1, 1.5])
def test_waiting_for_zero_held_clients_is_an_error(smtpserver: SMTPServer, count: Any) -> None:
    rule = smtpserver.on("mail", optional=True).hold()
    with pytest.raises(ValueError, match="must be a whole number"):
        rule.wait_held(count)


@pytest.mark.parametrize("wait", [lambda rule: rule.hold(), lambda rule: rule.delay(60)])
def test_a_server_that_stops_says_421_to_waiting_clients(
    smtpserver: SMTPServer,
    deliver: Deliver,
    in_background: InBackground,
    wait: Callable[[Rule], Rule],
) -> None:
    reached = Event()

    def reaches(_: Command) -> bool:
        reached.set()
        return True

    rule = wait(smtpserver.on("mail", where=reaches))
    delivery = in_background(deliver, smtpserver)
    assert reached.wait(20)
    smtpserver.stop()
    delivered = delivery.result()
    assert (delivered.error, delivered.code) == ("SMTPSenderRefused", 421)
    [hit] = rule.hits
    assert present(hit.reply).code == 421
    assert smtpserver.sessions[0].ended_by == "server"
    assert smtpserver.transactions[0].outcome == "aborted"

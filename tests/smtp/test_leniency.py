"""Syntax that is wrong but that real servers accept: accepted with a violation, or refused."""

from __future__ import annotations

import pytest

from tests.conversation import Conversation

EHLO = "EHLO client.test"
MAIL = "MAIL FROM:<ann@example.org>"

LENIENT = [
    ([EHLO, "MAIL FROM: <ann@example.org>"], "ann@example.org"),
    ([EHLO, "MAIL FROM:ann@example.org"], "ann@example.org"),
    ([EHLO, "MAIL FROM: ann@example.org SIZE=10"], "ann@example.org"),
    ([EHLO, "MAIL FROM:<ann>"], "ann"),
    ([EHLO, "MAIL FROM: <>"], ""),
]


@pytest.mark.parametrize(("lines", "sender"), LENIENT)
def test_it_is_taken_with_a_violation(lines: list[str], sender: str) -> None:
    conversation = Conversation()
    assert conversation.one_by_one(*lines) == 250
    assert conversation.transaction.envelope.mail_from == sender
    (violation,) = conversation.session.violations
    assert violation.code == "bad-syntax"
    assert lines[-1] in violation.text


@pytest.mark.parametrize(("lines", "sender"), LENIENT)
def test_it_is_refused_under_strict(lines: list[str], sender: str) -> None:
    conversation = Conversation(strict=True)
    assert conversation.one_by_one(*lines) == 501
    assert conversation.violations == ["bad-syntax"]
    assert conversation.recorder.transactions() == ()


@pytest.mark.parametrize("path", [" <bob@example.org>", "bob@example.org", "<bob>"])
def test_the_same_holds_for_recipients(path: str) -> None:
    conversation, strict = Conversation(), Conversation(strict=True)
    assert conversation.one_by_one(EHLO, MAIL, f"RCPT TO:{path}") == 250
    assert strict.one_by_one(EHLO, MAIL, f"RCPT TO:{path}") == 501
    assert len(conversation.session.violations) == len(strict.session.violations) == 1


def test_two_spaces_after_auth_are_taken_with_a_violation() -> None:
    conversation = Conversation(auth="optional")
    assert conversation.one_by_one(EHLO, "AUTH  PLAIN AGFubgBzZWNyZXQ=") == 235
    assert conversation.session.username == "ann"
    assert conversation.violations == ["bad-syntax"]
    assert "C: AUTH  PLAIN ***" in conversation.session.transcript


def test_two_spaces_after_auth_are_refused_under_strict() -> None:
    conversation = Conversation(auth="optional", strict=True)
    assert conversation.one_by_one(EHLO, "AUTH  PLAIN AGFubgBzZWNyZXQ=") == 501


def test_a_bare_lf_ends_a_command_line_with_a_violation() -> None:
    conversation = Conversation()
    assert conversation.send(b"NOOP\n") == b"250 2.0.0 OK\r\n"
    assert conversation.violations == ["bare-lf-command"]


def test_a_bare_lf_does_not_end_a_line_under_strict() -> None:
    conversation = Conversation(strict=True)
    assert conversation.send(b"NOOP\n") == b""
    assert conversation.send(b"NOOP\r\n").startswith(b"500 ")
    assert "bare-lf-command" in conversation.violations


def test_under_strict_a_client_that_waits_after_a_bare_lf_gets_a_reason() -> None:
    conversation = Conversation(strict=True)
    conversation.send(b"NOOP\n")
    conversation.end("stop")
    assert conversation.violations == ["bare-lf-command"]

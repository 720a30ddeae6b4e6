"""The shorthands that refuse, and slowing a client down."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smtpserver import Reply
from tests.conversation import Conversation

EHLO, MAIL = "EHLO client.test", "MAIL FROM:<ann@example.org>"
RCPT = "RCPT TO:<bob@example.org>"


@pytest.mark.parametrize(
    ("refused", "line"),
    [
        ((550,), "550 mailbox unavailable"),
        ((452,), "452 insufficient storage, try again later"),
        ((599,), "599 refused"),
        ((550, "no such user"), "550 no such user"),
        (("550 5.1.1 no such user",), "550 5.1.1 no such user"),
        ((Reply(550, "no"),), "550 no"),
        ((lambda command: f"550 not {command.mail_from}",), "550 not ann@example.org"),
    ],
)
def test_refuse_takes_the_arguments_of_reply(refused: tuple[Any, ...], line: str) -> None:
    conversation = Conversation(rules=lambda book: book.refuse(*refused))
    conversation.lines(EHLO)
    assert conversation.lines(MAIL) == [line]


def test_the_reply_of_a_refusal_can_be_given_by_its_name() -> None:
    conversation = Conversation(rules=lambda book: book.refuse(reply="550 no", mail_from=""))
    conversation.lines(EHLO)
    assert conversation.lines("MAIL FROM:<>") == ["550 no"]


def test_a_refusal_has_one_text() -> None:
    with pytest.raises(TypeError, match="takes one text, not 2"):
        Conversation(rules=lambda book: book.refuse(550, "no", "such user"))


def test_a_bare_code_can_have_an_enhanced_status_code() -> None:
    conversation = Conversation(rules=lambda book: book.refuse(550, enhanced="5.7.1"))
    conversation.lines(EHLO)
    assert conversation.lines(MAIL) == ["550 5.7.1 mailbox unavailable"]


@pytest.mark.parametrize("reply", [250, "354 go ahead", Reply(220)])
def test_a_reply_that_is_not_a_refusal_is_an_error(reply: Any) -> None:
    with pytest.raises(ValueError, match="must be a reply with a code from 400 to 599"):
        Conversation(rules=lambda book: book.refuse(reply))


def test_greylisting_can_have_another_reply() -> None:
    conversation = Conversation(rules=lambda book: book.greylist(reply=450))
    conversation.one_by_one(EHLO, MAIL)
    assert conversation.lines(RCPT) == ["450 mailbox busy, try again later"]
    assert conversation.codes(RCPT) == [250]


def test_the_driver_is_told_to_slow_down_before_the_reply() -> None:
    conversation = Conversation(rules=lambda book: book.on("mail").throttle(100))
    conversation.lines(EHLO)
    assert conversation.codes(MAIL) == [250]
    assert conversation.throttle
    assert conversation.throttle.octets_per_second == 100
    assert "throttled to 100 octets per second" in conversation.session.transcript


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Conversation(rules=lambda book: book.on("mail").throttle(rate))

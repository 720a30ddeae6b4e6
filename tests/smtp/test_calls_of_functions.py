"""What a command costs, counted instead of timed: each function that is called costs time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

MESSAGE = (
    b"MAIL FROM:<ann@example.org>\r\n",
    b"RCPT TO:<bob@example.org>\r\n",
    b"DATA\r\n",
    b"Subject: Welcome\r\n\r\ntext\r\n.\r\n",
)


def calls(conversation: Conversation, pieces: Sequence[bytes]) -> int:
    """Return how many functions, other than those of the tests, are called for these pieces."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        is_of_tests = str(frame.f_globals.get("__name__")).startswith("tests.")
        count += event == "call" and not is_of_tests

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for piece in pieces:
            conversation.send(piece)
    finally:
        sys.setprofile(before)
    return count


@pytest.fixture
def greeted() -> Conversation:
    """Return a conversation in which nothing is said for the first time any more."""
    conversation = Conversation()
    conversation.lines("EHLO client.test", "NOOP")
    for piece in MESSAGE:
        conversation.send(piece)
    return conversation


def test_a_command_calls_few_functions(greeted: Conversation) -> None:
    assert 10 < calls(greeted, [b"NOOP\r\n"]) <= 24


def test_a_message_calls_few_functions(greeted: Conversation) -> None:
    assert 50 < calls(greeted, MESSAGE) <= 155


def test_a_message_costs_the_same_after_many(greeted: Conversation) -> None:
    first = calls(greeted, MESSAGE)
    for _ in range(20):
        calls(greeted, MESSAGE)
    assert calls(greeted, MESSAGE) == first

"""Without rules a command is answered without a `Turn`, in the same order as with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversation import Conversation

if TYPE_CHECKING:
    from typing import Unpack

    from pytest_smtpserver import ServerSettings
    from tests.conversation import Making, Rules

LINES = [
    "EHLO client.test",
    "MAIL FROM:<ann@example.org>",
    "RCPT TO:<bob@example.org>",
    "RCPT TO:<cat@example.org>",
    "DATA",
    "Subject: Welcome\r\n\r\ntext\r\n.",
    "MAIL FROM:<ann@example.org>",
    "RSET",
    "VRFY bob",
    "QUIT",
]


def state(conversation: Conversation) -> tuple[object, ...]:
    """Return everything that was recorded."""
    session = conversation.session
    exchanges = [(one.command, str(one.reply)) for one in session.exchanges]
    outcomes = [(one.outcome, str(one.reply)) for one in session.transactions]
    return exchanges, outcomes, len(conversation.messages), session.ended_by


def seen(rules: Making, **settings: Unpack[ServerSettings]) -> list[object]:
    """Return, in order, the records at each wake-up, and what is sent."""
    conversation = Conversation(rules=rules, **settings)
    found: list[object] = []
    conversation.recorder.add_waker(lambda: found.append(state(conversation)))
    for line in LINES:
        found.append(conversation.send(f"{line}\r\n".encode()))
        found.append(state(conversation))
    return found


def never(book: Rules) -> None:
    """Make a rule that matches no command; because of it every command has a `Turn`."""
    book.on("noop", optional=True).reply("250 no")


@pytest.mark.parametrize("settings", [{}, {"max_message_size": 5}, {"max_recipients": 1}])
def test_both_orders_are_equal(settings: ServerSettings) -> None:
    assert seen(lambda book: None, **settings) == seen(never, **settings)


def test_the_watcher_can_tell_orders_apart() -> None:
    alone = seen(lambda book: None)
    # The message and its exchange are recorded before the reply is sent.
    before_reply = alone[alone.index(b"250 2.0.0 message accepted\r\n") - 1]
    assert isinstance(before_reply, tuple)
    assert before_reply[2] == 1
    assert before_reply[0][-1] == (".", "250 2.0.0 message accepted")

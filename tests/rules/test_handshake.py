"""Rules on the TLS handshake: nothing is said in clear, and the client sees it fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.engine import Hold
from tests.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Rule
    from tests.conversation import Rules


def connected(rules: Callable[[Rules], Rule]) -> tuple[Conversation, Rule]:
    """Return a conversation with a server with implicit TLS, and its one rule."""
    made = []
    conversation = Conversation(rules=lambda book: made.append(rules(book)), tls="implicit")
    return conversation, made[0]


@pytest.mark.parametrize(("end", "was_reset"), [("disconnect", False), ("reset", True)])
def test_a_handshake_can_be_cut(end: str, was_reset: bool) -> None:
    conversation, rule = connected(lambda book: getattr(book.on("tls"), end)())
    assert conversation.greeting == conversation.send(b"\x16") == b""
    assert (conversation.is_closed, conversation.was_reset) == (True, was_reset)
    assert conversation.session.ended_by == "server"
    [hit] = rule.hits
    assert (hit.verb, hit.reply, hit.rule) == ("", None, rule)


def test_octets_can_be_sent_instead_of_a_handshake() -> None:
    conversation, _ = connected(lambda book: book.on("tls").send(b"220 what?\r\n"))
    assert conversation.greeting == b""
    assert conversation.send(b"\x16") == b"220 what?\r\n"
    assert conversation.session.exchanges == ()


def test_a_handshake_that_is_never_answered_ends_with_the_clients_patience() -> None:
    conversation, rule = connected(lambda book: book.on("tls").ignore())
    assert conversation.send(b"\x16\x03\x01") == b""
    conversation.eof()
    assert conversation.session.ended_by == "client"
    assert len(rule.hits) == 1


def test_a_handshake_can_be_held() -> None:
    conversation, rule = connected(lambda book: book.on("tls").hold().disconnect())
    conversation.send(b"\x16")
    assert isinstance(conversation.pause, Hold)
    assert len(rule._state.held) == 1
    conversation.resume()
    assert conversation.is_closed


def test_a_callable_that_raises_closes_without_a_word() -> None:
    conversation, _ = connected(lambda book: book.on("tls", where=lambda command: 1 / 0).accept())
    assert conversation.send(b"\x16") == b""
    assert conversation.is_closed
    assert isinstance(conversation.recorder.callable_error, ZeroDivisionError)

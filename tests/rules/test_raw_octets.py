"""Octets that a rule sends as they are: the first complete reply in them counts as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import Reply
from tests.conversation import Conversation

if TYPE_CHECKING:
    from tests.conversation import Rules


def answered_raw(*pieces: bytes, stage: str = "noop") -> Conversation:
    """Return a conversation in which a rule has sent these octets."""

    def make(book: Rules) -> None:
        rule = book.on(stage)
        for piece in pieces:
            rule.send(piece)

    conversation = Conversation(rules=make)
    conversation.lines("EHLO client.test")
    assert conversation.send(f"{stage}\r\n".encode()) == b"".join(pieces)
    return conversation


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 ok\r\n", Reply(250, "ok")),
        (b"250\r\n", Reply(250)),
        (b"250-one\r\n250 two\r\n", Reply(250, "one\ntwo")),
        (b"250 ok\r\n221 bye\r\n", Reply(250, "ok")),
        (b"nonsense\r\n550 no\r\n", Reply(550, "no")),
        (b"250 ok\n", Reply(250, "ok")),
        (b"250 \xff\xff\r\n", Reply(250, "\udcff\udcff")),
        (b"250 a\0b\r\n", Reply(250, "ab")),
    ],
)
def test_the_first_complete_reply_is_recorded(octets: bytes, reply: Reply) -> None:
    assert answered_raw(octets).session.exchanges[-1].reply == reply


@pytest.mark.parametrize(
    "octets",
    [
        b"250 ok",
        b"250-one\r\n",
        b"nonsense\r\n",
        b"x250 ok\r\n",
        b"199 wait\r\n",
        b"600 too much\r\n",
        b"2500 too long\r\n",
        b"25\r\n",
        b"\r\n",
    ],
)
def test_an_incomplete_reply_is_not_a_reply(octets: bytes) -> None:
    assert answered_raw(octets).session.exchanges[-1].reply is None


def test_a_reply_can_be_completed_by_a_later_step() -> None:
    conversation = answered_raw(b"250-one\r\n25", b"0 two\r\n")
    assert conversation.session.exchanges[-1].reply == Reply(250, "one\ntwo")


def test_a_client_that_is_answered_again_owes_quit_again() -> None:
    silent, answered = answered_raw(b"25"), answered_raw(b"25")
    answered.rules.clear()
    assert answered.codes("NOOP") == [250]
    for conversation in (silent, answered):
        conversation.eof()
    assert silent.violations == []
    assert answered.violations == ["no-quit"]


def test_a_raw_refusal_refuses() -> None:
    conversation = Conversation(rules=lambda book: book.on("ehlo").send(b"451 later\r\n"))
    assert conversation.codes("EHLO client.test") == [451]
    assert conversation.codes("MAIL FROM:<ann@example.org>") == [503]


def test_a_raw_421_closes() -> None:
    conversation = answered_raw(b"421 closing\r\n")
    assert conversation.is_closed
    assert conversation.session.ended_by == "server"


def test_a_raw_221_to_quit_ends_the_session() -> None:
    conversation = answered_raw(b"221 bye\r\n", stage="quit")
    assert conversation.is_closed
    assert conversation.session.ended_by == "quit"


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ([b"nonsense\r\n250 ok\r\n221 bye\r\n"], ["nonsense", "250 ok", "221 bye"]),
        ([b"250 ok\r\n"], ["250 ok"]),
        ([b"25"], ["25"]),
        ([b"\xff\r\n"], [r"\xff"]),
    ],
)
def test_the_transcript_shows_all_of_it_once(pieces: list[bytes], shown: list[str]) -> None:
    transcript = answered_raw(*pieces).session.transcript
    after = transcript.partition("C: noop")[2]
    assert [line.split(" S: ")[1] for line in after.splitlines() if " S: " in line] == shown

"""A transcript shows a command before its effects, and content as far as it came."""

from __future__ import annotations

import re

import pytest

from tests.conversation import Conversation

UP_TO_CONTENT = [
    "EHLO client.test",
    "MAIL FROM:<ann@example.org>",
    "RCPT TO:<bob@example.org>",
    "RCPT TO:<cat@example.org>",
    "DATA",
]


def lines_of(conversation: Conversation, after: str) -> list[str]:
    """Return what the transcript has after a line, without times."""
    transcript = conversation.session.transcript
    times = [float(time) for time in re.findall(r"^  \+([0-9.]+)", transcript, re.MULTILINE)]
    assert times == sorted(times)
    return re.sub(r"(?m)^  \+[0-9.]+ ", "", transcript.partition(after)[2]).strip().splitlines()


def test_a_hold_of_the_content_comes_after_the_content_and_its_dot() -> None:
    conversation = Conversation(rules=lambda book: book.on("message").hold())
    conversation.lines(*UP_TO_CONTENT)
    conversation.send(b"text\r\n")
    conversation.send(b".\r\n")
    expected = ["C: text", "C: .", r"*  held by the rule on\('message'\) made at .*"]
    for pattern, line in zip(expected, lines_of(conversation, "of its own\n"), strict=True):
        assert re.fullmatch(re.sub(r"^\*", r"\\*", pattern), line)
    conversation.resume()
    assert lines_of(conversation, "of its own\n")[-1] == "S: 250 2.0.0 message accepted"


def test_the_dot_comes_once_though_lmtp_answers_it_for_each_recipient() -> None:
    conversation = Conversation(protocol="lmtp")
    conversation.lines("LHLO client.test", *UP_TO_CONTENT[1:], "text", ".")
    assert lines_of(conversation, "of its own\n") == [
        "C: text",
        "C: .",
        "S: 250 2.0.0 message accepted",
        "S: 250 2.0.0 message accepted",
    ]


@pytest.mark.parametrize("held", [1, 2])
def test_the_dot_comes_once_while_an_answer_of_lmtp_is_held(held: int) -> None:
    conversation = Conversation(
        protocol="lmtp", rules=lambda book: book.on("message").after(held - 1).hold()
    )
    conversation.lines("LHLO client.test", *UP_TO_CONTENT[1:], "text", ".")
    assert lines_of(conversation, "of its own\n").count("C: .") == 1


def test_a_chunk_comes_after_the_command_that_announced_it() -> None:
    conversation = Conversation()
    conversation.lines(*UP_TO_CONTENT[:-1])
    conversation.send(b"BDAT 6 LAST\r\ntext\r\n")
    assert lines_of(conversation, "<cat@example.org>\n")[1:] == [
        "C: BDAT 6 LAST",
        "C: text",
        "S: 250 2.0.0 message accepted",
    ]


def test_content_that_never_became_complete_is_shown_as_far_as_it_came() -> None:
    conversation = Conversation()
    conversation.lines(*UP_TO_CONTENT)
    conversation.send(b"Subject: half\r\n\r\n..and no e")
    conversation.eof()
    assert lines_of(conversation, "of its own\n")[:4] == [
        "C: Subject: half",
        "C:",
        "C: .and no e",
        "*  the content never became complete: 26 octets of it came",
    ]
    assert conversation.transaction.outcome == "aborted"


def test_a_chunk_that_never_became_complete_is_shown_as_far_as_it_came() -> None:
    conversation = Conversation()
    conversation.lines(*UP_TO_CONTENT[:-1])
    conversation.send(b"BDAT 10 LAST\r\ntext\r\n")
    conversation.end("stop")
    assert lines_of(conversation, "<cat@example.org>\n")[1:4] == [
        "C: BDAT 10 LAST",
        "C: text",
        "*  the content never became complete: 6 octets of it came",
    ]


def test_content_that_never_came_is_said_to_be_missing() -> None:
    conversation = Conversation()
    conversation.lines(*UP_TO_CONTENT)
    conversation.eof()
    assert "the content never became complete: 0 octets" in conversation.session.transcript

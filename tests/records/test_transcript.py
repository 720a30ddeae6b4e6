"""The transcript: both directions, with times, content shortened, control characters visible."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conversation import Conversation

if TYPE_CHECKING:
    from tests.conversation import Making, Rules

ENVELOPE = ("EHLO client.test", "MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org>", "DATA")


def shown(conversation: Conversation) -> list[str]:
    """Return the transcript's lines after the first, without their times."""
    first, *lines = conversation.session.transcript.split("\n")
    assert first == "session 1 from 127.0.0.1:50000 at 01:46:40.000000 UTC"
    assert all(re.match(r"  \+[0-9]+\.[0-9]{3} (C:|S:|\* )( |$)", line) for line in lines)
    return [line.split(" ", 3)[3] for line in lines]


def content_shown(content: bytes) -> list[str]:
    conversation = Conversation(extensions=[])
    conversation.lines(*ENVELOPE)
    conversation.send(content + b".\r\n")
    lines = shown(conversation)
    end = lines.index("C: .")
    assert lines[end + 1] == "S: 250 message accepted"
    start = next(i for i, line in enumerate(lines) if line.startswith("S: 354")) + 1
    return lines[start:end]


def test_it_shows_both_directions_and_the_end() -> None:
    conversation = Conversation(extensions=["SIZE"])
    conversation.lines("EHLO client.test", "WHAT", "QUIT")
    assert shown(conversation) == [
        "S: 220 smtpserver.test ESMTP pytest-smtpserver",
        "C: EHLO client.test",
        "S: 250-smtpserver.test",
        "S: 250 SIZE 33554432",
        "C: WHAT",
        "S: 500 command not recognized: WHAT",
        "C: QUIT",
        "S: 221 bye",
        "*  session ended by QUIT",
    ]


def test_times_are_seconds_since_the_session_began() -> None:
    conversation = Conversation(extensions=[])
    conversation.lines("NOOP")
    conversation.lines("NOOP")
    conversation.eof()
    times = re.findall(r"\+([0-9.]+) (?:C:|S:|\*)", conversation.session.transcript)
    assert times == ["0.000", "0.125", "0.125", "0.250", "0.250", "0.375"]


def test_short_content_is_shown_whole() -> None:
    assert content_shown(b"Subject: s\r\n\r\none\r\ntwo\r\n") == [
        "C: Subject: s",
        "C:",
        "C: one",
        "C: two",
    ]


def test_an_empty_line_of_content_is_a_line_wherever_it_is() -> None:
    assert content_shown(b"\r\n") == ["C:"]
    assert content_shown(b"\r\none\r\n\r\n") == ["C:", "C: one", "C:"]
    assert content_shown(b"1\r\n2\r\n3\r\n\r\n5\r\n") == [
        "C: 1",
        "C: 2",
        "C: 3",
        "C:",
        "C: [... 5 lines, 14 octets in all]",
    ]


def test_no_content_has_no_line() -> None:
    assert content_shown(b"") == []


def test_long_content_is_shown_by_its_beginning_and_its_size() -> None:
    assert content_shown(b"".join(b"line %d\r\n" % i for i in range(1000))) == [
        "C: line 0",
        "C: line 1",
        "C: line 2",
        "C: line 3",
        "C: [... 1,000 lines, 9,890 octets in all]",
    ]


def test_content_with_long_lines_is_shown_by_its_beginning_and_its_size() -> None:
    first, size = content_shown(b"x" * 1_000_000 + b"\r\n")
    assert first.startswith("C: xxx")
    assert len(first) < 300
    assert size == "C: [... 1 line, 1,000,002 octets in all]"


def test_further_long_lines_are_counted() -> None:
    lines = content_shown((b"x" * 600 + b"\r\n") * 3)
    assert lines[-1] == "C: [... 3 lines, 1,806 octets in all]"


def test_a_long_line_is_shown_by_both_its_ends() -> None:
    conversation = Conversation(extensions=[])
    conversation.lines("NOOP " + "a" * 250 + "z" * 250)
    line = next(line for line in shown(conversation) if line.startswith("C: NOOP"))
    assert line.startswith("C: NOOP aaa")
    assert line.endswith("zzz")
    assert "[... 325 characters ...]" in line


def test_control_characters_and_raw_octets_are_visible() -> None:
    conversation = Conversation(extensions=[])
    conversation.send(b"NO\0OP\x1b[2J\xff \xc3\xbc\x7f\r\n")
    assert r"C: NO\x00OP\x1b[2J\xff ü\x7f" in shown(conversation)
    assert content_shown(b"a\tb\n\x1b[31m\xff\r\n") == [r"C: a\tb\n\x1b[31m\xff"]


def test_raw_octets_look_the_same_in_a_command_a_reply_and_octets_of_a_rule() -> None:
    def make(book: Rules) -> None:
        book.on("noop").reply("250 \udcff")
        book.on("vrfy").send(b"250 \xff\r\n")

    conversation = Conversation(extensions=[], rules=make)
    for line in (b"WHAT \xff\r\n", b"NOOP\r\n", b"VRFY a\r\n"):
        conversation.send(line)
    expected = [r"C: WHAT \xff", r"S: 250 \xff", r"S: 250 \xff"]
    assert [line for line in shown(conversation) if "ff" in line] == expected
    dialogue = conversation.session.dialogue().split("\n")
    assert [line for line in dialogue if "ff" in line] == expected


def test_an_open_session_shows_the_command_that_awaits_its_answer() -> None:
    conversation = Conversation(rules=lambda book: book.on("noop").hold(), extensions=[])
    conversation.lines("NOOP")
    assert "C: NOOP" in shown(conversation)


def test_half_a_content_is_not_shown() -> None:
    conversation = Conversation(extensions=[])
    conversation.lines(*ENVELOPE, "Subject: half")
    conversation.eof()
    assert shown(conversation)[-1] == "*  the client closed the connection"


def test_the_recorder_shows_its_last_sessions() -> None:
    one = Conversation(extensions=[])
    other = Conversation(one.recorder, extensions=[])
    first, second = one.recorder.transcript().split("\n\n")
    assert first.startswith("session 1 ")
    assert second.startswith("session 2 ")
    assert other.recorder.transcript(1) == second


def test_repeated_lines_of_an_offer_are_counted() -> None:
    conversation = Conversation(extensions=["SIZE", "DSN", "8BITMIME", "PIPELINING"])
    conversation.lines("EHLO client.test", "EHLO client.test")
    first = ["S: 250-smtpserver.test", "S: 250-PIPELINING", "S: 250-SIZE 33554432"]
    lines = shown(conversation)
    assert lines[2:5] == first
    assert lines[lines.index("C: EHLO client.test", 2) + 1 :] == ["S: [... 5 lines as before]"]


def test_new_extensions_in_an_offer_are_shown() -> None:
    conversation = Conversation(
        extensions=["SIZE", "DSN", "8BITMIME"],
        rules=lambda book: book.on("ehlo").reply("250 client\nDSN").then().accept(),
    )
    conversation.lines("EHLO client.test", "EHLO client.test")
    assert "S: 250-SIZE 33554432" in shown(conversation)


def test_an_offer_is_counted_in_the_sessions_after_the_first() -> None:
    one = Conversation()
    one.lines("EHLO client.test")
    other = Conversation(one.recorder)
    other.lines("EHLO client.test")
    first, second = one.recorder.transcript().split("\n\n")
    assert "250-PIPELINING" in first
    assert "250-PIPELINING" not in second
    assert "lines as before]" in second
    assert "250-PIPELINING" in other.session.transcript


def test_content_on_its_way_is_shown_as_far_as_it_came() -> None:
    conversation = Conversation(extensions=[])
    conversation.lines(*ENVELOPE)
    conversation.send(b"Subject: hi\r\n\r\nhel")
    *_, before, subject, empty, body, note = shown(conversation)
    assert before.startswith("S: 354")
    assert [subject, empty, body] == ["C: Subject: hi", "C:", "C: hel"]
    assert note == "*  the content is not complete yet: 18 octets of it have come"


def test_nothing_is_said_of_content_before_it_comes() -> None:
    conversation = Conversation(extensions=[])
    conversation.lines(*ENVELOPE)
    assert shown(conversation)[-1].startswith("S: 354")


def test_complete_content_is_shown_once() -> None:
    conversation = Conversation(extensions=[])
    conversation.lines(*ENVELOPE)
    conversation.send(b"hello\r\n")
    conversation.send(b".\r\n")
    assert shown(conversation)[-3:] == ["C: hello", "C: .", "S: 250 message accepted"]


@pytest.mark.parametrize(
    "rules",
    [
        lambda book: book.on("message", rcpt_to="bob@example.org").reply("421 4.3.2 closing"),
        lambda book: book.on("message", rcpt_to="bob@example.org").disconnect(),
        lambda book: book.on("message", rcpt_to="bob@example.org").hold(),
    ],
    ids=["421", "disconnect", "leave"],
)
def test_content_that_is_complete_is_shown_once_though_not_all_recipients_are_answered(
    rules: Making,
) -> None:
    conversation = Conversation(protocol="lmtp", extensions=[], rules=rules)
    conversation.lines("LHLO client.test", *ENVELOPE[1:3], "RCPT TO:<carol@example.org>", "DATA")
    conversation.send(b"hello\r\n.\r\n")
    conversation.eof()
    lines = shown(conversation)
    assert lines.count("C: hello") == 1
    assert not any("never became complete" in line for line in lines)

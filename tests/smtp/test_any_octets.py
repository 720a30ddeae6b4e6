"""Properties of the engine for any octets, cut anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conversation import Conversation, in_pieces
from tests.present import present
from tests.smtp.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from pytest_smtpserver import ServerSettings

quick = settings(max_examples=200)

#: Valid command lines and pieces of content, so that random input gets further than errors.
WORDS = st.sampled_from(
    [
        b"EHLO client.test\r\n",
        b"HELO client.test\r\n",
        b"MAIL FROM:<ann@example.org>\r\n",
        b"MAIL FROM:<ann@example.org> SIZE=10 BODY=8BITMIME SMTPUTF8\r\n",
        b"MAIL FROM:<> SIZE=100000\r\n",
        b"RCPT TO:<bob@example.org>\r\n",
        b"RCPT TO:<b\xc3\xb6b@example.org>\r\n",
        b"RCPT TO:<b\xf6b@example.org>\r\n",
        b"DATA\r\n",
        b"RSET\r\n",
        b"VRFY bob\r\n",
        b"HELP\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"..\r\n",
        b"\n.\n",
        b"\r.\r",
        b"\n",
        b"\r",
        b"\0",
        b"x" * 600,
    ]
)
#: Leads to the content in few steps, so that many examples get there.
INTRODUCTIONS = st.sampled_from(
    [
        b"",
        b"EHLO client.test\r\n",
        b"EHLO client.test\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
        b"EHLO client.test\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
    ]
)
OCTETS = st.builds(
    lambda introduction, words: introduction + b"".join(words),
    INTRODUCTIONS,
    st.lists(WORDS | st.binary(max_size=20), max_size=20),
)


@st.composite
def cut_octets(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    octets = draw(OCTETS)
    places = st.integers(0, len(octets))
    ends = sorted({*draw(st.lists(places, max_size=12)), len(octets)})
    return octets, [octets[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def outcome_of(
    pieces: Iterable[bytes], **settings: Unpack[ServerSettings]
) -> tuple[bytes, str, list[str]]:
    conversation = Conversation(**settings)
    said = b"".join(map(conversation.send, pieces))
    if not conversation.is_closed:
        conversation.eof()
    return said, recorded(conversation), [repr(e) for e in conversation.session.exchanges]


@quick
@given(cut_octets())
def test_how_octets_are_cut_changes_neither_replies_nor_records(
    case: tuple[bytes, list[bytes]],
) -> None:
    octets, pieces = case
    whole = outcome_of([octets], max_message_size=50)
    assert outcome_of(pieces, max_message_size=50) == whole
    assert outcome_of(in_pieces(octets, 1), max_message_size=50) == whole


def replies(octets: bytes) -> list[int]:
    """Return the codes of the replies, each counted once however many lines it has."""
    lines = octets.split(b"\r\n")
    assert lines.pop() == b""
    return [int(line[:3]) for line in lines if line[3:4] != b"-"]


def expected_replies(conversation: Conversation, octets: bytes) -> list[int]:
    """Feed line by line, and count the replies that a client may expect."""
    codes, in_content, before = [], False, b""
    for line in octets.split(b"\n")[:-1]:
        said = replies(conversation.send(line + b"\n"))
        ends = line == b".\r" and before.endswith(b"\r")
        assert len(said) == (ends if in_content else 1)
        in_content = said[-1] == 354 if said else in_content
        before = line if in_content and not said else b"\r"
        codes += said
        if conversation.is_closed:
            break
    return codes


@quick
@given(OCTETS)
def test_each_command_line_gets_exactly_one_reply(octets: bytes) -> None:
    codes = expected_replies(Conversation(), octets)
    assert replies(Conversation().send(octets)) == codes
    assert all(200 <= code <= 599 for code in codes)


@quick
@given(OCTETS)
def test_every_reply_is_an_exchange_with_its_command(octets: bytes) -> None:
    conversation = Conversation()
    codes = replies(conversation.greeting + conversation.send(octets))
    assert [present(one.reply).code for one in conversation.session.exchanges] == codes


def stuffed(content: bytes) -> bytes:
    """Double dots as a client must (RFC 5321 section 4.5.2)."""
    lines = content.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


PIECES_OF_CONTENT = st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"\r\n.", b"\r\n.\r", b"a"])


@quick
@given(
    st.lists(PIECES_OF_CONTENT | st.binary(max_size=30), max_size=30).map(b"".join),
    st.integers(1, 40),
)
def test_content_arrives_exactly_as_it_was_sent(content: bytes, size: int) -> None:
    content = content if content.endswith(b"\r\n") else content + b"\r\n"
    conversation = Conversation(max_message_size=0)
    conversation.lines("EHLO client.test", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
    sent = stuffed(content) + b".\r\nQUIT\r\n"
    codes = replies(b"".join(map(conversation.send, in_pieces(sent, size))))
    assert codes == [250, 221]
    (message,) = conversation.messages
    assert message.content == content


@quick
@given(st.binary(max_size=60), st.integers(1, 60))
def test_the_limit_is_on_the_content_without_its_transparency_dots(
    content: bytes, limit: int
) -> None:
    content += b"\r\n"
    conversation = Conversation(max_message_size=limit)
    conversation.lines("EHLO client.test", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
    codes = replies(conversation.send(stuffed(content) + b".\r\n"))
    assert codes == [250 if len(content) <= limit else 552]


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 65536])
def test_a_long_content_survives_any_size_of_pieces(size: int) -> None:
    content = b"..\r\n.\n\r.\r\r\n" * 2000
    conversation = Conversation()
    conversation.lines("EHLO client.test", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
    for piece in in_pieces(stuffed(content) + b".\r\n", size):
        conversation.send(piece)
    assert conversation.messages[0].content == content

"""Replies: a code, perhaps an enhanced status code, and text."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smtpserver import Reply


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("550 5.1.1 no such user", Reply(550, "no such user", "5.1.1")),
        ("250 OK", Reply(250, "OK")),
        ("250", Reply(250)),
        ("250 ", Reply(250)),
        ("250 2.0.0", Reply(250, "", "2.0.0")),
        ("250 2.0.0 ", Reply(250, "", "2.0.0")),
        ("421 4.3.2 one\ntwo", Reply(421, "one\ntwo", "4.3.2")),
        ("250 2.0", Reply(250, "2.0")),
        ("250 2.0.0.1 text", Reply(250, "2.0.0.1 text")),
        ("550 3.1.1 text", Reply(550, "3.1.1 text")),
        ("452 4.123.999 text", Reply(452, "text", "4.123.999")),
        ("250  two spaces", Reply(250, " two spaces")),
    ],
)
def test_a_line_is_parsed_into_its_parts(line: str, reply: Reply) -> None:
    assert Reply.parse(line) == reply


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(550, "no such user", "5.1.1"), "550 5.1.1 no such user"),
        (Reply(250), "250"),
        (Reply(250, "OK"), "250 OK"),
        (Reply(250, "", "2.0.0"), "250 2.0.0"),
        (Reply(250, "one\ntwo"), "250 one\ntwo"),
    ],
)
def test_its_string_is_the_line(reply: Reply, text: str) -> None:
    assert str(reply) == text
    assert Reply.parse(text) == reply


TEXTS = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))
ENHANCED = st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True)


@given(st.integers(200, 599), TEXTS, ENHANCED)
def test_parse_is_the_inverse_of_str(code: int, text: str, enhanced: str) -> None:
    reply = Reply(code, text, enhanced)
    assert Reply.parse(str(reply)) == reply


@pytest.mark.parametrize("line", ["", "OK", "25", "2500", "25O OK", " 250 OK", "250-OK", "250\tOK"])
def test_a_malformed_reply_line_is_a_value_error_that_shows_it(line: str) -> None:
    with pytest.raises(ValueError, match=r"a reply must be like '550 5\.1\.1 no such user'"):
        Reply.parse(line)


@pytest.mark.parametrize("code", [-1, 0, 199, 600, 999])
def test_a_code_is_from_200_to_599(code: int) -> None:
    with pytest.raises(ValueError, match=f"from 200 to 599, not {code}"):
        Reply(code)


@pytest.mark.parametrize("line", ["199 x", "600 x", "000 x"])
def test_a_parsed_code_is_from_200_to_599(line: str) -> None:
    with pytest.raises(ValueError, match="from 200 to 599"):
        Reply.parse(line)


@pytest.mark.parametrize("code", ["250", 250.0, None, True])
def test_a_code_is_an_int(code: Any) -> None:
    with pytest.raises(TypeError, match="an int from 200 to 599"):
        Reply(code)


@pytest.mark.parametrize("text", ["a\rb", "a\r\nb", "a\0b", "\r"])
def test_cr_and_nul_are_errors(text: str) -> None:
    with pytest.raises(ValueError, match="no CR and no NUL"):
        Reply(250, text)


@pytest.mark.parametrize("text", [None, b"OK", 1])
def test_a_text_is_a_str(text: Any) -> None:
    with pytest.raises(TypeError, match="a str"):
        Reply(250, text)


@pytest.mark.parametrize(
    "enhanced", ["", "5", "5.1", "5.1.1.1", "3.1.1", "5.1.1000", "5.1.x", "5.1.1 ", "5.1.1\n"]
)
def test_an_enhanced_status_code_has_three_numbers(enhanced: str) -> None:
    with pytest.raises(ValueError, match=r"like '5\.1\.1'"):
        Reply(550, "text", enhanced)


@pytest.mark.parametrize("enhanced", [5, 5.1, b"5.1.1", (5, 1, 1)])
def test_an_enhanced_status_code_is_a_str(enhanced: Any) -> None:
    with pytest.raises(TypeError, match="a str or None"):
        Reply(550, "text", enhanced)


def test_every_line_has_the_codes_and_all_but_the_last_a_hyphen() -> None:
    assert Reply(550, "one\ntwo\nthree", "5.1.1").octets == (
        b"550-5.1.1 one\r\n550-5.1.1 two\r\n550 5.1.1 three\r\n"
    )


@pytest.mark.parametrize(
    ("reply", "octets"),
    [
        (Reply(250), b"250\r\n"),
        (Reply(250, "OK"), b"250 OK\r\n"),
        (Reply(250, "", "2.0.0"), b"250 2.0.0\r\n"),
        (Reply(250, "a\n\nb"), b"250-a\r\n250-\r\n250 b\r\n"),
        (Reply(250, "a\n", "2.0.0"), b"250-2.0.0 a\r\n250 2.0.0\r\n"),
        (Reply(250, "\n"), b"250-\r\n250\r\n"),
        (Reply(250, "grüße"), b"250 gr\xc3\xbc\xc3\x9fe\r\n"),
        (Reply(250, "\udcff\udcff"), b"250 \xff\xff\r\n"),
    ],
)
def test_its_octets_are_what_is_sent(reply: Reply, octets: bytes) -> None:
    assert reply.octets == octets


def test_without_an_enhanced_status_code_none_is_added() -> None:
    assert Reply(550, "no").enhanced is None
    assert b"5." not in Reply(550, "no").octets


def test_replies_are_values() -> None:
    assert Reply(250, "OK") == Reply(250, "OK")
    assert Reply(250, "OK") != Reply(250, "OK", "2.0.0")
    assert len({Reply(250, "OK"), Reply(250, "OK"), Reply(251, "OK")}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Reply(250, "OK").code = 251  # type: ignore[misc]


@pytest.mark.parametrize(("code", "is_positive"), [(200, True), (354, True), (400, False)])
def test_codes_below_400_are_positive(code: int, is_positive: bool) -> None:
    assert Reply(code).is_positive is is_positive


def test_only_a_str_is_parsed() -> None:
    with pytest.raises(
        TypeError, match=r"a reply must be a str like '550 5\.1\.1 no such user', not 550"
    ):
        Reply.parse(550)  # type: ignore[arg-type]

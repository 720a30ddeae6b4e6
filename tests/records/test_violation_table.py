"""The catalogue of violations."""

import dataclasses
import re

import pytest

from pytest_smtpserver import Violation
from pytest_smtpserver.records.violations import KINDS, violation

CODES = [
    "out-of-order", "bad-syntax", "unknown-command", "long-command-line", "bare-lf-command",
    "eight-bit-command", "early-talker", "pipelined-too-far", "pipelining-not-offered",
    "bad-helo-domain", "unknown-parameter", "plaintext-after-starttls", "plaintext-credentials",
    "no-quit", "data-after-quit",
]  # fmt: skip


def test_the_catalogue_has_these_codes() -> None:
    assert list(KINDS) == CODES


@pytest.mark.parametrize("code", CODES)
def test_each_kind_is_a_sentence_with_a_section(code: str) -> None:
    one = violation(code)
    assert one.code == code
    assert re.fullmatch(r"[a-z][^:.]+", one.text)
    assert re.fullmatch(r"RFC \d{4} section \d+(\.\d+)*", one.rfc)


def test_a_violation_says_what_and_where() -> None:
    one = violation("out-of-order", "RCPT before MAIL")
    assert one.text == "the command may not come here: RCPT before MAIL"


def test_a_violation_can_be_read_in_one_line() -> None:
    one = violation("no-quit", "after RSET")
    text = "no-quit: the client left without QUIT: after RSET (RFC 5321 section 4.1.1.10)"
    assert str(one) == text
    assert repr(one) == f"<Violation {text}>"


def test_violations_are_compared_by_identity() -> None:
    one, other = violation("no-quit"), violation("no-quit")
    assert one == one
    assert one != other


def test_a_violation_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        violation("no-quit").code = "bad-syntax"  # type: ignore[misc]


def test_a_violation_takes_keywords_only() -> None:
    with pytest.raises(TypeError):
        Violation("no-quit", "after RSET", "RFC 5321 section 4.1.1.10")  # type: ignore[call-arg]


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        violation("no-such-code")

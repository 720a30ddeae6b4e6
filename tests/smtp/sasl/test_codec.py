"""Base64 as RFC 4954 requires it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smtpserver.smtp.grammar import Refusal
from pytest_smtpserver.smtp.sasl import decoded, decoded_initial, encoded


@given(st.binary())
def test_encoding_and_decoding_gives_the_same(octets: bytes) -> None:
    assert decoded(encoded(octets).encode()) == octets


def test_a_long_answer_is_one_line() -> None:
    assert "\n" not in encoded(bytes(1000))


def test_an_empty_line_has_no_data() -> None:
    assert decoded(b"") == b""


def test_an_equals_sign_is_an_initial_response_without_data() -> None:
    assert decoded_initial("=") == b""


def test_an_initial_response_is_base64() -> None:
    assert decoded_initial("AHRpbQ==") == b"\0tim"


@pytest.mark.parametrize(
    "line",
    [
        # The first two are those of RFC 4954 section 4.
        b"=AAA",
        b"AAA=BBB",
        b"=",
        b"A",
        b"AA",
        b"AA=",
        b"AAA",
        b"AAAA=",
        b"AA==AAAA",
        b"AA AA==",
        b" AAAA",
        b"AAAA\n",
        b"AA-_",
        b"AAA\xff",
        b"*",
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        decoded(line)

    assert str(caught.value) == "501 5.5.2 cannot decode the base64 of this answer"


@pytest.mark.parametrize("argument", ["*", "AAA", "ä", "\udcff", "AAAA AAAA", "=="])
def test_any_other_initial_response_is_refused(argument: str) -> None:
    with pytest.raises(Refusal):
        decoded_initial(argument)


@given(st.binary())
def test_no_line_raises_anything_but_a_refusal(line: bytes) -> None:
    with suppress(Refusal):
        assert isinstance(decoded(line), bytes)

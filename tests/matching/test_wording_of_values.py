"""Values on one bounded line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smtpserver.matching.wording import aligned, first_difference, shortened, shown


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, 4097, 9999])
def test_the_first_difference_is_found_wherever_it_is(at: int) -> None:
    text = "x" * 10_000
    assert first_difference(text, f"{text[:at]}y{text[at + 1 :]}") == at
    assert first_difference(text, text[:at]) == at


TEXTS = st.text("ab\n", max_size=90)


@given(TEXTS, TEXTS, TEXTS)
def test_texts_are_the_same_before_the_first_difference_and_differ_there(
    head: str, one: str, other: str
) -> None:
    one, other = head + one, head + other
    at = first_difference(one, other)
    assert one[:at] == other[:at]
    assert one[at : at + 1] != other[at : at + 1] or one == other


@given(TEXTS, TEXTS)
def test_aligned_texts_are_on_one_line_each(one: str, other: str) -> None:
    expected, actual, column = aligned(one, other)
    assert len(expected.splitlines()) == len(actual.splitlines()) == 1
    assert column >= 1


class Talkative:
    def __repr__(self) -> str:
        return "<first line\r\nsecond line " + "x" * 1000 + ">"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


def a_function() -> None:
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", r"'a\nb'"),
        (a_function, "a_function"),
        (int, "int"),
        (["a", "b"], "['a', 'b']"),
        (None, "None"),
    ],
)
def test_values_are_shown_as_python_writes_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_long_or_broken_repr_does_no_harm() -> None:
    assert shown(Talkative()).startswith("<first line second line xxx")
    assert len(shown(Talkative())) < 80
    assert shown(Broken()).startswith("<Broken instance at 0x")


def test_a_long_text_loses_its_middle() -> None:
    assert shortened("begin" + "x" * 100 + "end", 20) == "beginxxx...xxxxxend"
    assert shortened("short\nlines") == "short lines"

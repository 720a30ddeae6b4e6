"""However much mail came, a failure text is short, shows the difference, and is made quickly."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError
from pytest_smtpserver.matching import Criteria, describe_candidates, describe_failure
from tests.matching.stand_in_records import Reply, Transaction, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from tests.matching.stand_in_records import Told

MEGABYTES = "All work and no play makes Jack a dull boy. " * 200_000


def failure(given: Mapping[str, object], records: Sequence[object], **told: Unpack[Told]) -> str:
    criteria = Criteria.for_messages(given)
    text = describe_failure(count=1, criteria=criteria, records=records, matched=[], **told)
    return str(SMTPAssertionError(text))


def test_everything_at_once_takes_about_forty_lines() -> None:
    refused = [Transaction(refused=((f"{n}@b.example", Reply(550, "no")),)) for n in range(9)]
    text = failure(
        dict.fromkeys(["subject", "mail_from", "rcpt_to", "to", "body", "username"], "x@x.example"),
        [message("Hi", to="a@b.example", text="Ho")] * 100,
        refused=refused,
        hints=["hint"] * 9,
        transcript="line\n" * 500,
    )
    assert 35 <= len(text.splitlines()) <= 44


def test_only_the_latest_are_listed_and_the_rest_is_counted() -> None:
    text = failure({"cc": "a@b.example"}, [message(f"number {n}") for n in range(1, 101)])
    assert "\n100 messages:\n  ... 72 more before\n  73. subject='number 73'," in text
    assert 35 <= len(text.splitlines()) <= 40


def test_all_are_listed_if_there_is_room() -> None:
    refused = [Transaction(refused=((f"{n}@b.example", Reply(550, "no")),)) for n in range(6)]
    text = failure(
        {"cc": "a@b.example"}, [message(f"number {n}") for n in range(12)], refused=refused
    )
    assert "more before" not in text
    assert (text.count(". subject='number "), text.count("' with 550 no")) == (12, 6)


def test_a_closest_message_that_is_not_listed_is_shown_all_the_same() -> None:
    records = [message("Welcom"), *[message("Bye")] * 50]
    text = failure({"subject": "Welcome"}, records)
    assert "\nclosest is message 1 of 51 (subject='Welcom', mail_from='app@example.org'," in text


def test_only_the_end_of_the_transcript_is_shown() -> None:
    text = failure({}, [], transcript="\n".join(f"line {n}" for n in range(100)))
    assert text.endswith("\n  line 98\n  line 99")
    assert "line 50" not in text
    assert len(text.splitlines()) <= 40


def test_a_huge_line_of_a_transcript_is_shortened() -> None:
    assert len(failure({}, [], transcript="x" * 100_000)) < 300


def test_many_candidates_are_counted() -> None:
    text = describe_candidates(noun="link", which="", found=[str(n) for n in range(100)])
    assert text.endswith("\n  20. '19'\n  ... 80 more")


def test_a_long_text_is_shown_where_it_differs() -> None:
    head, tail = "a" * 1000, "z" * 1000
    text = failure({"subject": head + "X" + tail}, [message(head + "Y" + tail)])
    expected, actual, caret = text.splitlines()[5:8]
    assert expected == f"  subject: expected ...'{'a' * 36}X{'z' * 35}'..."
    assert actual == f"           actual   ...'{'a' * 36}Y{'z' * 35}'..."
    assert actual[len(caret) - 1] == "Y"


@pytest.mark.parametrize(
    ("expected", "actual", "shown"),
    [
        ("one two", "one\ttwo", r"'one\ttwo'"),
        ("one two", "one\r\ntwo", r"'one\r\ntwo'"),
        ("one two", "one\u00a0two", r"'one\xa0two'"),
        ("one two", "one \u200btwo", r"'one \u200btwo'"),
        ("one two", "one \udce9two", r"'one \udce9two'"),
        ("don't!", "don't?", '"don\'t?"'),
        (r"back\slash", r"back\\slash", r"'back\\\\slash'"),
    ],
)
def test_invisible_characters_are_escaped_and_the_caret_is_below_them(
    expected: str, actual: str, shown: str
) -> None:
    lines = failure({"subject": expected}, [message(actual)]).splitlines()
    first = next(at for at, one in enumerate(actual) if expected[at : at + 1] != one)
    escaped = actual[:first].replace("\\", "\\\\")
    assert lines[6] == f"           actual   {shown}"
    assert lines[7].index("^") == len("           actual   '" + escaped)


def test_a_caret_stands_right_below_wide_and_combined_characters() -> None:
    lines = failure({"subject": "日本e\u0301!"}, [message("日本e\u0301?")]).splitlines()
    assert lines[7].index("^") == len("           actual   '") + 2 + 2 + 1


def test_a_first_line_is_one_line_whatever_it_contains() -> None:
    text = failure({"subject": "a\nb"}, [message("a\r\n\x0b\u2028c")])
    assert text.splitlines()[0] == r"subject is 'a\r\n\x0b\u2028c', not 'a\nb' (1 message)"


def test_the_latest_of_equally_close_messages_is_shown() -> None:
    text = failure({"subject": "Welcome"}, [message("Welcom")] * 3)
    assert "\nclosest is message 3 of 3:\n" in text


def test_a_message_with_fewer_differences_is_closer_than_one_with_a_similar_text() -> None:
    records = [message("X", mail_from="a@b.example"), message("Welcom")]
    text = failure({"subject": "Welcome", "mail_from": "a@b.example"}, records)
    assert "\nclosest is message 1 of 2:\n" in text


def test_the_message_with_most_of_the_words_is_the_closest() -> None:
    records = [message(text="Your code"), message(text="code here"), message(text="nothing")]
    text = failure({"text": "Your code is here"}, records)
    assert "\nclosest is message 2 of 3:\n" in text


@pytest.mark.parametrize(
    ("given", "records"),
    [
        ({"subject": "Welcome " * 10}, [message(f"{n} " * 30) for n in range(1000)]),
        ({"body": "Welcome, Ann!"}, [message(text=f"{n} Ann " * 500) for n in range(1000)]),
        ({"body": "Jack is a dull boy"}, [message(text=MEGABYTES)]),
        ({"text": MEGABYTES[:5000] + "girl"}, [message(text=MEGABYTES)]),
        ({"subject": MEGABYTES + "!"}, [message(MEGABYTES + "?")]),
        ({"where": lambda _: False}, [message(MEGABYTES)]),
    ],
    ids=["many subjects", "many bodies", "huge body", "huge passage", "huge subject", "predicate"],
)
def test_a_failure_among_many_or_huge_messages_is_explained_quickly(
    given: Mapping[str, object], records: Sequence[object]
) -> None:
    started = process_time()
    text = failure(given, records)
    # Typically a tenth of this; more means that something looks at everything.
    assert process_time() - started < 1
    assert len(text) < 6000


def test_what_other_tools_give_to_an_error_of_ours_is_kept() -> None:
    cause = ValueError("x")
    assert SMTPAssertionError(1, None, cause, "a\x1b").args == (1, None, cause, "a\\x1b")
    assert str(SMTPAssertionError()) == ""


def test_no_line_of_a_failure_is_longer_than_200_characters() -> None:
    first, second = str(SMTPAssertionError("a" * 300 + "\n" + "\x1b" * 100 + "b")).split("\n")
    assert (len(first), len(second)) == (199, 199)
    assert second.startswith(r"\x1b\x1b")
    assert second.endswith("b")

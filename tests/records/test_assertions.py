"""What a test asserts of one message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unittest.mock import ANY

import pytest

from tests.failing import first_line
from tests.making import both, html, message, text

if TYPE_CHECKING:
    from pathlib import Path


def test_a_message_that_meets_all_criteria_passes() -> None:
    text("Hello").assert_matches(subject="Hello", rcpt_to="ann@EXAMPLE.org", cc=None)


def test_a_message_that_does_not_says_what_differs() -> None:
    assert first_line(text("Hello").assert_matches, subject="Hallo", to="x@y") == (
        "subject is 'Hello', not 'Hallo'; there is no To field (expected to='x@y')"
    )


def test_only_the_given_parts_of_the_envelope_are_compared() -> None:
    mail = message("\n", mail_from="", parameters={"SIZE": "5", "SMTPUTF8": None})
    mail.assert_envelope()
    mail.assert_envelope(mail_from="")
    mail.assert_envelope(rcpt_to=["ann@example.org"])
    mail.assert_envelope(parameters={"size": re.compile("^[0-9]$"), "SMTPUTF8": None})
    assert first_line(mail.assert_envelope, mail_from="app@example.org") == (
        "mail_from is '', not 'app@example.org'"
    )
    assert first_line(mail.assert_envelope, parameters={"BODY": "8BITMIME"}) == (
        "parameters['BODY'] is absent, not '8BITMIME'"
    )


def test_a_header_field_is_present_has_a_value_or_is_absent() -> None:
    mail = message("X-Id: 1\nX-Id: 2\n\n")
    mail.assert_header("x-id")
    mail.assert_header("x-id", ANY)
    mail.assert_header("X-Id", "2")
    mail.assert_header("X-Other", None)
    assert first_line(mail.assert_header, "X-Other") == (
        "there is no X-Other field (expected header['X-Other']=ANY)"
    )
    assert first_line(mail.assert_header, "X-Id", None) == (
        "header['X-Id'] is '1', '2', not absent"
    )


def test_a_body_contains_what_is_expected_in_any_part_or_in_one() -> None:
    mail = both("Dear Ann,\n bye", "<p>Dear <b>Bob</b>, bye")
    mail.assert_body("Ann, bye")
    mail.assert_body("Bob, bye")
    mail.assert_body("Dear Bob", part="html")
    mail.assert_body("<b>Bob", part="html")
    mail.assert_body(re.compile("^Dear Ann"), part="text")
    assert first_line(mail.assert_body, "Dear Bob", part="text") == (
        "text has 'Dear Ann', not 'Dear Bob' (found in the HTML body: use body=)"
    )


def test_a_body_that_is_only_in_the_other_part_is_said_to_be_there() -> None:
    assert first_line(html("<p>Hello").assert_body, "Hello", part="text") == (
        "there is no plain-text body (expected text='Hello'; found in the HTML body: use body=)"
    )
    assert first_line(text("Hello").assert_body, "Hello", part="html") == (
        "there is no HTML body (expected html='Hello'; found in the plain-text body: use body=)"
    )


def test_an_unknown_part_of_the_body_is_an_error() -> None:
    with pytest.raises(ValueError, match="part='plain': must be one of any, text, html"):
        text("x").assert_body("x", part="plain")  # type: ignore[arg-type]


def test_a_misspelt_criterion_is_an_error_that_suggests() -> None:
    with pytest.raises(TypeError, match=r"unknown criterion 'subjct': did you mean 'subject'?"):
        text("x").assert_matches(subjct="x")  # type: ignore[call-arg]


def test_blind_recipients_are_those_that_the_header_does_not_name() -> None:
    mail = message(
        'To: "A" <ann@EXAMPLE.org>\nCc: Ann@example.org\n\n',
        rcpt_to=("ann@example.org", "eve@example.org", "Ann@Example.org"),
    )
    assert mail.blind_recipients == ("eve@example.org",)


def test_a_message_is_saved_as_it_was_sent(tmp_path: Path) -> None:
    mail = text("Hello", subject="a/b: ü?")
    assert mail.save(tmp_path / "new" / "it.eml").read_bytes() == mail.content
    assert [mail.save(tmp_path).name for _ in range(2)] == ["a-b-ü.eml", "a-b-ü-2.eml"]
    # Windows has a device of that name.
    assert message("Subject: con\n\n").save(tmp_path).name == "_con.eml"


@pytest.mark.parametrize(
    ("unknown", "meant"),
    [
        ("username", "'session.username'"),
        ("user", "'session.username'"),
        ("tls", "'session.tls'"),
        ("helo", "'session.helo'"),
        ("outcome", "'transaction.outcome'"),
        ("refused", "'transaction.refused'"),
        ("raw", "'content'"),
        ("title", "'subject'"),
        ("return_path", "'envelope.mail_from'"),
        ("recipients", "'envelope.rcpt_to' or 'to'"),
    ],
)
def test_an_unknown_attribute_suggests_where_its_meaning_is(unknown: str, meant: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(text("Hello"), unknown)
    assert str(caught.value) == (
        f"'Message' object has no attribute {unknown!r}; did you mean {meant}?"
    )

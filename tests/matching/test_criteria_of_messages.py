"""What each kind of expected value means for each criterion of a message."""

import re
from typing import Any
from unittest.mock import ANY

import pytest
from dirty_equals import HasLen, IsPartialDict, IsStr

from pytest_smtpserver.matching import Criteria
from tests.matching.stand_in_records import Attachment, Message, Session, message


def matches(record: object, **given: object) -> bool:
    return Criteria.for_messages(given).matches(record)


def addressed(criterion: str, *addresses: str) -> Message:
    """Return a message with these addresses where the criterion looks for them."""
    given: Any = addresses if criterion == "rcpt_to" else ", ".join(addresses)
    return message(**{criterion: given})


def test_no_criteria_fit_every_message() -> None:
    assert matches(Message())


def test_all_criteria_must_hold() -> None:
    record = message("Welcome")
    assert matches(record, subject="Welcome", mail_from="app@example.org")
    assert not matches(record, subject="Welcome", mail_from="other@example.org")


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ("Welcome to us", True),
        ("Welcome", False),
        ("welcome to us", False),
        (re.compile("^Welc"), True),
        (re.compile("^to"), False),
        (lambda subject: subject.endswith("us"), True),
        (lambda subject: [], False),
        (None, False),
        (ANY, True),
        (IsStr, True),
        (int, False),
        (IsStr(regex="Welcome .*"), True),
        (IsStr(max_length=3), False),
    ],
)
def test_a_subject_is_compared_as_a_whole(expected: object, fits: bool) -> None:
    assert matches(message("Welcome to us"), subject=expected) is fits


def test_none_matches_a_missing_subject_but_not_an_empty_one() -> None:
    assert matches(message(), subject=None)
    assert not matches(message(""), subject=None)


@pytest.mark.parametrize("criterion", ["mail_from", "rcpt_to", "from_", "to", "cc", "reply_to"])
def test_an_address_is_compared_with_its_domain_without_case(criterion: str) -> None:
    given = "Ann@Example.org"
    record = addressed(criterion, given)
    assert matches(record, **{criterion: "Ann@example.ORG"})
    assert not matches(record, **{criterion: "ann@example.org"})
    assert not matches(record, **{criterion: "example.org"})


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ("ann@x.example", True),
        ("bob@x.example", True),
        ("cid@x.example", False),
        ("<bob@x.example>", True),
        (re.compile("^bob@"), True),
        (re.compile("^cid@"), False),
        (["bob@x.example", "ann@X.example"], True),
        (("bob@x.example", "ann@x.example"), True),
        ({"bob@x.example", "ann@x.example"}, True),
        (frozenset({"bob@x.example"}), False),
        (["ann@x.example", "bob@x.example", "bob@x.example"], False),
        ([], False),
        (lambda addresses: addresses == ("ann@x.example", "bob@x.example"), True),
        (HasLen(2), True),
        (HasLen(1), False),
        (tuple, False),
        (ANY, True),
        (None, False),
    ],
)
@pytest.mark.parametrize("criterion", ["rcpt_to", "to", "cc", "reply_to"])
def test_a_str_is_one_of_several_addresses_and_a_collection_is_all(
    criterion: str, expected: object, fits: bool
) -> None:
    addresses = ("ann@x.example", "bob@x.example")
    record = addressed(criterion, *addresses)
    assert matches(record, **{criterion: expected}) is fits


def test_an_address_counts_as_often_as_it_is_there() -> None:
    record = message(rcpt_to=("ann@x.example", "ann@x.example"))
    assert matches(record, rcpt_to=["ann@x.example"] * 2)
    assert not matches(record, rcpt_to=["ann@x.example"])
    assert not matches(record, rcpt_to={"ann@x.example"})


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ("Ann Smith <ann@x.example>", True),
        ('"Ann Smith"  <ann@X.example>', True),
        ("ann@x.example", True),
        ("Ann <ann@x.example>", False),
        ("Ann Smith <bob@x.example>", False),
        (["Ann Smith <ann@x.example>"], True),
        (["Bob <ann@x.example>"], False),
    ],
)
@pytest.mark.parametrize("criterion", ["from_", "to", "cc", "reply_to"])
def test_a_display_name_is_compared_only_if_it_is_given(
    criterion: str, expected: object, fits: bool
) -> None:
    record = addressed(criterion, "Ann Smith <ann@x.example>")
    assert matches(record, **{criterion: expected}) is fits


def test_a_pattern_and_a_callable_see_the_address_without_display_name() -> None:
    record = message(from_="Ann <ann@x.example>", to="Bob <bob@x.example>")
    assert matches(record, from_=re.compile("^ann@x.example$"), to=re.compile("^bob@x.example$"))
    assert matches(record, from_=lambda address: address == "ann@x.example")
    assert not matches(record, from_=re.compile("Ann"))


def test_none_matches_an_absent_field_and_an_empty_list_no_address() -> None:
    assert matches(message(), from_=None, to=None, cc=None, reply_to=None)
    assert not matches(message(to=""), to=None)
    assert matches(message(rcpt_to=()), rcpt_to=[])


def test_the_null_sender_is_the_empty_str_and_never_absent() -> None:
    assert matches(message(mail_from=""), mail_from="")
    assert not matches(message(mail_from=""), mail_from=None)
    assert not matches(message(), mail_from="")


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ("1", True),
        ("2", True),
        ("3", False),
        (re.compile("[23]"), True),
        (lambda value: value == "2", True),
        (ANY, True),
        (IsStr(regex="3"), False),
        (None, False),
    ],
)
def test_any_of_several_fields_with_one_name_can_match(expected: object, fits: bool) -> None:
    record = message(headers=(("X-Id", "1"), ("X-ID", "2")))
    assert matches(record, header={"x-id": expected}) is fits


def test_an_absent_field_matches_only_none() -> None:
    assert matches(message(), header={"X-Id": None})
    for expected in ("", re.compile(""), ANY, lambda value: True):
        assert not matches(message(), header={"X-Id": expected})


def test_every_name_in_a_header_mapping_must_fit() -> None:
    record = message(headers=(("X-Id", "1"),))
    assert matches(record, header={"X-Id": "1", "Bcc": None})
    assert not matches(record, header={"X-Id": "1", "Bcc": ANY})


@pytest.mark.parametrize("criterion", ["text", "html", "body"])
def test_a_str_is_contained_with_white_space_folded(criterion: str) -> None:
    text = "Dear Ann,\n\n  your code\u00a0is\n1234.\n"
    record = Message(text=text, html=text)
    assert matches(record, **{criterion: "your code is 1234"})
    assert matches(record, **{criterion: "Ann, your\tcode  is"})
    assert matches(record, **{criterion: text})
    assert not matches(record, **{criterion: "your code is 1234 "[::-1]})
    assert not matches(record, **{criterion: "code your is"})


def test_a_body_is_the_text_or_what_is_seen_of_the_html_or_the_html_itself() -> None:
    record = Message(text="one", html="<b>two</b> three", html_text="two three")
    for expected in ("one", "two three", "<b>two</b>", re.compile("^two")):
        assert matches(record, body=expected)
    assert not matches(record, body="four")


def test_a_callable_is_not_asked_about_a_part_that_is_not_there() -> None:
    assert not matches(Message(text="secret"), body=lambda part: "secret" not in part)


def test_none_matches_a_body_without_any_part() -> None:
    assert matches(Message(), text=None, html=None, body=None)
    assert not matches(Message(text="x"), body=None)
    assert matches(Message(text="x"), html=None)


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ("*.pdf", True),
        ("bill.*", True),
        ("[bc]ill.pdf", True),
        ("bill", False),
        ("*.PDF", False),
        (re.compile(r"\.csv$"), True),
        (lambda name: name == "data.csv", True),
        (IsStr(regex="x.*"), False),
        (None, False),
    ],
)
def test_an_attachment_is_any_whose_file_name_fits(expected: object, fits: bool) -> None:
    files = (Attachment(filename="bill.pdf"), Attachment(filename="data.csv"))
    assert matches(Message(attachments=files), attachment=expected) is fits


def test_none_fits_a_message_without_attachments() -> None:
    assert matches(Message(), attachment=None)


def test_a_username_is_that_of_the_session() -> None:
    record = Message(session=Session(username="ann"))
    assert matches(record, username="ann")
    assert not matches(record, username="Ann")
    assert matches(Message(), username=None)


def test_where_gets_the_message() -> None:
    record = message("Welcome")
    assert matches(record, where=lambda given: given is record)
    assert not matches(record, where=lambda given: None)


def test_an_expected_value_is_on_the_left_of_the_comparison() -> None:
    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

    assert matches(message("x"), subject=Anything())


def test_a_str_with_an_equality_of_its_own_type_is_text() -> None:
    class SafeString(str):
        __slots__ = ()

    assert matches(message("Welcome"), subject=SafeString("Welcome"))


def test_parameters_of_the_envelope_are_compared_by_keyword() -> None:
    record = message(parameters={"SIZE": "12", "SMTPUTF8": None})

    def fits(**parameters: object) -> bool:
        return Criteria.for_envelopes({"parameters": parameters}).matches(record)

    assert fits(SIZE="12", SMTPUTF8=None)
    assert fits(size=re.compile("^1"))
    assert fits(SMTPUTF8=ANY)
    assert not fits(SIZE=None)
    assert not fits(BODY=None)
    assert not fits(BODY=IsPartialDict())

"""Criteria that make no sense are errors at once, and callables that raise are not swallowed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unittest.mock import ANY, Mock

import dirty_equals
import pytest

from pytest_smtpserver.matching import Criteria, CriterionError
from tests.matching.stand_in_records import Session, message

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("sujbect", "subject"),
        ("rcpt", "rcpt_to"),
        ("mailfrom", "mail_from"),
        ("headers", "header"),
        ("from", "from_"),
        ("attachments", "attachment"),
    ],
)
def test_an_unknown_criterion_suggests_the_nearest(unknown: str, nearest: str) -> None:
    text = f"unknown criterion '{unknown}': did you mean '{nearest}'? "
    with pytest.raises(TypeError, match=re.escape(text)):
        Criteria.for_messages({unknown: "x"})


@pytest.mark.parametrize(
    ("unknown", "meant"),
    [
        ("mail_to", "'rcpt_to'"),
        ("to_addrs", "'rcpt_to'"),
        ("receiver", "'rcpt_to'"),
        ("from_addr", "'mail_from' or 'from_'"),
        ("from_email", "'from_'"),
        ("envelope_sender", "'mail_from'"),
        ("html_text", "'body'"),
        ("plain", "'text'"),
        ("message_id", "'header'"),
        ("date", "'header'"),
        ("filter", "'where'"),
        ("predicate", "'where'"),
    ],
)
def test_an_unknown_criterion_suggests_what_it_means(unknown: str, meant: str) -> None:
    text = f"unknown criterion '{unknown}': did you mean {meant}? a message has "
    with pytest.raises(TypeError, match=re.escape(text)):
        Criteria.for_messages({unknown: "x"})


@pytest.mark.parametrize(
    ("criteria", "unknown", "said"),
    [
        (
            Criteria.for_sessions,
            "sender",
            "did you mean 'mail_from'? it belongs to messages and transactions; a session has ",
        ),
        (
            Criteria.for_transactions,
            "content",
            "did you mean 'body'? it belongs to messages; a transaction has ",
        ),
        (
            Criteria.for_transactions,
            "subjct",
            "did you mean 'subject'? it belongs to messages; a transaction has ",
        ),
    ],
)
def test_a_criterion_of_other_records_is_suggested_with_them(
    criteria: Callable[[dict[str, object]], Criteria], unknown: str, said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(f"unknown criterion '{unknown}': {said}")):
        criteria({unknown: "x"})


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("timeout", "the waiting methods take it, and assert_no_message takes within; a message"),
        ("within", "assert_no_message takes it, and the waiting methods take timeout; a message"),
        ("settle", "the waiting methods take it; a message"),
        ("count", "wait_for_messages, wait_for_transactions and capture take it; a message"),
    ],
)
def test_an_argument_of_another_method_is_named_with_that_method(argument: str, said: str) -> None:
    with pytest.raises(TypeError, match=re.escape(f"unknown criterion '{argument}': {said}")):
        Criteria.for_messages({argument: 1})


@pytest.mark.parametrize("unknown", ["timeouts", "tls", "code"])
def test_names_that_are_hardly_alike_are_not_suggested(unknown: str) -> None:
    with pytest.raises(TypeError) as caught:
        Criteria.for_messages({unknown: "x"})
    assert "did you mean" not in str(caught.value)


def test_an_unknown_criterion_lists_what_is_known() -> None:
    with pytest.raises(TypeError) as caught:
        Criteria.for_sessions({"zzz": "x"})
    assert str(caught.value) == (
        "unknown criterion 'zzz': a session has helo, username, mechanism, tls, ended_by, where"
    )


def test_the_criteria_of_messages_are_unknown_to_transactions() -> None:
    with pytest.raises(TypeError, match=r"a transaction has outcome, mail_from, rcpt_to, where$"):
        Criteria.for_transactions({"subject": "x"})


@pytest.mark.parametrize(
    ("criteria", "keyword", "of"),
    [
        (Criteria.for_messages, "helo", "sessions"),
        (Criteria.for_messages, "outcome", "transactions"),
        (Criteria.for_transactions, "username", "messages and sessions"),
        (Criteria.for_sessions, "rcpt_to", "messages and transactions"),
    ],
)
def test_a_criterion_of_other_records_is_said_to_be_theirs(
    criteria: Callable[[dict[str, object]], Criteria], keyword: str, of: str
) -> None:
    with pytest.raises(TypeError, match=f"unknown criterion '{keyword}': it belongs to {of}; a "):
        criteria({keyword: "x"})


TEXT = "a str, a compiled pattern of str, a callable that is not a class, None or an object"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"subject": b"Welcome"}, f"subject=b'Welcome' can never match: give {TEXT} that compares"),
        ({"subject": 3}, "subject=3 can never match: give"),
        ({"subject": True}, "subject=True can never match: give"),
        ({"subject": ["Welcome"]}, "subject=['Welcome'] can never match: give"),
        ({"subject": re.compile(b"x")}, "subject=re.compile(b'x') can never match: give"),
        ({"body": {"text": "x"}}, "body={'text': 'x'} can never match: give"),
        ({"attachment": ["a.pdf"]}, "attachment=['a.pdf'] can never match: give"),
        ({"rcpt_to": [1]}, "rcpt_to=[1] can never match: give"),
        ({"rcpt_to": ["a@b.example", None]}, "can never match: give"),
        ({"header": "X-Id"}, "header='X-Id' can never match: give a mapping of names"),
        ({"header": None}, "header=None can never match: give a mapping of names"),
        ({"header": {1: "x"}}, "header={1: 'x'} can never match: 1 is not a valid name"),
        ({"header": {"X-Id:": "x"}}, "'X-Id:' is not a valid name"),
        ({"header": {"X-Id": 1}}, "header['X-Id']=1 can never match: give a str"),
        ({"where": "x"}, "where='x' can never match: give a callable that is not a class"),
        ({"where": None}, "where=None can never match: give a callable that is not a class"),
        ({"where": dict}, "where=dict can never match: give a callable that is not a class"),
    ],
)
def test_a_value_that_can_never_match_is_an_error(given: dict[str, object], text: str) -> None:
    with pytest.raises(TypeError, match=re.escape(text)):
        Criteria.for_messages(given)


def test_tls_is_not_a_version() -> None:
    with pytest.raises(TypeError, match=r"tls='TLSv1.3' can never match: give True or False"):
        Criteria.for_sessions({"tls": "TLSv1.3"})


def test_a_word_that_no_record_can_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="outcome='refused' can never match: it is one of 'acc"):
        Criteria.for_transactions({"outcome": "refused"})
    with pytest.raises(ValueError, match="ended_by='eof' can never match: it is one of 'quit'"):
        Criteria.for_sessions({"ended_by": "eof"})


@pytest.mark.parametrize(
    "expected", [ANY, dirty_equals.IsStr, dirty_equals.IsStr(), dirty_equals.IsInt & 3, object()]
)
@pytest.mark.parametrize("keyword", ["subject", "rcpt_to", "body", "attachment", "username"])
def test_values_that_may_compare_equal_are_not_an_error(keyword: str, expected: object) -> None:
    Criteria.for_messages({keyword: expected})


def test_an_exception_of_a_callable_is_the_cause_of_an_error_that_names_it() -> None:
    criteria = Criteria.for_messages({"where": lambda record: record["no such key"]})
    with pytest.raises(CriterionError) as caught:
        criteria.matches(message("Welcome"))
    assert isinstance(caught.value.__cause__, TypeError)
    assert str(caught.value) == (
        "the criterion where=<lambda> raised TypeError: 'Message' object is not subscriptable, for "
        "the message with subject='Welcome', mail_from='app@example.org', "
        "rcpt_to=('ann@example.org',)"
    )


def test_an_exception_of_a_callable_for_a_field_is_not_swallowed() -> None:
    predicate = Mock(side_effect=KeyError("x"))
    criteria = Criteria.for_messages({"header": {"X-Id": predicate}})
    with pytest.raises(CriterionError, match=r"the criterion header\['X-Id'\]=.* raised KeyError"):
        criteria.differences(message(headers=(("X-Id", "1"),)))


def test_an_exception_of_a_comparison_is_not_swallowed() -> None:
    class Broken:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("broken")

    with pytest.raises(CriterionError, match="raised RuntimeError: broken, for the session with"):
        Criteria.for_sessions({"helo": Broken()}).matches(Session())


def test_leaving_the_test_passes_through_a_callable() -> None:
    def leave(_: object) -> None:
        pytest.skip("not here")

    with pytest.raises(pytest.skip.Exception):
        Criteria.for_messages({"where": leave}).matches(message())


def test_criteria_are_written_as_they_were_given() -> None:
    def is_welcome(_: object) -> bool:
        return True

    given = {
        "subject": "Welcome",
        "rcpt_to": ["a@b.example"],
        "to": {"b", "a"},
        "header": {"X-Id": None},
        "body": re.compile("x"),
        "username": dirty_equals.IsStr(regex="a.*"),
        "where": is_welcome,
    }
    assert str(Criteria.for_messages(given)) == (
        "subject='Welcome', rcpt_to=['a@b.example'], to={'a', 'b'}, header={'X-Id': None}, "
        "body=re.compile('x'), username=IsStr(regex='a.*'), where=is_welcome"
    )


def test_no_criteria_are_written_as_nothing() -> None:
    assert str(Criteria.for_messages({})) == ""


def test_a_comparison_does_not_change_how_criteria_are_written() -> None:
    criteria = Criteria.for_messages({"subject": dirty_equals.IsStr(regex="W.*")})
    assert criteria.matches(message("Welcome"))
    assert str(criteria) == "subject=IsStr(regex='W.*')"


def test_long_values_are_shortened_where_criteria_are_written() -> None:
    written = str(Criteria.for_messages({"body": "begin" + "x" * 1000 + "\nend"}))
    assert written.startswith("body='beginxxx")
    assert written.endswith(r"xxx\nend'")
    assert len(written) < 100


async def never_looked_at(_: object) -> bool:
    return False


@pytest.mark.parametrize("keyword", ["where", "subject", "rcpt_to"])
def test_an_async_function_is_refused_because_a_coroutine_is_always_true(keyword: str) -> None:
    with pytest.raises(TypeError, match=f"^{keyword}=never_looked_at can never fail: give a func"):
        Criteria.for_messages({keyword: never_looked_at})


def test_nor_may_a_callable_return_a_coroutine() -> None:
    criteria = Criteria.for_messages({"where": lambda one: never_looked_at(one)})
    with pytest.raises(CriterionError) as raised:
        criteria.matches(message())
    assert "a coroutine, which is always true" in str(raised.value.__cause__)

"""The criteria of transactions and sessions."""

import re
from unittest.mock import ANY

import pytest

from pytest_smtpserver.matching import Criteria
from tests.matching.stand_in_records import Attempt, Envelope, Reply, Session, Transaction

NO_SUCH_USER = Reply(550, "no such user")


def transaction_matches(record: object, **given: object) -> bool:
    return Criteria.for_transactions(given).matches(record)


def session_matches(record: object, **given: object) -> bool:
    return Criteria.for_sessions(given).matches(record)


def test_a_transaction_is_found_by_its_outcome() -> None:
    assert transaction_matches(Transaction(outcome="aborted"), outcome="aborted")
    assert not transaction_matches(Transaction(outcome="aborted"), outcome="accepted")


def test_a_transaction_is_found_by_its_sender() -> None:
    assert transaction_matches(Transaction(), mail_from="app@EXAMPLE.org")
    assert not transaction_matches(Transaction(), mail_from="")


def test_a_transaction_is_found_by_accepted_and_refused_recipients() -> None:
    record = Transaction(
        envelope=Envelope(rcpt_to=("ann@x.example",)), refused=(("bob@x.example", NO_SUCH_USER),)
    )
    assert transaction_matches(record, rcpt_to="ann@x.example")
    assert transaction_matches(record, rcpt_to="bob@x.example")
    assert transaction_matches(record, rcpt_to=["bob@x.example", "ann@x.example"])
    assert not transaction_matches(record, rcpt_to=["ann@x.example"])


def test_a_recipient_that_was_refused_and_then_accepted_counts_once() -> None:
    record = Transaction(
        envelope=Envelope(rcpt_to=("ann@x.example",)), refused=(("ann@x.example", NO_SUCH_USER),)
    )
    assert transaction_matches(record, rcpt_to=["ann@x.example"])


def test_where_gets_the_transaction_or_session() -> None:
    transaction, session = Transaction(), Session()
    assert transaction_matches(transaction, where=lambda given: given is transaction)
    assert session_matches(session, where=lambda given: given is session)


def test_a_session_is_found_by_its_host_name_without_case() -> None:
    assert session_matches(Session(helo="client.example"), helo="CLIENT.example")
    assert not session_matches(Session(helo="client.example"), helo="client")
    assert session_matches(Session(helo=None), helo=None)


def test_a_session_is_found_by_who_is_authenticated() -> None:
    assert session_matches(Session(username="ann"), username="ann")
    assert session_matches(Session(), username=None)
    assert not session_matches(Session(), username="ann")


def test_a_session_is_found_by_the_mechanism_of_any_attempt() -> None:
    record = Session(auth=(Attempt(mechanism="PLAIN"), Attempt(mechanism="LOGIN")))
    assert session_matches(record, mechanism="LOGIN")
    assert session_matches(record, mechanism="plain")
    assert session_matches(record, mechanism=re.compile("^LOG"))
    assert not session_matches(record, mechanism="XOAUTH2")
    assert not session_matches(record, mechanism=None)
    assert session_matches(Session(), mechanism=None)


@pytest.mark.parametrize(
    ("expected", "with_tls", "without"),
    [(True, True, False), (False, False, True), (None, False, True), (ANY, True, True)],
)
def test_tls_is_true_or_false(expected: object, with_tls: bool, without: bool) -> None:
    assert session_matches(Session(tls=object()), tls=expected) is with_tls
    assert session_matches(Session(), tls=expected) is without


def test_a_callable_for_tls_gets_a_bool() -> None:
    assert session_matches(Session(), tls=lambda tls: tls is False)


def test_a_session_is_found_by_what_ended_it() -> None:
    assert session_matches(Session(ended_by="reset"), ended_by="reset")
    assert not session_matches(Session(ended_by="reset"), ended_by="quit")
    assert session_matches(Session(ended_by=None), ended_by=None)

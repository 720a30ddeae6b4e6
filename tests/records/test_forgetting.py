"""Forgotten records are freed."""

import gc

from pytest_smtpserver import Message, Session
from tests.conversation import Conversation

MAIL = ("MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org>")


def sessions_of(helo: str) -> list[Session]:
    return [one for one in gc.get_objects() if type(one) is Session and one.helo == helo]


def test_cleared_records_are_freed() -> None:
    conversation = Conversation()
    conversation.lines("EHLO forgotten.example", "QUIT")
    assert [one.helo for one in conversation.recorder.sessions()] == ["forgotten.example"]
    assert sessions_of("forgotten.example")
    del conversation.engine
    conversation.recorder.clear(0.0)
    assert not sessions_of("forgotten.example")


def test_an_open_session_forgets_what_is_over() -> None:
    conversation = Conversation()
    conversation.one_by_one("EHLO lasting.example", *MAIL, "DATA")
    conversation.send(b"Subject: old\r\n.\r\n")
    conversation.recorder.clear(0.0)
    (session,) = conversation.recorder.sessions()
    assert (session.helo, session.exchanges, session.transactions) == ("lasting.example", (), ())
    assert "old" not in session.transcript
    gc.collect()
    messages = [each for each in gc.get_objects() if type(each) is Message]
    assert not [each for each in messages if each.content == b"Subject: old\r\n"]


def test_an_open_session_keeps_what_belongs_to_its_open_transaction() -> None:
    conversation = Conversation()
    conversation.one_by_one("EHLO lasting.example", *MAIL)
    conversation.recorder.clear(0.0)
    conversation.recorder.clear(0.0)
    conversation.one_by_one("DATA")
    conversation.send(b"Subject: new\r\n.\r\n")
    conversation.one_by_one("NOOP")
    (session,) = conversation.recorder.sessions()
    verbs = [exchange.verb for exchange in session.exchanges]
    assert verbs == ["MAIL", "RCPT", "DATA", ".", "NOOP"]
    assert [message.subject for message in session.messages] == ["new"]


def test_a_snapshot_that_was_taken_before_keeps_what_it_had() -> None:
    conversation = Conversation()
    conversation.one_by_one("EHLO lasting.example", "NOOP")
    (before,) = conversation.recorder.sessions()
    conversation.recorder.clear(0.0)
    conversation.one_by_one("RSET")
    assert [exchange.verb for exchange in before.exchanges] == ["", "EHLO", "NOOP"]
    (after,) = conversation.recorder.sessions()
    assert [exchange.verb for exchange in after.exchanges] == ["RSET"]


def test_an_exchange_stays_the_same_object_whatever_is_forgotten() -> None:
    conversation = Conversation()
    conversation.one_by_one("EHLO lasting.example", MAIL[0])
    (before,) = conversation.recorder.sessions()
    *_, mail = before.exchanges
    conversation.one_by_one(MAIL[1])
    conversation.recorder.clear(0.0)
    (after,) = conversation.recorder.sessions()
    assert [exchange.verb for exchange in after.exchanges] == ["MAIL", "RCPT"]
    assert after.exchanges[0] is mail


def test_a_snapshot_read_only_after_records_were_cleared_has_its_transactions() -> None:
    conversation = Conversation()
    conversation.one_by_one("EHLO lasting.example", MAIL[0], "RSET", MAIL[0], "RSET", MAIL[0])
    (before,) = conversation.recorder.sessions()
    conversation.recorder.clear(0.0)
    (after,) = conversation.recorder.sessions()
    conversation.one_by_one("RSET", MAIL[0])
    (last,) = conversation.recorder.sessions()
    assert [len(one.transactions) for one in (before, after, last)] == [3, 1, 2]
    assert [one.outcome for one in before.transactions] == ["aborted", "aborted", None]
    assert last.transactions[0].outcome == "aborted"

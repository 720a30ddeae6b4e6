"""The recorder: snapshots that never change, what is forgotten and what stays, times in order."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smtpserver import Message
from pytest_smtpserver.recording.recorder import ServerCrashed
from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

INTRODUCED = ("EHLO client.test",)
TO_THE_CONTENT = ("MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org>", "DATA")
MESSAGE = (*TO_THE_CONTENT, "text", ".")


def test_snapshots_are_the_same_tuple_until_something_changes() -> None:
    conversation = Conversation()
    recorder = conversation.recorder
    conversation.lines(*INTRODUCED, *MESSAGE)
    sessions, transactions = recorder.sessions(), recorder.transactions()
    messages = recorder.messages.all()
    assert recorder.sessions() is sessions
    assert recorder.transactions() is transactions
    assert recorder.messages.all() is messages
    conversation.lines("NOOP")
    assert recorder.sessions() is not sessions
    assert recorder.transactions() is transactions
    assert recorder.messages.all() is messages


def test_a_snapshot_does_not_change() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED)
    before = conversation.session
    conversation.lines(*MESSAGE, "QUIT")
    assert (before.ended_by, before.ended_at, before.transactions) == (None, None, ())
    assert [one.verb for one in before.exchanges] == ["", "EHLO"]
    assert conversation.session.ended_by == "quit"


def test_a_message_is_the_same_object_everywhere() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE)
    (message,) = conversation.messages
    conversation.lines("QUIT")
    assert conversation.messages == (message,)
    assert conversation.transaction.message is message
    assert conversation.session.messages == (message,)
    assert message.session is conversation.session
    assert message.transaction is conversation.transaction
    assert conversation.transaction.session is conversation.session


def test_a_message_sees_its_session_go_on_to_its_end() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE)
    (message,) = conversation.messages
    before = message.session
    conversation.lines("QUIT")
    assert (before.ended_by, message.session.ended_by) == (None, "quit")
    conversation.recorder.clear(conversation.now)
    assert message.session.ended_by == "quit"


def test_records_compare_by_identity() -> None:
    one, other = Conversation(), Conversation()
    assert one.session != other.session
    assert len({one.session, other.session}) == 2


def test_records_cannot_be_changed() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE, "QUIT")
    session, (message,) = conversation.session, conversation.messages
    records = {
        message: "subject",
        message.envelope: "mail_from",
        message.transaction: "session",
        session: "exchanges",
        session.exchanges[0]: "verb",
        session.exchanges[0].reply: "lines",
        message.problems[0]: "code",
    }
    for record, name in records.items():
        assert not hasattr(record, "__dict__")
        for attribute in (name, "no_such_name"):
            with pytest.raises(dataclasses.FrozenInstanceError, match=attribute):
                setattr(record, attribute, None)
            with pytest.raises(dataclasses.FrozenInstanceError, match=attribute):
                delattr(record, attribute)


def test_a_copy_of_a_record_is_the_record() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE)
    session, (message,) = conversation.session, conversation.messages
    for record in (message, message.envelope, session, session.exchanges[0].reply):
        assert copy.copy(record) is record
        assert copy.deepcopy(record) is record
    assert copy.deepcopy([message]) == [message]
    assert copy.deepcopy(conversation.messages) == (message,)


def test_pickling_a_record_says_what_to_keep_instead() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE)
    (message,) = conversation.messages
    for record in (message, message.envelope, message.transaction, message.session):
        kind = type(record).__name__
        with pytest.raises(TypeError, match=rf"\({kind}\) cannot be pickled: .*message\.content"):
            pickle.dumps(record)


def test_an_attribute_error_within_a_property_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> str:
        raise AttributeError("within")

    monkeypatch.setattr(Message, "subject", property(broken))
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE)
    (message,) = conversation.messages
    with pytest.raises(AttributeError, match=r"^within$"):
        _ = message.subject


def test_reprs_are_one_short_line() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE, "QUIT")
    session, transaction = conversation.session, conversation.transaction
    assert repr(session) == "<Session 1 from 127.0.0.1:50000, ended by quit>"
    assert repr(transaction) == "<Transaction accepted: ann@example.org -> bob@example.org>"
    assert repr(transaction.envelope) == "<Envelope ann@example.org -> bob@example.org>"
    assert repr(transaction.message) == "<Message '': ann@example.org -> bob@example.org>"
    assert repr(session.exchanges[-1]) == "<Exchange 'QUIT' -> '221 2.0.0 bye'>"


def test_reprs_are_short_however_much_there_is() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, "MAIL FROM:<ann@example.org>")
    conversation.lines(*[f"RCPT TO:<{number}@example.org>" for number in range(200)], "DATA")
    conversation.lines(f"Subject: {'long ' * 100}", "", ".", "x" * 400)
    transaction = conversation.transaction
    (message,) = conversation.messages
    for record in (transaction, transaction.envelope, message, *conversation.session.exchanges):
        assert len(repr(record)) < 300
    assert repr(message).startswith("<Message 'long long ")
    assert repr(message).endswith("199@example.org>")


def test_an_envelope_has_what_mail_and_rcpt_said() -> None:
    conversation = Conversation()
    conversation.lines(
        "EHLO client.test",
        "MAIL FROM:<> size=10 BODY=8BITMIME",
        "RCPT TO:<@relay.test:bob@example.org>",
        "RCPT TO:<Postmaster>",
    )
    envelope = conversation.transaction.envelope
    assert envelope.mail_from == ""
    assert envelope.rcpt_to == ("bob@example.org", "Postmaster")
    assert envelope.parameters == {"SIZE": "10", "BODY": "8BITMIME"}
    assert envelope.rcpt_parameters == ({}, {})


def test_exchanges_have_the_greeting_the_commands_and_the_end_of_the_content() -> None:
    conversation = Conversation()
    conversation.lines("ehlo client.test", *MESSAGE, "WHAT ever", "QUIT")
    exchanges = conversation.session.exchanges
    assert [one.verb for one in exchanges] == [
        "", "EHLO", "MAIL", "RCPT", "DATA", ".", "WHAT", "QUIT",
    ]  # fmt: skip
    assert exchanges[1].command == "ehlo client.test"
    assert exchanges[2].argument == "FROM:<ann@example.org>"
    assert [present(one.reply).code for one in exchanges] == [
        220,
        250,
        250,
        250,
        354,
        250,
        500,
        221,
    ]


def test_times_are_aware_and_never_go_backwards() -> None:
    conversation = Conversation()
    for line in (*INTRODUCED, *MESSAGE, "QUIT"):
        conversation.lines(line)
    session, transaction = conversation.session, conversation.transaction
    ended = present(session.ended_at)
    times = [session.started_at, *(one.at for one in session.exchanges), ended]
    assert times == sorted(times)
    assert times[0] < times[-1]
    assert all(time.tzinfo is UTC for time in times)
    received = present(transaction.message).received_at
    assert session.started_at < transaction.started_at < received < ended


def test_ids_count_up_over_all_that_is_cleared() -> None:
    first = Conversation()
    first.lines("QUIT")
    first.recorder.clear(first.now)
    assert first.recorder.sessions() == ()
    second = Conversation(first.recorder)
    assert [session.id for session in second.recorder.sessions()] == [2]


def test_clearing_forgets_what_has_ended_and_keeps_what_is_open() -> None:
    ended = Conversation()
    recorder = ended.recorder
    ended.lines(*INTRODUCED, *MESSAGE, "QUIT")
    idle = Conversation(recorder)
    idle.lines(*INTRODUCED, *MESSAGE)
    busy = Conversation(recorder)
    busy.lines(*INTRODUCED, *MESSAGE, *TO_THE_CONTENT)
    recorder.clear(busy.now)
    assert (recorder.messages.all(), recorder.finished.all(), recorder.ended.all()) == ((), (), ())
    assert [session.id for session in recorder.sessions()] == [2, 3]
    assert [len(session.transactions) for session in recorder.sessions()] == [0, 1]
    assert [transaction.outcome for transaction in recorder.transactions()] == [None]


def test_a_transaction_open_while_records_were_cleared_is_recorded_when_it_ends() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *TO_THE_CONTENT)
    conversation.recorder.clear(conversation.now)
    conversation.lines("text", ".", "QUIT")
    assert [message.content for message in conversation.messages] == [b"text\r\n"]
    assert conversation.session.ended_by == "quit"
    assert conversation.session.messages == conversation.messages


def test_a_forgotten_message_is_missing_in_the_messages_alone() -> None:
    conversation = Conversation()
    conversation.lines(*INTRODUCED, *MESSAGE, *MESSAGE)
    first, second = conversation.messages
    conversation.recorder.forget_message(first)
    assert conversation.messages == (second,)
    assert len(conversation.recorder.transactions()) == 2


def test_open_sessions_are_those_that_have_not_ended() -> None:
    one = Conversation()
    other = Conversation(one.recorder)
    assert one.recorder.open_sessions == 2
    one.lines("QUIT")
    other.eof()
    assert one.recorder.open_sessions == 0


def test_the_client_over_max_connections_gets_421() -> None:
    one = Conversation(max_connections=1)
    other = Conversation(one.recorder, max_connections=1)
    assert other.greeting == b"421 4.7.0 smtpserver.test has too many connections, closing\r\n"
    assert other.is_closed
    assert other.session.ended_by == "server"
    one.lines("QUIT")
    assert Conversation(one.recorder, max_connections=1).greeting.startswith(b"220 ")


@pytest.mark.parametrize(
    ("end", "ended_by"),
    [
        (lambda conversation: conversation.lines("QUIT"), "quit"),
        (lambda conversation: conversation.eof(), "client"),
        (lambda conversation: conversation.eof(reset=True), "reset"),
        (lambda conversation: conversation.end("idle"), "timeout"),
        (lambda conversation: conversation.end("stop"), "server"),
        (lambda conversation: conversation.end("crash"), "server"),
    ],
)
def test_a_session_says_what_ended_it(end: Callable[[Conversation], object], ended_by: str) -> None:
    conversation = Conversation()
    end(conversation)
    assert conversation.session.ended_by == ended_by
    assert present(conversation.session.ended_at) > conversation.session.started_at


def test_the_first_end_of_a_session_stays() -> None:
    conversation = Conversation()
    conversation.lines("QUIT")
    conversation.engine.end("stop", conversation.now)
    conversation.engine.eof(conversation.now)
    assert conversation.session.ended_by == "quit"


def test_a_waiter_is_woken_when_there_may_be_something_new() -> None:
    woken = []
    conversation = Conversation()
    recorder = conversation.recorder
    recorder.add_waker(woken_by := lambda: woken.append(len(recorder.finished)))
    conversation.lines(*INTRODUCED, *MESSAGE)
    assert woken == [1]
    conversation.lines("QUIT")
    assert len(woken) == 2
    recorder.remove_waker(woken_by)
    recorder.crashed(RuntimeError("why"))
    assert len(woken) == 2


def test_the_first_crash_is_kept_and_raised_with_its_cause() -> None:
    recorder = Conversation().recorder
    recorder.raise_crash()
    cause = RuntimeError("why")
    recorder.crashed(cause)
    recorder.crashed(RuntimeError("later"))
    with pytest.raises(ServerCrashed, match="why") as crash:
        recorder.raise_crash()
    assert crash.value.__cause__ is cause


def test_readers_in_other_threads_see_only_what_was_true_at_some_moment() -> None:
    conversation = Conversation()
    recorder, seen, done = conversation.recorder, [], threading.Event()

    def read() -> None:
        while not done.is_set():
            for session in recorder.sessions():
                messages = session.messages
                assert len(messages) <= len(session.transactions)
                seen.append(len(messages))
            assert all(m.transaction.outcome == "accepted" for m in recorder.messages.all())

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    conversation.lines(*INTRODUCED)
    for _ in range(100):
        conversation.lines(*MESSAGE)
    done.set()
    for reader in readers:
        reader.join(10)
        assert not reader.is_alive()
    assert len(conversation.messages) == 100
    assert seen


STEPS = st.lists(
    st.sampled_from(["message", "rejected", "reset", "half", "quit", "eof", "clear", "look"]),
    max_size=20,
)


@given(STEPS)
def test_accepted_transactions_and_messages_agree_whatever_is_cleared(steps: list[str]) -> None:
    conversation = Conversation(max_message_size=10)
    conversation.lines(*INTRODUCED)
    recorder = conversation.recorder
    for step in steps:
        match step:
            case "message":
                conversation.lines("RSET", *MESSAGE)
            case "rejected":
                conversation.lines("RSET", *TO_THE_CONTENT, "longer than ten octets", ".")
            case "reset":
                conversation.lines("RSET")
            case "half":
                conversation.lines(*TO_THE_CONTENT[:2])
            case "clear":
                recorder.clear(conversation.now)
            case "quit" | "eof":
                conversation.lines("QUIT") if step == "quit" else conversation.eof()
                conversation = Conversation(recorder, max_message_size=10)
                conversation.lines(*INTRODUCED)
        accepted = [t.message for t in recorder.transactions() if t.outcome == "accepted"]
        assert list(recorder.messages.all()) == accepted
        assert [m for s in recorder.sessions() for m in s.messages] == accepted
        assert [s.id for s in recorder.sessions()] == sorted({s.id for s in recorder.sessions()})
        assert recorder.sessions()[-1].ended_by is None

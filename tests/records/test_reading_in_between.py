"""A read between two steps of the server's thread does not hide the next step from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import Reply
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.recording.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_smtpserver.recording.session import SessionRecording
    from pytest_smtpserver.recording.transaction import TransactionRecording

OK = Reply(250, "OK")


class ReadBefore(list[Any]):
    """A list that lets another thread read whenever it grows."""

    def __init__(self, read: Callable[[], object]) -> None:
        super().__init__()
        self._read = read

    def append(self, item: Any) -> None:
        self._read()
        super().append(item)


class WireReadBefore(Wire):
    """The same for what is sent and received."""

    def __init__(self, read: Callable[[], object]) -> None:
        super().__init__()
        self._read = read

    def extend(self, items: Iterable[Any]) -> None:
        self._read()
        super().extend(items)


class WireMeasuredBefore(Wire):
    """Another thread measures its length, and something happens before it does anything else."""

    def __init__(self) -> None:
        super().__init__()
        self.happens: Callable[[], object] | None = None

    def __len__(self) -> int:
        length, happens, self.happens = super().__len__(), self.happens, None
        if happens is not None:
            happens()
        return length


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def session(recorder: Recorder) -> SessionRecording:
    return recorder.session_began(("127.0.0.1", 1), 1.0)


def test_an_exchange_that_was_read_while_it_was_answered_is_there(
    session: SessionRecording,
) -> None:
    session.wire = WireReadBefore(session.snapshot)
    session.asked("NOOP", 1.0)
    session.answered(OK, 1.0)
    assert [exchange.command for exchange in session.snapshot().exchanges] == ["NOOP"]


def test_a_command_that_is_answered_while_it_is_read_is_there(session: SessionRecording) -> None:
    session.wire = wire = WireMeasuredBefore()
    session.asked("NOOP", 1.0)
    wire.happens = lambda: session.answered(OK, 1.0)
    assert "C: NOOP" in session.snapshot().transcript


def test_and_so_is_one_that_a_rule_answered(session: SessionRecording) -> None:
    session.wire = WireReadBefore(session.snapshot)
    session.asked("NOOP", 1.0)
    session.answered_by("a rule", OK, 1.0)
    assert [exchange.rule for exchange in session.snapshot().exchanges] == ["a rule"]


def test_a_recipient_that_was_read_while_it_was_accepted_is_there(
    session: SessionRecording,
) -> None:
    transaction = session.begin("a@example.org", {}, 1.0)
    transaction.recipients = ReadBefore(session.snapshot)
    transaction.accept("b@example.org", {}, OK)
    (seen,) = session.snapshot().transactions
    assert seen is transaction.snapshot()
    assert seen.envelope.rcpt_to == ("b@example.org",)


def test_a_waiter_woken_by_a_message_finds_it_in_its_session(
    recorder: Recorder, session: SessionRecording
) -> None:
    transaction = session.begin("a@example.org", {}, 1.0)
    transaction.accept("b@example.org", {}, OK)
    message = transaction.received(b"\r\n", 1.0)
    session.snapshot()
    found: list[object] = []
    recorder.add_waker(lambda: found.append(message.session.messages))
    session.finish(transaction, "accepted")
    assert found == [(message,)]


def test_a_message_that_one_of_two_recipients_has_got_is_in_its_session(
    recorder: Recorder, session: SessionRecording
) -> None:
    transaction = session.begin("a@example.org", {}, 1.0)
    message = transaction.received(b"\r\n", 1.0)
    session.snapshot()
    session.accept(transaction)
    assert recorder.messages.all() == session.snapshot().messages == (message,)


def test_what_is_forgotten_while_a_transaction_begins_does_not_come_back(
    recorder: Recorder, session: SessionRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.finish(session.begin("first@example.org", {}, 1.0), "rejected")
    began = Recorder.transaction_began

    def clear_before(self: Recorder, transaction: TransactionRecording) -> None:
        self.clear(2.0)
        began(self, transaction)

    monkeypatch.setattr(Recorder, "transaction_began", clear_before)
    session.begin("second@example.org", {}, 2.0)
    assert [one.envelope.mail_from for one in session.snapshot().transactions] == [
        "second@example.org"
    ]

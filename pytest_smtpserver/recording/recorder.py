"""The recorder: everything that one server has seen, shared between its thread and the tests'.

The lock is held only while lists are appended to or replaced. No callable runs under it. A list
only grows; when something is forgotten, a new list with the rest replaces it. So a reader takes a
list and its length, and can copy it without the lock.
"""

from __future__ import annotations

import threading
from operator import is_not
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pytest_smtpserver.records.transcript import render

from .recording import Messages, Records, Sessions, Transactions
from .session import SessionRecording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_smtpserver.engine import SocketAddress
    from pytest_smtpserver.matching import Criteria
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.session import AuthAttempt, Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.records.violations import Violation

    from .transaction import TransactionRecording

Record = TypeVar("Record")


class ServerCrashed(Exception):  # the name says what happened
    """The server failed because of a bug in it; the cause has the traceback.

    The client concerned got a 421, and other sessions went on.
    """

    __module__ = "pytest_smtpserver"


def server_crashed(cause: BaseException) -> ServerCrashed:
    """Return the error that reports a crash."""
    error = ServerCrashed(f"the SMTP server crashed: {cause!r}")
    error.__cause__ = cause
    return error


class Log(list[Record]):
    """A list that only grows, together with the last tuple made of it."""

    # The tuple is made when somebody asks for it: most of them are never made.
    __slots__ = ("_kept",)
    _kept: tuple[Record, ...]
    _kind: type[Records[Any]] = Records

    def all(self) -> tuple[Record, ...]:
        """Return everything in it; the same tuple until the list grows."""
        kept = getattr(self, "_kept", None)
        if kept is None or len(kept) != len(self):
            self._kept = kept = self._kind(self)
        return kept


class MessageLog(Log["Message"]):
    """The messages of a server."""

    __slots__ = ()
    _kind = Messages


class Kept(Generic[Record]):
    """The last tuple made of snapshots, kept as long as they stay the same."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: tuple[Record, ...] | None = None

    def same(self, new: tuple[Record, ...]) -> tuple[Record, ...]:
        """Return the kept tuple if it has the same objects as `new`, otherwise `new`."""
        kept = self._kept
        if kept is None or len(kept) != len(new) or any(map(is_not, kept, new)):
            self._kept = kept = new
        return kept


class Recorder:
    """What happened on one server, and what to wake when more happens.

    The server's thread reports what began, ended and crashed. Any thread may read and clear.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakers: tuple[Callable[[], object], ...] = ()
        self._ids = 0
        self._open: dict[int, SessionRecording] = {}
        self._sessions: Log[SessionRecording] = Log()
        self._transactions: Log[TransactionRecording] = Log()
        self._session_snapshots: Kept[Session] = Kept()
        self._transaction_snapshots: Kept[Transaction] = Kept()
        # What waiting methods wait for, in the order in which it appeared.
        self.messages = MessageLog()
        self.finished: Log[TransactionRecording] = Log()
        self.ended: Log[SessionRecording] = Log()
        #: The exception that stopped the server from doing its work, if one did.
        self.crash: BaseException | None = None
        #: The first exception that a callable of the test raised, if one did.
        self.callable_error: BaseException | None = None
        #: When a wait for a message was given up, in seconds since the epoch, and its criteria.
        self.gave_up: tuple[float, Criteria] | None = None
        #: When the records were last cleared, in seconds since the epoch.
        self.cleared = 0.0
        # The last session when `take_newcomers` was called last.
        self._last_known = 0
        # How far each session had come that an earlier test has left open.
        self._left_over: dict[int, tuple[int, int]] = {}

    def renew_lock(self) -> None:
        """Replace the lock; to be called in a forked child."""
        self._lock = threading.Lock()

    def session_began(self, client: SocketAddress, now: float) -> SessionRecording:
        """Begin a session and return its recording."""
        with self._lock:
            self._ids += 1
            session = SessionRecording(self, self._ids, client, now)
            self._open[session.id] = session
            self._sessions.append(session)
        return session

    def transaction_began(self, transaction: TransactionRecording) -> None:
        """Add a transaction that has just begun."""
        with self._lock:
            transaction.session_recording.transaction_began(transaction)
            if not transaction.session_recording.is_sealed:
                self._transactions.append(transaction)

    def transaction_ended(self, transaction: TransactionRecording) -> None:
        """Publish a finished transaction, and its message if accepted, and wake waiting tests."""
        with self._lock:
            transaction.session_recording.transaction_ended()
            if transaction.session_recording.is_sealed:
                return
            self.finished.append(transaction)
            if transaction.outcome == "accepted":
                self._announce(transaction)
        self.wake()

    def authenticated(
        self, session: SessionRecording, attempt: AuthAttempt, *, is_answer: bool
    ) -> None:
        """Note an attempt to authenticate, or how it ended; a test may clear the records."""
        with self._lock:
            session.tried(attempt, is_answer=is_answer)

    def message_accepted(self, transaction: TransactionRecording) -> None:
        """Publish the message of a transaction that is still open (LMTP)."""
        with self._lock:
            self._announce(transaction)
        self.wake()

    def _announce(self, transaction: TransactionRecording) -> None:
        is_new = not (transaction.is_announced or transaction.session_recording.is_sealed)
        if transaction.message is not None and is_new:
            transaction.announce()
            self.messages.append(transaction.message)

    def session_ended(self, session: SessionRecording) -> None:
        """Note that a session has its final value."""
        with self._lock:
            if self._open.pop(session.id, None) is None:
                return
            self.ended.append(session)
        self.wake()

    def seal(self, now: float) -> None:
        """Make every record final: the server has stopped, even if its thread still works."""
        with self._lock:
            for session in self._open.values():
                if session.current is not None:
                    self.finished.append(session.current)
                session.cut_off(now)
                self.ended.append(session)
            self._open.clear()
        self.wake()

    def crashed(self, cause: BaseException) -> None:
        """Keep the first exception that no client caused, and wake all waiting tests."""
        with self._lock:
            self.crash = self.crash or cause
        self.wake()

    def callable_failed(self, cause: BaseException) -> None:
        """Keep the first exception of a callable of the test, and wake all waiting tests."""
        with self._lock:
            self.callable_error = self.callable_error or cause
        self.wake()

    def forget_errors(self) -> None:
        """Forget a crash and what a callable raised."""
        with self._lock:
            self.crash = self.callable_error = None

    @property
    def open_sessions(self) -> int:
        """How many clients are in a session right now."""
        return len(self._open)

    @property
    def forgotten(self) -> int:
        """How many sessions `clear` has forgotten."""
        with self._lock:
            return self._ids - len(self._sessions)

    def came_since(self, began: float) -> tuple[int, int]:
        """Return how many sessions and messages have come since a time, and the last `clear`."""
        began = max(began, self.cleared)
        sessions = sum(one.started >= began for one in self._sessions.all())
        return sessions, sum(one._received >= began for one in self.messages)

    def open_transactions(self) -> tuple[TransactionRecording, ...]:
        """Return the transactions that are still open."""
        with self._lock:
            # Under the lock: when a transaction is no longer open, its message is there.
            return tuple([one for each in self._open.values() if (one := each.current) is not None])

    def take_newcomers(self) -> list[int]:
        """Return the ids of the open sessions that have begun since this was called last."""
        with self._lock:
            known, self._last_known = self._last_known, self._ids
            return [number for number in self._open if number > known]

    def are_open(self, ids: Iterable[int]) -> bool:
        """Return whether one of these sessions is open."""
        with self._lock:
            return not self._open.keys().isdisjoint(ids)

    def note_left_over(self) -> None:
        """Note what has happened in the open sessions: they are those of an earlier test."""
        with self._lock:
            sessions = [one for one in self._open.values() if not one.awaits_answer]
            self._left_over = {one.id: one.progress for one in sessions}

    def is_abandoned(self, transaction: TransactionRecording) -> bool:
        """Return whether an earlier test has left it, and nothing of it has come since.

        Then nobody may be sending it any more.
        """
        session = transaction.session_recording
        left = self._left_over.get(session.id)
        return left is not None and left == session.progress and not session.awaits_answer

    def sessions(self) -> tuple[Session, ...]:
        """Return a snapshot of each session, open ones included, in the order of their ids."""
        return self._session_snapshots.same(
            Sessions([session.snapshot() for session in self._sessions.all()])
        )

    def transactions(self) -> tuple[Transaction, ...]:
        """Return a snapshot of each transaction, open ones included, in order of beginning."""
        return self._transaction_snapshots.same(
            Transactions([transaction.snapshot() for transaction in self._transactions.all()])
        )

    def violations(self) -> tuple[tuple[Session, Violation], ...]:
        """Return the clients' violations since the records were last cleared."""
        # Most sessions have none, and need no snapshot.
        sessions = [one.snapshot() for one in self._sessions.all() if one.violations]
        return tuple((session, one) for session in sessions for one in session.violations)

    def transcript(
        self,
        sessions: int | None = None,
        exchanges: int | None = None,
        *,
        compact: bool = False,
    ) -> str:
        """Return the transcripts of the last sessions, oldest first.

        Each has the last exchanges and events of its session; `None` means all. `compact` puts what
        a server offers on one line, as reports show it.
        """
        recorded = self._sessions.all()
        shown = recorded if sessions is None else recorded[-sessions:]
        said: set[str] = set()
        return "\n\n".join(
            render(one.snapshot(), exchanges, said=said, compact=compact) for one in shown
        )

    def raise_crash(self) -> None:
        """Raise `ServerCrashed` if the server did."""
        __tracebackhide__ = True
        if self.crash is not None:
            raise server_crashed(self.crash)

    def clear(self, now: float) -> None:
        """Forget everything except the open sessions and what is open in them; ids go on.

        Whoever looks on is woken, to see the last of what is forgotten.
        """
        with self._lock:
            sessions = list(self._open.values())
            for session in sessions:
                session.forget()
            self._sessions = Log(sessions)
            self._transactions = Log(
                [one.last_transaction for one in sessions if one.last_transaction is not None]
            )
            self._session_snapshots, self._transaction_snapshots = Kept(), Kept()
            self.messages, self.finished, self.ended = MessageLog(), Log(), Log()
            self.cleared = now
            self.gave_up = None
        self.wake()

    def give_up(self, criteria: Criteria, now: float) -> None:
        """Note that nobody waits any longer for a message that meets these criteria."""
        self.gave_up = now, criteria

    def too_late(self, began: float) -> tuple[tuple[Message, float], ...]:
        """Return the messages that came too late, each with its delay in seconds.

        `began` is when this test began, in seconds since the epoch. A wait that ended before that
        was another test's.
        """
        if self.gave_up is None or self.gave_up[0] < began:
            return ()
        ended, criteria = self.gave_up
        late = [(one, one._received - ended) for one in self.messages if one._received > ended]
        return tuple((one, seconds) for one, seconds in late if _fits(criteria, one))

    def forget_message(self, message: Message) -> None:
        """Remove one message from the accepted ones; its transaction stays."""
        with self._lock:
            left = [one for one in self.messages if one is not message]
            self.messages = MessageLog(left)

    @property
    def wakers(self) -> tuple[Callable[[], object], ...]:
        """What `wake` calls."""
        return self._wakers

    def add_waker(self, wake: Callable[[], object]) -> None:
        """Call `wake`, in any thread, whenever there may be something new to see."""
        with self._lock:
            self._wakers = (*self._wakers, wake)

    def remove_waker(self, wake: Callable[[], object]) -> None:
        """Stop calling `wake`."""
        with self._lock:
            self._wakers = tuple(one for one in self._wakers if one != wake)

    def wake(self) -> None:
        """Let everything that waits look again."""
        for wake in self._wakers:
            wake()


def _fits(criteria: Criteria, message: Message) -> bool:
    # This is for a report on a test that has already failed. If a callable of the test raised now,
    # even `pytest.fail`, it would end the run.
    try:
        return criteria.matches(message)
    except KeyboardInterrupt:  # pragma: no cover  # Ctrl-C at this very moment
        raise
    except BaseException:  # noqa: BLE001  # see above
        return False

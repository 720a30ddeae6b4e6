"""What a test can wait for: messages, finished transactions, ended sessions, or no message."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, TypeVar

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.matching import Criteria
from pytest_smtpserver.numeric import LONGEST_WAIT, is_wait, is_whole

from .expectation import Expectation, Feed, Held, Holding, Patience
from .failing import Failing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver.recording.recorder import Recorder
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction

    from .causes import Surroundings

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

Record = TypeVar("Record")

_SNAPSHOT = methodcaller("snapshot")


class Expectations:
    """Makes the expectations of one server's waiting methods.

    `in_task`: the methods are coroutines, which do not block a thread.
    """

    def __init__(
        self,
        recorder: Recorder,
        surroundings: Callable[[], Surroundings],
        has_clients: Callable[[], bool],
        wait_timeout: float,
        *,
        in_task: bool,
    ) -> None:
        self._recorder = recorder
        self._has_clients = has_clients
        self._failing = Failing(recorder, surroundings, blocks=not in_task)
        self._wait_timeout = wait_timeout

    def messages(
        self,
        count: int,
        criteria: Mapping[str, object],
        *,
        timeout: float | None = None,
        settle: float = 0.0,
    ) -> Expectation[Message]:
        """Expect exactly `count` accepted messages."""
        _check_count(count)
        feed: Feed[Message] = Feed(lambda: self._recorder.messages)
        return self._expect(feed, Criteria.for_messages(criteria), count, timeout, settle)

    def no_message(self, within: float, criteria: Mapping[str, object]) -> Expectation[Message]:
        """Expect that no message was accepted so far, nor will be within `within` seconds.

        A message that is being sent now is waited for first, for at most `wait_timeout`. One that
        an earlier test has left unfinished is not, unless its client goes on.
        """
        __tracebackhide__ = True
        _checked_seconds("within", within)
        # What the server did not take because it crashed would not be missed otherwise.
        self._recorder.raise_crash()
        lasting = self._recorder.open_transactions()

        def in_flight() -> bool:
            # Those that are open, not those without an outcome: a transaction has its outcome a
            # moment before its message is there.
            still_open = self._recorder.open_transactions()
            return any(
                one in still_open and not self._recorder.is_abandoned(one) for one in lasting
            )

        return Expectation(
            Feed(lambda: self._recorder.messages),
            Criteria.for_messages(criteria),
            0,
            Patience(within, within, landing=self._wait_timeout),
            now=monotonic(),
            give_up=lambda: self._recorder.crash is not None,
            fail=self._failing.expectation,
            in_flight=in_flight,
        )

    def capture(
        self,
        count: int | None,
        criteria: Mapping[str, object],
        *,
        timeout: float | None = None,
        settle: float = 0.0,
    ) -> Callable[[], Callable[[], Expectation[Message]]]:
        """Return a function to call when the block begins; see `capture`.

        It returns a function to call when the block ends, which makes the expectation for the
        messages in between. Without `count` any number of messages is right.
        """
        if count is not None:
            _check_count(count)
        wanted = Criteria.for_messages(criteria)

        def enter() -> Callable[[], Expectation[Message]]:
            feed: Feed[Message] = Feed(lambda: self._recorder.messages, only_new=True)
            return partial(self._expect, feed, wanted, count, timeout, settle)

        enter()()  # so that bad arguments raise here
        return enter

    def transactions(
        self,
        count: int,
        criteria: Mapping[str, object],
        *,
        timeout: float | None = None,
        settle: float = 0.0,
    ) -> Expectation[Transaction]:
        """Expect exactly `count` finished transactions."""
        _check_count(count)
        feed: Feed[Transaction] = Feed(lambda: self._recorder.finished, view=_SNAPSHOT)
        return self._expect(feed, Criteria.for_transactions(criteria), count, timeout, settle)

    def session(
        self, criteria: Mapping[str, object], *, timeout: float | None = None, settle: float = 0.0
    ) -> Expectation[Session]:
        """Expect exactly one ended session."""
        feed: Feed[Session] = Feed(lambda: self._recorder.ended, view=_SNAPSHOT)
        return self._expect(feed, Criteria.for_sessions(criteria), 1, timeout, settle)

    def closed(self, timeout: float | None) -> Closed:
        """Expect that no client is connected."""
        return Closed(
            self._recorder, self._has_clients, monotonic(), self._timeout(timeout), self._failing
        )

    def held(self, rule: Holding[Record], count: int, timeout: float | None) -> Held[Record]:
        """Expect that a rule has held `count` commands."""
        _check_count(count, lowest=1)
        if not rule.can_hold:
            raise ValueError(f"wait_held(): the rule {rule} has no hold(), so it holds no client")
        return Held(
            rule,
            count,
            now=monotonic(),
            timeout=self._timeout(timeout),
            give_up=lambda: self._recorder.crash is not None,
            fail=self._failing.held_too_few,
        )

    def _expect(
        self,
        feed: Feed[Record],
        criteria: Criteria,
        count: int | None,
        timeout: float | None,
        settle: float,
    ) -> Expectation[Record]:
        return Expectation(
            feed,
            criteria,
            count,
            Patience(self._timeout(timeout), _checked_seconds("settle", settle)),
            now=monotonic(),
            give_up=lambda: self._recorder.crash is not None,
            fail=self._failing.expectation,
        )

    def _timeout(self, timeout: float | None) -> float:
        return self._wait_timeout if timeout is None else _checked_seconds("timeout", timeout)


class Closed:
    """No client is connected.

    A client whose session has ended is given time to close its connection. If it does not, that
    is no failure.
    """

    def __init__(
        self,
        recorder: Recorder,
        has_clients: Callable[[], bool],
        now: float,
        timeout: float,
        failing: Failing,
    ) -> None:
        self._recorder = recorder
        self._has_clients = has_clients
        self._failing = failing
        self._timeout = timeout
        self._deadline = now + timeout

    def look(self, now: float) -> float | None:
        """See `expectation.Waiting`."""
        is_open = self._recorder.open_sessions or self._has_clients()
        decided = not is_open or self._recorder.crash is not None
        return None if decided or now >= self._deadline else self._deadline

    def result(self) -> None:
        """Return nothing; see `expectation.Waiting`."""
        __tracebackhide__ = True
        if self._recorder.open_sessions:
            self._failing.still_connected(self._timeout)


def _check_count(count: int, *, lowest: int = 0) -> None:
    if not is_whole(count) or count < lowest:
        raise ValueError(f"count={count!r}: must be a whole number from {lowest}")


def _checked_seconds(name: str, seconds: float) -> float:
    if not is_wait(seconds):
        raise ValueError(
            f"{name}={seconds!r}: must be a number of seconds from 0 to {LONGEST_WAIT}"
        )
    return seconds

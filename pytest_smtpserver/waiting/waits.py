"""What one can wait for on a server: messages, finished transactions, ended sessions, silence."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, TypeVar

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.matching import Criteria, SMTPAssertionError, counted, describe_failure
from pytest_smtpserver.numeric import is_number, is_whole

from .awaiting import in_event_loop
from .expectation import Expectation, Feed, Held, Holding, Patience
from .hints import began_before, blocked_loop, hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_smtpserver.recording.recorder import Recorder
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction

# What a test's author got wrong is shown at the line of the test, not in here.
__tracebackhide__ = True

Record = TypeVar("Record")

_SNAPSHOT = methodcaller("snapshot")

# A failure text shows the end of the transcript: more sessions than this do not fit.
_SESSIONS_SHOWN = 5
# The same for exchanges, of which each has a line or more.
_EXCHANGES_SHOWN = 40
# A day, as for the settings: longer than any test run. No thread can wait for an infinite time.
_LONGEST = 86400


class Waits:
    """Makes what the waiting methods of one server wait for.

    `in_task` says that they are coroutines, and block nothing.
    """

    def __init__(
        self, recorder: Recorder, address: str, wait_timeout: float, *, in_task: bool
    ) -> None:
        self._recorder = recorder
        self._address = address
        self._wait_timeout = wait_timeout
        self._in_task = in_task

    def messages(
        self,
        count: int,
        criteria: Mapping[str, object],
        *,
        timeout: float | None = None,
        settle: float = 0.0,
    ) -> Expectation[Message]:
        """Expect exactly `count` accepted messages."""
        feed: Feed[Message] = Feed(lambda: self._recorder.messages)
        return self._expect(feed, Criteria.for_messages(criteria), count, timeout, settle)

    def no_message(self, within: float, criteria: Mapping[str, object]) -> Expectation[Message]:
        """Expect that no message is accepted within so many seconds, nor was before."""
        _checked_seconds("within", within)
        return self.messages(0, criteria, timeout=within, settle=within)

    def capture(
        self,
        count: int | None,
        criteria: Mapping[str, object],
        *,
        timeout: float | None = None,
        settle: float = 0.0,
    ) -> Callable[[], Callable[[], Expectation[Message]]]:
        """Return what to call when the block is entered; call what that returns when it ends.

        This makes the expectation about what came in between. Without `count` it is met by as many
        as have come by then.
        """
        wanted = Criteria.for_messages(criteria)

        def enter() -> Callable[[], Expectation[Message]]:
            feed: Feed[Message] = Feed(lambda: self._recorder.messages, only_new=True)
            return partial(self._expect, feed, wanted, count, timeout, settle)

        enter()()  # what is wrong with the arguments shall be said at once
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
        return Closed(self._recorder, monotonic(), self._timeout(timeout), blocks=not self._in_task)

    def held(self, rule: Holding[Record], count: int, timeout: float | None) -> Held[Record]:
        """Expect that a rule has held so many commands."""
        _check_count(count)
        if not count:
            raise ValueError("count=0: must be a whole number from 1")
        return Held(
            rule,
            count,
            now=monotonic(),
            timeout=self._timeout(timeout),
            give_up=lambda: self._recorder.crash is not None,
            fail=partial(_fail_to_hold, self._recorder, self._address, not self._in_task),
        )

    def _expect(
        self,
        feed: Feed[Record],
        criteria: Criteria,
        count: int | None,
        timeout: float | None,
        settle: float,
    ) -> Expectation[Record]:
        _check_count(count)
        return Expectation(
            feed,
            criteria,
            count,
            Patience(self._timeout(timeout), _checked_seconds("settle", settle)),
            now=monotonic(),
            give_up=lambda: self._recorder.crash is not None,
            fail=partial(_fail, self._recorder, self._address, self._in_task),
        )

    def _timeout(self, timeout: float | None) -> float:
        return self._wait_timeout if timeout is None else _checked_seconds("timeout", timeout)


class Closed:
    """No client is connected."""

    def __init__(self, recorder: Recorder, now: float, timeout: float, *, blocks: bool) -> None:
        self._recorder = recorder
        self._blocks = blocks
        self._timeout = timeout
        self._deadline = now + timeout

    def look(self, now: float) -> float | None:
        """See `expectation.Waiting`."""
        decided = not self._recorder.open_sessions or self._recorder.crash is not None
        return None if decided or now >= self._deadline else self._deadline

    def result(self) -> None:
        """Return nothing; see `expectation.Waiting`."""
        __tracebackhide__ = True
        still_open = [one for one in self._recorder.sessions() if one.ended_by is None]
        if still_open:
            self._recorder.raise_crash()
            who = ", ".join(map(repr, still_open[:_SESSIONS_SHOWN]))
            hint = blocked_loop(in_event_loop()) if self._blocks else None
            raise SMTPAssertionError(
                f"expected no client to be connected, but {len(still_open)} still were after "
                f"{self._timeout:g} s: {who}{f'; {hint}' if hint else ''}\n\n"
                f"{still_open[-1].transcript_end(_EXCHANGES_SHOWN)}"
            )


def _fail(
    recorder: Recorder, address: str, in_task: bool, expectation: Expectation[Record]
) -> None:
    __tracebackhide__ = True
    recorder.raise_crash()
    transactions = recorder.transactions()
    raise SMTPAssertionError(
        describe_failure(
            count=expectation.count or 0,
            criteria=expectation.criteria,
            records=expectation.records,
            matched=expectation.matched,
            waited=expectation.waited,
            refused=[one for one in transactions if one.refused or one.outcome == "rejected"],
            hints=list(_hints(recorder, address, in_task, expectation)),
            transcript=recorder.transcript(_SESSIONS_SHOWN, _EXCHANGES_SHOWN),
        )
    )


def _fail_to_hold(recorder: Recorder, address: str, blocked: bool, sentence: str) -> None:
    __tracebackhide__ = True
    recorder.raise_crash()
    raise SMTPAssertionError("; ".join([sentence, *hints(recorder, address, blocked=blocked)]))


def _hints(
    recorder: Recorder, address: str, in_task: bool, expectation: Expectation[Record]
) -> Iterator[str]:
    # Why a message that is one too many came is no riddle, unless it is another test's.
    if len(expectation.matched) <= (expectation.count or 0):
        if expectation.skipped:
            yield f"{counted(expectation.skipped, 'message')} came before the block was entered"
        # A wait of no time at all has blocked nothing.
        yield from hints(recorder, address, blocked=expectation.waited > 0 and not in_task)
    yield from began_before(recorder, expectation.records)


def _check_count(count: int | None) -> None:
    if count is None:
        return
    if not is_whole(count) or count < 0:
        raise ValueError(f"count={count!r}: must be a whole number from 0")


def _checked_seconds(name: str, seconds: float) -> float:
    if not (is_number(seconds) and 0 <= seconds <= _LONGEST):
        raise ValueError(f"{name}={seconds!r}: must be a number of seconds from 0 to {_LONGEST}")
    return seconds

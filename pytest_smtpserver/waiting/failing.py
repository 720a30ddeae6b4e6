"""The failure of a wait: collects what the server knows, finds the cause, and raises."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.clock import now
from pytest_smtpserver.frozen import replaced
from pytest_smtpserver.matching import (
    Criteria,
    SMTPAssertionError,
    counted,
    describe_failure,
    transcript_end,
)
from pytest_smtpserver.matching.failure import assembled, seconds

from .awaiting import in_event_loop
from .causes import Facts, causes
from .causes.reach import ASYNC_ADVICE
from .causes.unfinished import given_up_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_smtpserver.matching import Cause
    from pytest_smtpserver.recording.recorder import Recorder
    from pytest_smtpserver.records.session import Session

    from .causes import Surroundings
    from .expectation import Expectation

# A failure text shows the end of the transcript. More sessions than this do not fit, nor do more
# exchanges, which have at least a line each.
_SESSIONS_SHOWN = 5
_EXCHANGES_SHOWN = 40
_TRANSCRIPT_LINES = 20
_GIVEN_UP_SHOWN = 2


class Failing:
    """Raises the failures of one server's waits.

    `blocks`: while one of them waits, nothing else can run in the caller's thread.
    """

    def __init__(
        self, recorder: Recorder, surroundings: Callable[[], Surroundings], *, blocks: bool
    ) -> None:
        self._recorder = recorder
        self._surroundings = surroundings
        self._blocks = blocks

    def expectation(self, expected: Expectation[Any]) -> None:
        """Raise the failure of a wait for records."""
        __tracebackhide__ = True
        self._recorder.raise_crash()
        transactions = self._recorder.transactions()
        is_short = len(expected.matched) < (expected.count or 0)
        if is_short and expected.criteria.kind.noun == "message":
            self._recorder.give_up(expected.criteria, now())
        # A wait that took no time has blocked nothing.
        facts = self._facts(
            expected.criteria, blocked=expected.waited > 0, skipped=expected.came_before
        )
        raise SMTPAssertionError(
            describe_failure(
                count=expected.count or 0,
                criteria=expected.criteria,
                records=expected.records,
                matched=expected.matched,
                waited=expected.waited,
                refused=[one for one in transactions if one.refused or one.outcome == "rejected"],
                causes=list(causes(facts)),
                hints=[
                    *_began_before(self._recorder, expected.records),
                    *(_nothing_ran(facts, expected.waited) if is_short else ()),
                    *(islice(given_up_before(transactions), _GIVEN_UP_SHOWN) if is_short else ()),
                ],
                transcript=self._transcript(),
            )
        )

    def held_too_few(self, rule: object, held: int, count: int, waited: float) -> None:
        """Raise the failure of a wait for commands that a rule should hold."""
        __tracebackhide__ = True
        self._recorder.raise_crash()
        found = list(causes(self._facts(None, blocked=waited > 0)))
        few = f"{held} of {count} commands held"
        first = f"{found[0].text}; {few}" if found else few
        raise SMTPAssertionError(
            assembled(
                [
                    [f"{first} (waited {seconds(waited)})"],
                    [f"expected the rule {rule} to hold {counted(count, 'command')}"],
                    _advice(found),
                    transcript_end(self._transcript(), _TRANSCRIPT_LINES),
                ]
            )
        )

    def still_connected(self, waited: float) -> None:
        """Raise the failure of a wait for the last client to leave."""
        __tracebackhide__ = True
        self._recorder.raise_crash()
        lasting = [one for one in self._recorder.sessions() if one.ended_by is None]
        if not lasting:  # pragma: no cover  # the last one left just now
            return
        facts = self._facts(None, blocked=waited > 0)
        found = _why_connected(facts, lasting)
        verb = "is" if len(lasting) == 1 else "are"
        who = f"{counted(len(lasting), 'client')} {verb} still connected"
        why = f"; {found[0].text}" if found else ""
        raise SMTPAssertionError(
            assembled(
                [
                    [f"{who}{why} (waited {seconds(waited)})"],
                    ["expected no client to be connected; these are:"]
                    + [f"  {one!r}" for one in lasting[-_SESSIONS_SHOWN:]],
                    [f"hint: {_blocked(facts.loop)}"] if facts.loop else _advice(found),
                    transcript_end(self._transcript(), _TRANSCRIPT_LINES),
                ]
            )
        )

    def _facts(self, criteria: Criteria | None, *, blocked: bool, skipped: int = 0) -> Facts:
        return Facts(
            server=self._surroundings(),
            sessions=self._recorder.sessions(),
            transactions=self._recorder.transactions(),
            noun=criteria.kind.noun if criteria else "",
            criteria=criteria,
            loop=self._loop(blocked=blocked),
            skipped=skipped,
            cleared=self._recorder.cleared,
            forgotten=self._recorder.forgotten,
        )

    def _loop(self, *, blocked: bool) -> str | None:
        return in_event_loop() if blocked and self._blocks else None

    def _transcript(self) -> str:
        return self._recorder.transcript(_SESSIONS_SHOWN, _EXCHANGES_SHOWN, compact=True)


def _advice(found: Sequence[Cause]) -> list[str]:
    return [f"hint: {found[0].advice}"] if found and found[0].advice else []


def _why_connected(facts: Facts, lasting: Sequence[Session]) -> list[Cause]:
    # Only these sessions: others cannot explain why these clients are still connected.
    theirs = replaced(
        facts,
        sessions=lasting,
        transactions=[one for session in lasting for one in session.transactions],
    )
    return [cause for cause in causes(theirs) if cause.weight != "nothing"]


def _blocked(loop: str) -> str:
    return f"this wait blocked the running {loop} loop: {ASYNC_ADVICE}"


def _nothing_ran(facts: Facts, waited: float) -> Iterator[str]:
    """Yield a sentence if this wait blocked a loop, and no session ended meanwhile."""
    ended = [one.ended_at.timestamp() for one in facts.sessions if one.ended_at]
    # If no session has ended, the blocked loop is the cause, and the first line says so already.
    if facts.loop and ended and max(ended) < now() - waited:
        yield _blocked(facts.loop)


def _began_before(recorder: Recorder, records: Sequence[object]) -> Iterator[str]:
    """Yield a sentence for each message whose MAIL came before the records were emptied."""
    if not recorder.cleared:
        return
    # Transactions that were open when the records were emptied come first.
    early = takewhile(
        lambda one: one.started_at.timestamp() < recorder.cleared, recorder.transactions()
    )
    messages = {id(transaction.message) for transaction in early}
    for number, record in enumerate(records if messages else (), 1):
        if id(record) in messages:
            yield (
                f"message {number} began before this test (or its last clear()): its MAIL came "
                "before the records were emptied"
            )

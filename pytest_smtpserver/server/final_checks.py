"""What is checked at the end of a test, for all of its servers together."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from pytest_smtpserver import matching
from pytest_smtpserver.recording.recorder import server_crashed
from pytest_smtpserver.rules.places import raised_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.violations import Violation
    from pytest_smtpserver.settings import Settings

    Violations = tuple[tuple[Session, Violation], ...]

# Arbitrary: half of what a failure's text may take.
_LISTED = 20


class Checked(Protocol):
    """What the checks need to know about a server."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def violations(self) -> Violations:
        """The clients' violations, each with its session."""

    @property
    def cleared(self) -> float:
        """When its records were last cleared, in seconds since the epoch."""

    @property
    def crash(self) -> BaseException | None:
        """The exception with which the server failed by its own fault."""

    @property
    def callable_error(self) -> BaseException | None:
        """The exception that a callable of the test raised."""

    @property
    def unused_rules(self) -> tuple[str, ...]:
        """A sentence for each rule that was never used, on two lines if it is long."""


def check(
    servers: Sequence[Checked],
    *,
    passed: bool = True,
    of_run: bool = False,
    violations: Mapping[Checked, Violations] | None = None,
) -> None:
    """Raise one error for all that is wrong with any of the servers.

    In this order: `ServerCrashed` if one failed by its own fault, with its exception as the cause;
    the exception of a callable of the test; and, if the test itself has `passed`,
    `SMTPAssertionError` for violations of the protocol under `strict` and for rules that were
    never used. What else is wrong is in the notes of the error; but a rule may be unused because a
    callable has raised at the same server.

    With `of_run` a `KeyboardInterrupt` of a callable is an error like others, because as itself it
    would end the whole run. `violations` are those for which the test answers, for servers where
    these are not all.
    """
    __tracebackhide__ = True
    wrong = [*_crashes(servers), *_callable_errors(servers, _KINDS_OF_RUN if of_run else _KINDS)]
    if passed:
        wrong += [*_violations(servers, violations or {}), *_unused_rules(servers)]
    if not wrong:
        return
    noted = getattr(wrong[0], "__notes__", ())
    for note in (f"{type(other).__name__}: {other}" for other in wrong[1:]):
        # A test may have checked the same error already.
        if note not in noted:
            wrong[0].add_note(note)
    raise wrong[0]


def _crashes(servers: Sequence[Checked]) -> Iterator[BaseException]:
    for server in servers:
        if server.crash is not None:
            yield server_crashed(server.crash)


# What would say something else than it did in the callable: to raise it in a generator, such as a
# fixture, is the error "generator raised StopIteration" (PEP 479).
_KINDS = (StopIteration, StopAsyncIteration)
_KINDS_OF_RUN = (*_KINDS, KeyboardInterrupt)


def _not_failures() -> Iterator[type[BaseException]]:
    """Yield what pytest does not take for a failure: to skip, or to expect one."""
    pytest, cases = sys.modules.get("pytest"), sys.modules.get("unittest.case")
    if pytest is not None:
        yield from (pytest.skip.Exception, pytest.xfail.Exception)
    if cases is not None:
        yield cases.SkipTest


def _callable_errors(
    servers: Sequence[Checked], replaced: tuple[type[BaseException], ...]
) -> Iterator[BaseException]:
    for server in servers:
        if (error := server.callable_error) is not None:
            is_replaced = isinstance(error, (*replaced, *_not_failures()))
            yield _described(error) if is_replaced else error


def _described(error: BaseException) -> RuntimeError:
    place, said = raised_at(error), str(error)
    # A callable that is written in C has no place.
    where, why = f" ({place})" if place else "", f": {said}" if said else ""
    text = f"a callable of the test raised {type(error).__name__}{where}{why}"
    return RuntimeError(text).with_traceback(error.__traceback__)


def _violations(
    servers: Sequence[Checked], known: Mapping[Checked, Violations]
) -> Iterator[BaseException]:
    for server in servers:
        if not server.settings.strict:
            continue
        if found := known.get(server, server.violations):
            lines = [
                f"  {_named(session, server.cleared)}: {violation}"
                for session, violation in found[:_LISTED]
            ]
            if len(found) > _LISTED:
                lines.append(f"  and {len(found) - _LISTED} more")
            expected = f"expected no violation of the protocol (strict), got {len(found)}:"
            yield _failure([str(found[0][1])], [expected, *lines])


def _named(session: Session, cleared: float) -> str:
    # A client of an earlier test may do wrong, or end without QUIT, while this one runs.
    is_older = session.started_at.timestamp() < cleared
    return f"session {session.id}{', begun before clear() or the test' if is_older else ''}"


def _unused_rules(servers: Sequence[Checked]) -> Iterator[BaseException]:
    lines: list[str] = []
    for server in servers:
        if server.callable_error is None:
            lines += "\n".join(server.unused_rules).splitlines()
    if lines:
        yield _failure(lines)


def _failure(*paragraphs: Sequence[str]) -> matching.SMTPAssertionError:
    return matching.SMTPAssertionError(matching.assembled(paragraphs))

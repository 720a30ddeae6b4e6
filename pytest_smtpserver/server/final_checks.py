"""What is checked at the end of a test, for all of its servers in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_smtpserver.matching import SMTPAssertionError
from pytest_smtpserver.recording.recorder import server_crashed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.violations import Violation
    from pytest_smtpserver.settings import Settings

# Arbitrary: half of what a failure's text may take.
_LISTED = 20


class Checked(Protocol):
    """What is looked at of a server."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def violations(self) -> tuple[tuple[Session, Violation], ...]:
        """What clients did against the protocol, each with its session."""

    @property
    def crash(self) -> BaseException | None:
        """What the server failed with by its own fault."""

    @property
    def callable_error(self) -> BaseException | None:
        """What a callable of the test raised."""

    @property
    def unused_rules(self) -> tuple[str, ...]:
        """A sentence for each rule that was never used."""


def check(servers: Sequence[Checked], *, passed: bool = True) -> None:
    """Raise one error for all that is wrong with any of the servers.

    In this order: `ServerCrashed` if one failed by its own fault, with its exception as the cause;
    the exception of a callable of the test; and, if the test itself has `passed`,
    `SMTPAssertionError` for violations of the protocol under `strict` and for rules that were
    never used. What else is wrong is in the notes of the error.
    """
    __tracebackhide__ = True
    wrong = [one for find in (_crashes, _callable_errors) for one in find(servers)]
    if passed:
        wrong += [one for find in (_violations, _unused_rules) for one in find(servers)]
    if not wrong:
        return
    for other in wrong[1:]:
        wrong[0].add_note(f"{type(other).__name__}: {other}")
    raise wrong[0]


def _crashes(servers: Sequence[Checked]) -> Iterator[BaseException]:
    return (server_crashed(server.crash) for server in servers if server.crash is not None)


def _callable_errors(servers: Sequence[Checked]) -> Iterator[BaseException]:
    return (server.callable_error for server in servers if server.callable_error is not None)


def _violations(servers: Sequence[Checked]) -> Iterator[BaseException]:
    for server in servers:
        found = server.violations
        if found and server.settings.strict:
            lines = "".join(f"\n  session {s.id}: {one}" for s, one in found[:_LISTED])
            if len(found) > _LISTED:
                lines += f"\n  and {len(found) - _LISTED} more"
            yield SMTPAssertionError(
                f"{found[0][1]}\n\n"
                f"expected no violation of the protocol (strict), got {len(found)}:{lines}"
            )


def _unused_rules(servers: Sequence[Checked]) -> Iterator[BaseException]:
    sentences = [sentence for server in servers for sentence in server.unused_rules]
    if sentences:
        more = "".join(f"\n{sentence}" for sentence in sentences[1:])
        yield SMTPAssertionError(f"{sentences[0]}{more}")

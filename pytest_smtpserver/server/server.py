"""The server that a test holds in its hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from pytest_smtpserver.settings import DEFAULTS, check_effect
from pytest_smtpserver.settings.users import hiding_secrets

from .base import BaseServer
from .core import Core

if TYPE_CHECKING:
    from typing import Unpack

    from pytest_smtpserver.records.keywords import (
        MessageCriteria,
        SessionCriteria,
        TransactionCriteria,
    )
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.rules import Command
    from pytest_smtpserver.rules.rule import Rule
    from pytest_smtpserver.rules.state import RuleState
    from pytest_smtpserver.settings import Settings
    from pytest_smtpserver.settings.keywords import ServerSettings
    from pytest_smtpserver.waiting import Expectations
    from pytest_smtpserver.waiting.capture import Capture
    from pytest_smtpserver.waiting.expectation import Waiting

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

Result = TypeVar("Result")


class SMTPServer(BaseServer["Rule"]):
    """A real SMTP server in this process, which records everything that it sees.

    `SMTPServer(port=2525)`: the keywords are the settings of the reference; an unknown one or an
    impossible value is a `SettingsError`. As a context manager it starts the server, and at the
    end stops and checks it. All times are in seconds. Its records are immutable snapshots, oldest
    first; what a reply reports is recorded before that reply is sent.

    `criteria` choose records, and all that are given must hold. For messages they are `mail_from`,
    `rcpt_to`, `from_`, `to`, `cc`, `reply_to`, `subject`, `header`, `text`, `html`, `body`,
    `attachment`, `username` and `where`; for transactions `outcome`, `mail_from`, `rcpt_to` and
    `where`; for sessions `helo`, `username`, `mechanism`, `tls`, `ended_by` and `where`. The
    reference says which values they take.
    """

    def __init__(self, **settings: Unpack[ServerSettings]) -> None:
        settings = hiding_secrets(settings)  # type: ignore[assignment]
        changed = DEFAULTS.changed(settings)
        check_effect(changed, settings)
        self._core = Core(changed)

    @classmethod
    def _with(cls, settings: Settings) -> Self:
        server = cls.__new__(cls)
        server._core = Core(settings)
        return server

    def wait_for_message(
        self,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[MessageCriteria],
    ) -> Message:
        """Return the one message that matches, as soon as it is there.

        An unknown criterion is a `TypeError`, here and in the methods below.
        Raises `SMTPAssertionError` if none comes within `timeout` (default: the setting
        `wait_timeout`), if several match, or as soon as a second one comes within `settle`.
        """
        __tracebackhide__ = True
        expected = self._expectations.messages(1, criteria, timeout=timeout, settle=settle)
        return self._wait(expected)[0]

    def wait_for_messages(
        self,
        count: int,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[MessageCriteria],
    ) -> tuple[Message, ...]:
        """Return the `count` messages that match, oldest first, or fail as above."""
        __tracebackhide__ = True
        return self._wait(
            self._expectations.messages(count, criteria, timeout=timeout, settle=settle)
        )

    def assert_no_message(
        self, *, within: float = 0.0, **criteria: Unpack[MessageCriteria]
    ) -> None:
        """Raise `SMTPAssertionError` if a message matches now or within `within` seconds.

        A message that is being sent at the call may arrive first, within `wait_timeout`; if it is
        still being sent then, that is a failure, too. One that an earlier test has left unfinished
        does not count, unless its client goes on.
        """
        __tracebackhide__ = True
        self._wait(self._expectations.no_message(within, criteria))

    def capture(
        self,
        count: int | None = None,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[MessageCriteria],
    ) -> Capture:
        """Return a context manager that gives a list of the matching messages accepted in it.

        The list is filled when the block ends. With `count`, the end waits for exactly that many,
        and raises `SMTPAssertionError` otherwise; without it, the end waits for `settle` seconds
        and takes all that comes. If the block raises, it does not wait. In any case the list has
        what has come by then.
        """
        from pytest_smtpserver.waiting.capture import Capture

        enter = self._expectations.capture(count, criteria, timeout=timeout, settle=settle)
        return Capture(enter, self._wait)

    def wait_for_transaction(
        self,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[TransactionCriteria],
    ) -> Transaction:
        """Return the one finished transaction that matches, as `wait_for_message` does."""
        __tracebackhide__ = True
        expected = self._expectations.transactions(1, criteria, timeout=timeout, settle=settle)
        return self._wait(expected)[0]

    def wait_for_transactions(
        self,
        count: int,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[TransactionCriteria],
    ) -> tuple[Transaction, ...]:
        """Return the finished transactions that match, as `wait_for_messages` does."""
        __tracebackhide__ = True
        return self._wait(
            self._expectations.transactions(count, criteria, timeout=timeout, settle=settle)
        )

    def wait_for_session(
        self,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[SessionCriteria],
    ) -> Session:
        """Return the one ended session that matches, as `wait_for_message` does."""
        __tracebackhide__ = True
        return self._wait(self._expectations.session(criteria, timeout=timeout, settle=settle))[0]

    def wait_closed(self, timeout: float | None = None) -> None:
        """Return as soon as no client is connected; `SMTPAssertionError` after `timeout`.

        A client whose session has ended is given a second to close its connection. If it
        does not, that is no failure.
        """
        __tracebackhide__ = True
        self._wait(self._expectations.closed(timeout))

    def _new_rule(self, state: RuleState) -> Rule:
        from pytest_smtpserver.rules.rule import Rule

        return Rule(state, self._wait_held)

    def _wait_held(self, rule: RuleState, count: int, timeout: float | None) -> Command:
        __tracebackhide__ = True
        return self._wait(self._expectations.held(rule, count, timeout))

    @property
    def _expectations(self) -> Expectations:
        return self._core.expectations(in_task=False)

    def _wait(self, waiting: Waiting[Result]) -> Result:
        __tracebackhide__ = True
        from pytest_smtpserver.waiting import awaiting

        awaiting.in_thread(self._core.recorder, waiting.look)
        return waiting.result()


class ServerFactory(Protocol):
    """The type of the fixtures `smtpserver_factory` and `smtpserver_session_factory`."""

    def __call__(self, **settings: Unpack[ServerSettings]) -> SMTPServer:
        """Return one more server, started."""

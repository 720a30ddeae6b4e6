"""The same server for tests that are coroutines."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_smtpserver.rules.rule import RuleSteps
from pytest_smtpserver.waiting import awaiting
from pytest_smtpserver.waiting.capture import AsyncCapture

from .base import BaseServer

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
    from pytest_smtpserver.rules.state import RuleState
    from pytest_smtpserver.waiting.expectation import Waiting
    from pytest_smtpserver.waiting.expectations import Expectations

    from .server import SMTPServer

Result = TypeVar("Result")


class AsyncRule(RuleSteps):
    """A `Rule` whose `wait_held` is a coroutine; made by `AsyncSMTPServer.on`."""

    def __init__(self, state: RuleState, server: AsyncSMTPServer) -> None:
        super().__init__(state)
        self._server = server

    async def wait_held(self, count: int = 1, *, timeout: float | None = None) -> Command:
        """Return the last command that was held, as soon as `count` were held in all.

        Raises `SMTPAssertionError` after `timeout` seconds (default: the setting `wait_timeout`),
        and `ValueError` at once if the rule has no `hold()`.
        """
        __tracebackhide__ = True
        expected = self._server._expectations.held(self._state, count, timeout)
        return await self._server._wait(expected)


class AsyncSMTPServer(BaseServer[AsyncRule]):
    """An `SMTPServer` whose waiting methods are coroutines; everything else is the server's own.

    It works under asyncio, anyio and trio, never blocks the event loop, and waits in real time,
    whatever clock the loop has. Each method returns and raises what the method of `SMTPServer`
    does. Used as a context manager (`with`), it starts the server, and stops and checks it at the
    end. Raises `TypeError` for anything but an `SMTPServer`.
    """

    def __init__(self, server: SMTPServer) -> None:
        core = getattr(server, "_core", None)
        if core is None:
            raise TypeError(f"AsyncSMTPServer wraps an SMTPServer, not {server!r}")
        #: The server that this one wraps.
        self.server = server
        self._core = core

    async def wait_for_message(
        self,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[MessageCriteria],
    ) -> Message:
        """Return the one message that matches, as soon as it is there."""
        __tracebackhide__ = True
        expected = self._expectations.messages(1, criteria, timeout=timeout, settle=settle)
        return (await self._wait(expected))[0]

    async def wait_for_messages(
        self,
        count: int,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[MessageCriteria],
    ) -> tuple[Message, ...]:
        """Return the messages that match, oldest first: exactly `count`."""
        __tracebackhide__ = True
        expected = self._expectations.messages(count, criteria, timeout=timeout, settle=settle)
        return await self._wait(expected)

    async def assert_no_message(
        self, *, within: float = 0.0, **criteria: Unpack[MessageCriteria]
    ) -> None:
        """Raise `SMTPAssertionError` if a message matches now or within `within` seconds.

        A message that is being sent at the call may arrive first, within `wait_timeout`; if it is
        still being sent then, that is a failure, too. One that an earlier test has left unfinished
        does not count, unless its client goes on.
        """
        __tracebackhide__ = True
        expected = self._expectations.no_message(within, criteria)
        await self._wait(expected)

    def capture(
        self,
        count: int | None = None,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[MessageCriteria],
    ) -> AsyncCapture:
        """Return a context manager for `async with` that gives a list of the matching messages."""
        enter = self._expectations.capture(count, criteria, timeout=timeout, settle=settle)
        return AsyncCapture(enter, self._wait)

    async def wait_for_transaction(
        self,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[TransactionCriteria],
    ) -> Transaction:
        """Return the one finished transaction that matches."""
        __tracebackhide__ = True
        expected = self._expectations.transactions(1, criteria, timeout=timeout, settle=settle)
        return (await self._wait(expected))[0]

    async def wait_for_transactions(
        self,
        count: int,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[TransactionCriteria],
    ) -> tuple[Transaction, ...]:
        """Return the finished transactions that match, in the order in which they ended."""
        __tracebackhide__ = True
        expected = self._expectations.transactions(count, criteria, timeout=timeout, settle=settle)
        return await self._wait(expected)

    async def wait_for_session(
        self,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Unpack[SessionCriteria],
    ) -> Session:
        """Return the one ended session that matches."""
        __tracebackhide__ = True
        expected = self._expectations.session(criteria, timeout=timeout, settle=settle)
        return (await self._wait(expected))[0]

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Return as soon as no client is connected."""
        __tracebackhide__ = True
        await self._wait(self._expectations.closed(timeout))

    def _new_rule(self, state: RuleState) -> AsyncRule:
        return AsyncRule(state, self)

    @property
    def _expectations(self) -> Expectations:
        return self._core.expectations(in_task=True)

    async def _wait(self, waiting: Waiting[Result]) -> Result:
        __tracebackhide__ = True
        await awaiting.in_task(self._core.recorder, waiting.look)
        return waiting.result()

"""The same server for tests that are coroutines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pytest_smtpserver.waiting import awaiting
from pytest_smtpserver.waiting.capture import AsyncCapture

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.rules import Command, Rule
    from pytest_smtpserver.waiting.expectation import Waiting
    from pytest_smtpserver.waiting.waits import Waits

    from .server import SMTPServer

Result = TypeVar("Result")


class AsyncSMTPServer:
    """An `SMTPServer` whose waiting methods are coroutines; all else is the server's own.

    It works under asyncio, anyio and trio, never blocks the loop, and waits in real time whatever
    clock the loop has. Each method returns and raises what the method of `SMTPServer` does.
    """

    def __init__(self, server: SMTPServer) -> None:
        self.server = server

    def __getattr__(self, name: str) -> Any:
        return getattr(self.server, name)

    def __repr__(self) -> str:
        return f"<AsyncSMTPServer of {self.server!r}>"

    async def wait_for_message(
        self, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> Message:
        """Return the one message that matches, as soon as it is there."""
        __tracebackhide__ = True
        waits = self._waits.messages(1, criteria, timeout=timeout, settle=settle)
        return (await self._wait(waits))[0]

    async def wait_for_messages(
        self, count: int, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> tuple[Message, ...]:
        """Return the messages that match, oldest first: exactly `count`."""
        __tracebackhide__ = True
        waits = self._waits.messages(count, criteria, timeout=timeout, settle=settle)
        return await self._wait(waits)

    async def assert_no_message(self, *, within: float = 0.0, **criteria: Any) -> None:
        """Raise `SMTPAssertionError` if a message matches, or does within so many seconds."""
        __tracebackhide__ = True
        waits = self._waits.no_message(within, criteria)
        await self._wait(waits)

    def capture(
        self,
        count: int | None = None,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Any,
    ) -> AsyncCapture:
        """Give, with `async with`, a list of what matched of the messages accepted in it."""
        enter = self._waits.capture(count, criteria, timeout=timeout, settle=settle)
        return AsyncCapture(enter, self._wait)

    async def wait_for_transaction(
        self, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> Transaction:
        """Return the one finished transaction that matches."""
        __tracebackhide__ = True
        waits = self._waits.transactions(1, criteria, timeout=timeout, settle=settle)
        return (await self._wait(waits))[0]

    async def wait_for_transactions(
        self, count: int, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> tuple[Transaction, ...]:
        """Return the finished transactions that match, in the order in which they ended."""
        __tracebackhide__ = True
        waits = self._waits.transactions(count, criteria, timeout=timeout, settle=settle)
        return await self._wait(waits)

    async def wait_for_session(
        self, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> Session:
        """Return the one ended session that matches."""
        __tracebackhide__ = True
        waits = self._waits.session(criteria, timeout=timeout, settle=settle)
        return (await self._wait(waits))[0]

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Return as soon as no client is connected."""
        __tracebackhide__ = True
        await self._wait(self._waits.closed(timeout))

    def on(self, stage: str, *, optional: bool = False, **match: Any) -> AsyncRule:
        """Return a new rule; see `SMTPServer.on`."""
        return AsyncRule(self, self.server.on(stage, optional=optional, **match))

    def refuse(
        self,
        reply: str | Reply,
        *,
        stage: str | None = None,
        optional: bool = False,
        **match: Any,
    ) -> AsyncRule:
        """Return a rule that refuses; see `SMTPServer.refuse`."""
        rule = self.server.refuse(reply, stage=stage, optional=optional, **match)
        return AsyncRule(self, rule)

    def greylist(self, times: int = 1, *, optional: bool = False, **match: Any) -> AsyncRule:
        """Return a rule that greylists; see `SMTPServer.greylist`."""
        return AsyncRule(self, self.server.greylist(times, optional=optional, **match))

    def chaos(self, rate: float = 0.1, seed: int | str | None = None) -> AsyncRule:
        """Return a rule that refuses by chance; see `SMTPServer.chaos`."""
        return AsyncRule(self, self.server.chaos(rate, seed))

    @property
    def _waits(self) -> Waits:
        return self.server._waits_for(in_task=True)

    async def _wait(self, waiting: Waiting[Result]) -> Result:
        __tracebackhide__ = True
        await awaiting.wait(self.server._recorder, waiting.look)
        return waiting.result()


class AsyncRule:
    """A `Rule` whose `wait_held` is a coroutine; all else is the rule's own."""

    def __init__(self, server: AsyncSMTPServer, rule: Rule) -> None:
        self._server = server
        self.rule = rule

    async def wait_held(self, count: int = 1, *, timeout: float | None = None) -> Command:
        """Return the command held last, as soon as so many were held in all."""
        __tracebackhide__ = True
        waits = self._server._waits.held(self.rule, count, timeout)
        return await self._server._wait(waits)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.rule, name)
        return self._chained(value) if callable(value) else value

    def _chained(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            return self if result is self.rule else result

        return call

    def __repr__(self) -> str:
        return f"<AsyncRule of {self.rule!r}>"

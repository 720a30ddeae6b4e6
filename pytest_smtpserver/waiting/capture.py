"""A block whose messages are captured: with `with` in a thread, with `async with` in a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_smtpserver.matching import SMTPAssertionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_smtpserver.records.message import Message

    from .expectation import Expectation, Waiting

    Messages = tuple[Message, ...]
    Enter = Callable[[], Callable[[], Expectation[Message]]]


class _Block:
    """What both have in common.

    `enter` is called when the block begins, and returns a function. That function is called when
    the block ends, and makes the expectation that `wait` waits for. So the timeout begins at the
    end of the block, and only messages since its beginning count.
    """

    def __init__(self, enter: Enter, wait: Any) -> None:
        self._enter = enter
        self._wait = wait

    def _begin(self) -> list[Message]:
        self._captured: list[Message] = []
        self._expect = self._enter()
        return self._captured


class Capture(_Block):
    """The block of `SMTPServer.capture`, for `with`; it gives a list of messages."""

    _wait: Callable[[Waiting[Messages]], Messages]

    def __enter__(self) -> list[Message]:
        return self._begin()

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        expectation = self._expect()
        try:
            self._captured += expectation.so_far() if exc_type else self._wait(expectation)
        except SMTPAssertionError:
            self._captured += expectation.so_far()
            raise


class AsyncCapture(_Block):
    """The block of `AsyncSMTPServer.capture`, for `async with`; it gives a list of messages."""

    _wait: Callable[[Waiting[Messages]], Awaitable[Messages]]

    async def __aenter__(self) -> list[Message]:
        return self._begin()

    async def __aexit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        expectation = self._expect()
        try:
            self._captured += expectation.so_far() if exc_type else await self._wait(expectation)
        except SMTPAssertionError:
            self._captured += expectation.so_far()
            raise

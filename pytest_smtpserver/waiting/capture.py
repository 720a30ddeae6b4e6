"""A block whose messages are captured: in a thread, and in a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_smtpserver.records.message import Message

    from .expectation import Expectation, Waiting

    Messages = tuple[Message, ...]
    Enter = Callable[[], Callable[[], Expectation[Message]]]


class Capture:
    """See `SMTPServer.capture`.

    `enter` is called when the block begins, and what it gives when it ends: that makes what is
    then waited for with `wait`.
    """

    def __init__(self, enter: Enter, wait: Callable[[Waiting[Messages]], Messages]) -> None:
        self._enter = enter
        self._wait = wait
        self._captured: list[Message] = []

    def __enter__(self) -> list[Message]:
        self._expect = self._enter()
        return self._captured

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        expectation = self._expect()
        if exc_type is None:
            self._captured += self._wait(expectation)
        else:
            self._captured += expectation.so_far()


class AsyncCapture:
    """See `AsyncSMTPServer.capture`; otherwise as `Capture`."""

    def __init__(
        self, enter: Enter, wait: Callable[[Waiting[Messages]], Awaitable[Messages]]
    ) -> None:
        self._enter = enter
        self._wait = wait
        self._captured: list[Message] = []

    async def __aenter__(self) -> list[Message]:
        self._expect = self._enter()
        return self._captured

    async def __aexit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        expectation = self._expect()
        if exc_type is None:
            self._captured += await self._wait(expectation)
        else:
            self._captured += expectation.so_far()

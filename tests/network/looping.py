"""A servers' thread for one test, and counters of its waits."""

from __future__ import annotations

import selectors
import threading
from typing import TYPE_CHECKING, TypeVar

import trio

from pytest_smtpserver.network.background import Background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Self

# Far more than is needed on a busy machine.
TIMEOUT = 20

Result = TypeVar("Result")


class Loop:
    """Used as a context manager, it ends the thread."""

    def __init__(self) -> None:
        self.thread = Background()
        self.readiness = self.thread.readiness

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.shut_down()

    def run(self, function: Callable[[], Awaitable[Result]]) -> Result:
        """Return what a coroutine function returns or raises in the thread."""
        outcome: list[Result | BaseException] = []
        done = threading.Event()

        async def task() -> None:
            try:
                with trio.fail_after(TIMEOUT):
                    outcome.append(await function())
            except BaseException as error:  # noqa: BLE001  # it is raised below
                outcome.append(error)
            done.set()

        self.thread.soon(self.thread.start_task, task)
        assert done.wait(TIMEOUT)
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    def at_rest(self, function: Callable[[], Result], rounds: int = 5) -> Result:
        """Return what a function returns in the thread, once nothing else is left to do."""
        return at_rest(self.thread, function, rounds)


def at_rest(thread: Background, function: Callable[[], Result], rounds: int = 5) -> Result:
    """Return what a function returns in a servers' thread, once nothing else is left to do."""
    results: list[Result] = []
    done = threading.Event()

    def call(left: int) -> None:
        # What had come before this call is dealt with before the next one.
        if left:
            thread.soon(call, left - 1)
            return
        results.append(function())
        done.set()

    thread.soon(call, rounds)
    assert done.wait(TIMEOUT)
    return results[0]


class Counting(selectors.DefaultSelector):
    """A selector that counts the waits of its thread."""

    waits = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waits += 1
        return super().select(timeout)


class Steps(trio.abc.Instrument):
    """Counts how often a task is woken."""

    count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.count += 1

"""The thread with the loop, from its start to its end."""

from __future__ import annotations

from typing import Any

from pytest_smtpserver.network.background import Background

# Generous: the machine may be busy.
TIMEOUT = 20


class Told:
    """In the place of a listener: it is told of the thread's end."""

    def __init__(self, thread: Background) -> None:
        self._thread = thread
        self.found_alive: list[bool] = []

    def thread_ended(self, failure: BaseException | None) -> None:
        assert failure is None
        self.found_alive.append(self._thread.is_alive)


def test_a_listener_told_of_the_threads_end_may_start_another() -> None:
    thread = Background()
    told: Any = Told(thread)
    assert thread.is_alive
    thread.listeners.add(told)
    thread.shut_down()
    thread._thread.join(TIMEOUT)
    assert told.found_alive == [False]

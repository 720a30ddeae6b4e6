"""The thread with the loop, from its start to its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.network.background import Background

if TYPE_CHECKING:
    import pytest

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


def test_a_thread_that_has_the_number_of_one_that_has_ended_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = Background()
    ended.shut_down()
    ended._thread.join(TIMEOUT)
    monkeypatch.setattr(ended._thread, "_ident", threading.get_ident())
    assert ended.thread == threading.get_ident()
    assert not ended.is_current

"""What a session costs that nobody looks at, counted, since a clock would tell of the machine."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import recording
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook
from pytest_smtpserver.settings import DEFAULTS
from pytest_smtpserver.smtp import SMTPEngine, offer_of

if TYPE_CHECKING:
    from types import FrameType

ROOM = str(Path(recording.__file__).parent)
CONTENT = b"Subject: Welcome\r\n\r\n"
LINES = (
    b"EHLO client.test\r\n",
    b"MAIL FROM:<ann@example.org>\r\n",
    b"RCPT TO:<bob@example.org>\r\n",
    b"DATA\r\n",
    CONTENT + b".\r\n",
    b"QUIT\r\n",
)
# Some objects are made once for all sessions.
MANY = 200


class Visits:
    """Sessions with one message each, and what they leave behind."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._offer = offer_of(DEFAULTS, None)
        self._rules = RuleBook(self._offer.stages, self.recorder.wake)
        self._now = 0.0
        for _ in range(MANY):
            self.visit()

    def visit(self) -> None:
        engine = SMTPEngine(self._offer, self.recorder, self._rules, ("127.0.0.1", 50_000))
        engine.opened(self._tick())
        for octets in (b"", *LINES):
            if octets:
                engine.receive(octets, self._tick())
            while engine.next_action() is not None:
                pass

    def _tick(self) -> float:
        self._now += 1
        return self._now


@pytest.fixture
def visits() -> Visits:
    return Visits()


def tracked() -> list[object]:
    gc.collect()
    return gc.get_objects()


def test_the_garbage_collector_visits_five_objects_for_a_session_with_a_message(
    visits: Visits,
) -> None:
    # Kept, so that nothing new gets the identity of something that other tests have left.
    before = tracked()
    known = set(map(id, before))
    for _ in range(MANY):
        visits.visit()
    new = Counter(type(one).__name__ for one in tracked() if id(one) not in known)
    assert {name: count // MANY for name, count in new.items() if count >= MANY} == {
        "SessionRecording": 1,
        "Wire": 1,
        "TransactionRecording": 1,
        "Message": 1,
        "Envelope": 1,
    }
    assert len(visits.recorder.messages) == 2 * MANY


def test_a_session_with_a_message_takes_a_kilobyte_beyond_its_content(visits: Visits) -> None:
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(MANY):
            visits.visit()
        gc.collect()
        octets, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # It was 1,137 with Python 3.11 and 3.13.
    assert octets / MANY - len(CONTENT) < 1_300


def test_recording_a_session_with_a_message_takes_some_seventy_calls(visits: Visits) -> None:
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(ROOM):
            calls[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        visits.visit()
    finally:
        sys.setprofile(before)
    # For each command one that it came and two that it was answered; comprehensions are calls
    # in Python 3.11 only.
    assert (calls["asked"], calls["answered"] + calls["_complete"]) == (6, 18)
    assert calls.total() <= 75, calls

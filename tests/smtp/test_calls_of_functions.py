"""What a command costs, counted instead of timed: each function that is called costs time."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.settings import Settings
from pytest_smtpserver.smtp.offer import offer_of
from tests.conversation import make_engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pytest_smtpserver.smtp.engine import SMTPEngine

MESSAGE = (
    b"MAIL FROM:<ann@example.org>\r\n",
    b"RCPT TO:<bob@example.org>\r\n",
    b"DATA\r\n",
    b"Subject: Welcome\r\n\r\ntext\r\n.\r\n",
)
SESSION = (b"EHLO client.test\r\n", *MESSAGE, b"QUIT\r\n")


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called, other than those of this file."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename != __file__

    before = sys.getprofile()
    # The collector calls functions of its own.
    gc.disable()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def pull(engine: SMTPEngine) -> None:
    while engine.next_action() is not None:
        pass


def say(engine: SMTPEngine, *pieces: bytes) -> None:
    for piece in pieces:
        engine.receive(piece, now=1.0)
        pull(engine)


def greet(engine: SMTPEngine) -> SMTPEngine:
    engine.opened(now=0.0)
    pull(engine)
    return engine


def new_engine() -> SMTPEngine:
    return make_engine(offer_of(Settings(), None), Recorder())


@pytest.fixture
def engine() -> SMTPEngine:
    """Return an engine in whose session nothing is said for the first time any more."""
    engine = greet(new_engine())
    say(engine, b"EHLO client.test\r\n", b"NOOP\r\n", *MESSAGE)
    return engine


def test_a_command_calls_few_functions(engine: SMTPEngine) -> None:
    assert 10 < calls(lambda: say(engine, b"NOOP\r\n")) <= 22


def test_a_message_calls_few_functions(engine: SMTPEngine) -> None:
    assert 100 < calls(lambda: say(engine, *MESSAGE)) <= 150


def test_a_session_calls_few_functions() -> None:
    say(greet(new_engine()), *SESSION)
    engine = new_engine()
    assert 150 < calls(lambda: say(greet(engine), *SESSION)) <= 242


def test_a_message_costs_the_same_after_many(engine: SMTPEngine) -> None:
    first = calls(lambda: say(engine, *MESSAGE))
    say(engine, *(20 * MESSAGE))
    assert calls(lambda: say(engine, *MESSAGE)) == first

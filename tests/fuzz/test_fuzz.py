"""A short run of the fuzzer, and proof that it finds what it looks for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.engine import Send
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.smtp import SMTPEngine
from tests.fuzz.fuzz_engine import Session, Stuck, client_octets, fuzz, mutated, pieces

if TYPE_CHECKING:
    from pytest_smtpserver.engine import Action


def test_mutated_dialogues_upset_nothing() -> None:
    result = fuzz(100_000, seed=5321)
    assert result.octets >= 100_000
    assert result.messages > 10


def test_a_seed_decides_what_is_sent() -> None:
    first, second = random.Random(1), random.Random(1)
    assert mutated(first, b"EHLO a\r\n" * 9) == mutated(second, b"EHLO a\r\n" * 9)


def test_pieces_are_the_octets_in_their_order() -> None:
    octets = b"".join(client_octets())
    assert b"".join(pieces(random.Random(1), octets)) == octets


class Endless(SMTPEngine):
    """An engine that never comes to an end."""

    def next_action(self) -> Action:
        return super().next_action() or Send(b"250 OK\r\n")


class Forgetful(Recorder):
    """A recorder that forgets to forget."""

    def clear(self, now: float) -> None:
        pass


def test_a_growth_of_memory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.fuzz_engine.Recorder", Forgetful)
    monkeypatch.setattr("tests.fuzz.fuzz_engine.GROWTH", 0)
    with pytest.raises(AssertionError, match="memory grows"):
        fuzz(100_000, seed=1, look_every=20_000)


def test_an_engine_that_does_not_come_to_an_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conversation.SMTPEngine", Endless)
    with pytest.raises(Stuck, match="one action too many"):
        Session(random.Random(1), Recorder())

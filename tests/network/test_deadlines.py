"""A deadline that is moved ahead costs nothing, and one that passes is told once."""

from __future__ import annotations

import gc
import math
import weakref

from pytest_smtpserver.network.deadlines import Deadlines


def test_a_deadline_that_passes_is_told_once() -> None:
    deadlines, told = Deadlines(), list[str]()
    deadlines.begin(10, lambda: told.append("first"))
    deadlines.begin(20, lambda: told.append("second"))
    for now in (9, 10, 11, 20, 30):
        deadlines.call_due(now)
    assert told == ["first", "second"]
    assert deadlines.next == math.inf


def test_the_next_one_is_never_too_late() -> None:
    deadlines = Deadlines()
    one = deadlines.begin(10, lambda: None)
    another = deadlines.begin(30, lambda: None)
    assert deadlines.next == 10
    one.move(50)
    deadlines.call_due(10)
    assert deadlines.next == 30
    another.move(5)
    assert deadlines.next == 5
    another.end()
    deadlines.call_due(5)
    assert deadlines.next == 50


def test_a_deadline_that_was_moved_ahead_is_not_told_before() -> None:
    deadlines, told = Deadlines(), list[str]()
    one = deadlines.begin(10, lambda: told.append("told"))
    one.move(20)
    deadlines.call_due(19)
    assert told == []
    deadlines.call_due(20)
    assert told == ["told"]


def test_a_final_deadline_is_moved_no_more() -> None:
    one = Deadlines().begin(10, lambda: None)
    one.make_final()
    one.move(20)
    assert one.at == 10


def test_what_is_told_may_end_another_deadline_that_is_due_too() -> None:
    deadlines, told = Deadlines(), list[str]()
    pair = [
        deadlines.begin(10, lambda: end_other("first", 1)),
        deadlines.begin(10, lambda: end_other("second", 0)),
    ]

    def end_other(name: str, other: int) -> None:
        told.append(name)
        pair[other].end()

    deadlines.call_due(10)
    assert len(told) == 1


def test_a_deadline_that_has_ended_keeps_nobody_alive() -> None:
    class Told:
        def tell(self) -> None: ...

    told = Told()
    one = Deadlines().begin(10, told.tell)
    kept = weakref.ref(told)
    one.end()
    gc.disable()
    try:
        del told
        assert kept() is None
    finally:
        gc.enable()

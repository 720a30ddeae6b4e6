"""What a class under `@frozen()` has in common with a frozen data class, and where it is better."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pprint
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.frozen import frozen, later, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen()
class Point:
    """Compared by its fields, which may be given by position."""

    x: int
    y: int = 0
    is_far = False


@frozen(kw_only=True, eq=False)
class Named:
    """Compared by identity; its length is worked out."""

    name: str
    notes: Mapping[str, str] = MappingProxyType({})
    length: int = later()
    unset: str | None = later()

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))


@frozen()
class Nothing:
    """Has no fields."""


def test_a_value_may_have_no_fields() -> None:
    assert Nothing() == Nothing()


def test_the_fields_are_arguments_by_position_or_by_keyword() -> None:
    point = Point(1, y=2)
    assert (point.x, point.y, point.is_far) == (1, 2, False)
    assert Point(1).y == 0


def test_a_wrong_call_is_the_error_of_an_ordinary_initializer() -> None:
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required positional"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) got an unexpected keyword argument"):
        Point(1, z=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Named\.__init__\(\) takes 1 positional argument"):
        Named("ann")  # type: ignore[call-arg]


def test_the_signature_is_that_of_the_fields() -> None:
    assert str(inspect.signature(Point)) == "(x: 'int', y: 'int' = 0) -> None"


def test_a_field_for_later_is_not_an_argument_and_is_none_until_it_is_set() -> None:
    named = Named(name="ann")
    assert (named.length, named.unset) == (3, None)
    assert "length" not in inspect.signature(Named).parameters


def test_values_with_equal_fields_are_equal_and_have_one_hash() -> None:
    assert Point(1, 2) == Point(1, 2) != Point(1, 3)
    assert len({Point(1, 2), Point(1, 2)}) == 1
    other: object = (1, 2)
    assert Point(1, 2) != other


def test_a_class_may_compare_its_values_by_identity() -> None:
    one = Named(name="ann")
    assert one != Named(name="ann")
    assert len({one, copy.copy(one)}) == 1


@pytest.mark.parametrize("name", ["x", "is_far", "no_such_name"])
def test_nothing_can_be_assigned_or_deleted(name: str) -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match=rf"Point\.{name} cannot be changed"):
        setattr(point, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError, match=rf"Point\.{name} cannot be changed"):
        delattr(point, name)


def test_values_have_slots_and_nothing_else() -> None:
    assert not hasattr(Point(1), "__dict__")


def test_the_repr_names_the_fields() -> None:
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"
    assert repr(Named(name="ann")) == "Named(name='ann', notes=mappingproxy({}))"


def test_a_copy_is_the_value_itself_and_a_pickled_one_is_equal() -> None:
    point = Point(1, 2)
    assert copy.copy(point) is point
    assert copy.deepcopy(point) is point
    assert pickle.loads(pickle.dumps(point)) == point


def test_a_pickled_value_keeps_what_was_set_later() -> None:
    point = pickle.loads(pickle.dumps(Named(name="ann", notes={})))
    assert (point.name, point.length) == ("ann", 3)


def test_a_value_can_be_taken_apart_by_match() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_value_with_some_fields_replaced() -> None:
    assert replaced(Point(1, 2), y=3) == Point(1, 3)
    assert replaced(Named(name="ann"), name="bertha").length == 6


def test_the_functions_of_dataclasses_take_it_for_a_data_class() -> None:
    assert [one.name for one in dataclasses.fields(Named)] == ["name", "notes", "length", "unset"]
    assert dataclasses.asdict(Point(1, 2)) == {"x": 1, "y": 2}
    assert dataclasses.replace(Point(1, 2), x=3) == Point(3, 2)
    assert dataclasses.replace(Named(name="ann"), name="bertha").length == 6


def test_pprint_shows_a_value_that_needs_several_lines_by_its_repr() -> None:
    assert pprint.pformat([Point(1), Point(2)], width=5) == "[Point(x=1, y=0),\n Point(x=2, y=0)]"


def test_the_initializer_of_a_subclass_is_that_of_the_class() -> None:
    class Above(Point):
        __slots__ = ()

    assert Above(1, 2).y == 2
    assert Point(1, 2).y == 2


INTERRUPTED = """
import sys
from pytest_smtpserver.frozen import frozen

@frozen()
class Pair:
    left: int

def interrupt(frame, event, argument):
    # The code that writes the initializer.
    if frame.f_code.co_name == "<module>" and frame.f_back.f_code.co_name == "__get__":
        raise KeyboardInterrupt

sys.settrace(interrupt)
try:
    Pair(1)
except KeyboardInterrupt:
    pass
"""


def test_an_interrupt_while_the_first_value_is_made_does_not_change_the_exit_status() -> None:
    assert subprocess.run([sys.executable, "-c", INTERRUPTED], check=False).returncode == 0

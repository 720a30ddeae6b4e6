"""One difference in words: as a phrase for the first line, and as lines with a caret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .closeness import nearest_text
from .passages import nearest_passage
from .wording import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .criterion import Comparison, Difference

#: How many differences a first line names; arbitrary: more would not fit it.
_PHRASES: Final = 2

#: How many differences are shown in full; arbitrary, with at most three lines for each.
_SHOWN: Final = 4


def phrase(differences: Sequence[Difference]) -> str:
    """Return what is different, such as `subject is 'Welcom'`; of many only the first ones."""
    parts = [f"{one.keyword} {_facing(one).phrase}{_note(one)}" for one in differences[:_PHRASES]]
    more = len(differences) - len(parts)
    return ", ".join([*parts, f"{more} more"] if more else parts)


def lines(differences: Sequence[Difference]) -> list[str]:
    """Return each difference in two or three lines: expected, actual, and a caret under texts."""
    shown = [line for difference in differences[:_SHOWN] for line in _lines(difference)]
    more = len(differences) - _SHOWN
    return [*shown, f"  ... {more} more differ"] if more > 0 else shown


def _note(difference: Difference) -> str:
    return f" ({difference.note})" if difference.note else ""


class _Facing(NamedTuple):
    """Two values one below the other, each with its label, and a phrase for the actual one."""

    label: str
    expected: str
    other_label: str
    actual: str
    #: Where a caret stands below both, counted from their first column.
    column: int | None
    phrase: str


def _facing(difference: Difference) -> _Facing:
    comparison = difference.comparison
    if comparison is None:
        return _described(difference, "expected")
    text = nearest_text(comparison)
    return (_passage if comparison.contained else _whole)(difference, comparison, text)


def _described(difference: Difference, label: str) -> _Facing:
    expected, actual = difference.expected, difference.actual
    return _Facing(label, expected, "actual", actual, None, f"is {actual}")


def _whole(difference: Difference, comparison: Comparison, text: str) -> _Facing:
    expected, actual, column = aligned(comparison.expected, text)
    if len(comparison.texts) > 1:
        return _Facing("expected", expected, "nearest", actual, column, f"is {difference.actual}")
    return _Facing("expected", expected, "actual", actual, column, f"is {actual}")


def _passage(difference: Difference, comparison: Comparison, text: str) -> _Facing:
    label = "expected to contain"
    passage = nearest_passage(comparison.expected, text)
    if passage is None:
        return _described(difference, label)
    expected, actual, column = aligned(*passage)
    return _Facing(label, expected, "nearest passage", actual, column, f"has {actual}")


def _lines(difference: Difference) -> list[str]:
    facing = _facing(difference)
    lead = f"  {difference.keyword}: "
    width = max(len(facing.label), len(facing.other_label))
    found = [
        f"{lead}{facing.label:<{width}} {facing.expected}",
        f"{' ' * len(lead)}{facing.other_label:<{width}} {facing.actual}{_note(difference)}",
    ]
    if facing.column is not None:
        found.append(f"{' ' * (len(lead) + width + 1 + facing.column)}^")
    return found

"""One difference in words: as a phrase for the first line, and as lines with a caret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .closeness import nearest_text
from .passages import nearest_passage
from .wording import aligned, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .criterion import Comparison, Difference

#: How many differences a first line names; arbitrary: more would not fit it.
_PHRASES: Final = 2

#: How many characters of a text a first line shows: the difference must be in its first 50.
_PHRASE_WIDTH: Final = 32

#: How many differences are shown in full; arbitrary, with at most three lines for each.
_SHOWN: Final = 4


def phrase(differences: Sequence[Difference], aside: str = "") -> str:
    """Return what is different, such as `subject is 'Welcom', not 'Welcome'`: the first ones.

    `aside` comes in brackets behind it.
    """
    parts = [with_asides(_phrase(one), one.aside, one.note) for one in differences[:_PHRASES]]
    more = len(differences) - len(parts)
    if more:
        parts.append(f"{more} more differ")
    if len(parts) > 1:
        return with_asides("; ".join(parts), aside)
    (only,) = differences
    return with_asides(_phrase(only), only.aside, only.note, aside)


def with_asides(text: str, *asides: str) -> str:
    """Return the text, followed by the asides in brackets."""
    said = "; ".join(filter(None, asides))
    return f"{text} ({said})" if said else text


def _phrase(difference: Difference) -> str:
    comparison = difference.comparison
    if comparison is None:
        return difference.phrase
    text = nearest_text(comparison)
    if not comparison.contained:
        if len(comparison.texts) > 1:
            return f"{difference.keyword} lacks {difference.expected}; the nearest is {shown(text)}"
        expected, actual, _ = aligned(comparison.expected, text, _PHRASE_WIDTH)
        return f"{difference.keyword} is {actual}, not {expected}"
    passage = nearest_passage(comparison.expected, text)
    if passage is None:
        return f"{difference.keyword} does not contain {difference.expected}"
    expected, actual, _ = aligned(*passage, _PHRASE_WIDTH)
    return f"{difference.keyword} has {actual}, not {expected}"


def lines(differences: Sequence[Difference]) -> list[str]:
    """Return each difference in two or three lines: expected, actual, and a caret under texts."""
    shown = [line for difference in differences[:_SHOWN] for line in _lines(difference)]
    more = len(differences) - _SHOWN
    return [*shown, f"  ... {more} more differ"] if more > 0 else shown


def _note(difference: Difference) -> str:
    return f" ({difference.note})" if difference.note else ""


class _Facing(NamedTuple):
    """Two values one below the other, each with its label."""

    label: str
    expected: str
    other_label: str
    actual: str
    #: The column of the caret below both, counted from their first column.
    column: int | None


def _facing(difference: Difference) -> _Facing:
    comparison = difference.comparison
    if comparison is None:
        return _described(difference, "expected")
    text = nearest_text(comparison)
    return (_passage if comparison.contained else _whole)(difference, comparison, text)


def _described(difference: Difference, label: str) -> _Facing:
    return _Facing(label, difference.expected, "actual", difference.actual, None)


def _whole(difference: Difference, comparison: Comparison, text: str) -> _Facing:
    expected, actual, column = aligned(comparison.expected, text)
    other = "nearest" if len(comparison.texts) > 1 else "actual"
    return _Facing("expected", expected, other, actual, column)


def _passage(difference: Difference, comparison: Comparison, text: str) -> _Facing:
    label = "expected to contain"
    passage = nearest_passage(comparison.expected, text)
    if passage is None:
        return _described(difference, label)
    expected, actual, column = aligned(*passage)
    return _Facing(label, expected, "nearest passage", actual, column)


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

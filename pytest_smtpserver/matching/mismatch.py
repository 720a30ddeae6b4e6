"""What a test is told when one record is not what it asserts, or has not exactly one of a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import explain
from .wording import listed, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .criteria import Criteria
    from .difference import Difference

#: How many candidates are listed, and with how many characters each; arbitrary, but links are long.
_CANDIDATES: Final = 20
_WIDTH: Final = 300


def describe_mismatch(criteria: Criteria, record: object, differences: Sequence[Difference]) -> str:
    """Return the text for a record that does not meet the criteria; its first line tells all."""
    noun = criteria.kind.noun
    first = f"expected the {noun} to have {criteria}, but {explain.phrase(differences)}"
    about = f"the {noun}: {criteria.kind.summarize(record)}"
    return "\n".join([first, "", *explain.lines(differences), "", about])


def describe_candidates(
    *, wanted: str, found: Sequence[object], among: Sequence[object] = ()
) -> str:
    """Return the text for a thing of which there must be exactly one.

    `wanted` says what, such as `link containing 'reset'`; `found` are those that fit, and `among`
    all that there are.
    """
    number = str(len(found)) if found else f"none of {len(among)}" if among else "none"
    candidates = found or among
    names = f": {listed(candidates)}" if candidates else ""
    first = f"expected exactly one {wanted}, found {number}{names}"
    lines = [
        f"  {place}. {shortened(repr(value), _WIDTH)}"
        for place, value in enumerate(candidates[:_CANDIDATES], 1)
    ]
    more = len(candidates) - len(lines)
    rest = [f"  ... {more} more"] if more else []
    return "\n".join([first, *([""] if lines else []), *lines, *rest])

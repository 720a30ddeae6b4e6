"""How a record differs from what was expected, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .addresses import parse_address

if TYPE_CHECKING:
    from .kinds import Actual

#: How many addresses of one record are compared with the expected one; arbitrary.
_ADDRESSES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """A str that did not fit, and the texts it was held against: what a caret line is made of."""

    expected: str
    texts: tuple[str, ...]
    #: Whether `expected` was to be contained in a text instead of equal to it.
    contained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Difference:
    """One criterion that a record does not meet.

    `keyword` names it as it is written in a call (`subject`, `header['X-Id']`), `expected` and
    `actual` describe the two values, each in one bounded line. `comparison` is there when two
    texts can be compared character by character; `note` may say where the value is instead.
    """

    keyword: str
    expected: str
    actual: str
    comparison: Comparison | None = None
    note: str = ""


def compared_whole(expected: str, actual: Actual) -> Comparison:
    """Return the comparison with texts that should be equal to `expected`."""
    return Comparison(expected=expected, texts=actual.texts)


def compared_within(expected: str, actual: Actual) -> Comparison:
    """Return the comparison with texts that should contain `expected`."""
    return Comparison(expected=expected, texts=actual.texts, contained=True)


def compared_address(expected: str, actual: Actual) -> Comparison:
    """Return the comparison with addresses, without what does not count in it."""
    name, spec = parse_address(expected)
    if name:
        return Comparison(expected=expected, texts=actual.named[:_ADDRESSES])
    texts = tuple(parse_address(text)[1] for text in actual.texts[:_ADDRESSES])
    return Comparison(expected=spec, texts=texts)

"""The kinds of expected value, and what those that mean the same everywhere mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from .mailboxes import same_address, unmatched

if TYPE_CHECKING:
    from collections.abc import Mapping

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True


class ValueKind(Enum):
    """A kind of expected value; its value says it in words."""

    TEXT = "a str"
    PATTERN = "a compiled pattern of str"
    COLLECTION = "a list, tuple or set of addresses"
    PREDICATE = "a callable that is not a class"
    ABSENT = "None"
    EQUAL = "an object that compares equal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What a record has for one criterion, as each kind of expected value sees it."""

    #: What a pattern is searched in, and a str compared with; any one.
    texts: tuple[str, ...] = ()
    #: The same with display names: what addresses are compared with; any one.
    named: tuple[str, ...] = ()
    #: What a callable is given, and what is compared with `==`; any one.
    values: tuple[object, ...] = ()
    #: Whether `None` is met.
    absent: bool = False


Meaning = Callable[[Any, Actual], bool]

_COLLECTIONS: Final = (list, tuple, set, frozenset)


def kind_of(expected: object) -> ValueKind:
    """Return the kind of an expected value, without ever comparing it.

    (`unittest.mock.ANY` is equal to everything, and a class of dirty_equals is callable.)
    """
    if expected is None:
        return ValueKind.ABSENT
    for types, kind in _KIND_OF_TYPE:
        if isinstance(expected, types):
            return kind
    return ValueKind.PREDICATE if callable(expected) else ValueKind.EQUAL


_KIND_OF_TYPE: Final[tuple[tuple[type | tuple[type, ...], ValueKind], ...]] = (
    (str, ValueKind.TEXT),
    (re.Pattern, ValueKind.PATTERN),
    (_COLLECTIONS, ValueKind.COLLECTION),
    (type, ValueKind.EQUAL),
)


def is_usable(kind: ValueKind, expected: Any) -> bool:
    """Return whether a value of this kind can be met by text at all."""
    if kind is ValueKind.PATTERN:
        return isinstance(expected.pattern, str)
    return kind is not ValueKind.COLLECTION or all(isinstance(item, str) for item in expected)


def any_text(same: Callable[[str, str], bool]) -> Meaning:
    """Return the meaning of a str that is `same(expected, text)` for any of the texts."""
    return lambda expected, actual: any(same(expected, text) for text in actual.texts)


def _any_address(expected: str, actual: Actual) -> bool:
    return any(same_address(expected, address) for address in actual.named)


def _these_addresses(expected: Any, actual: Actual) -> bool:
    return unmatched(expected, actual.named) == ([], [])


def _searched(expected: re.Pattern[str], actual: Actual) -> bool:
    return any(expected.search(text) for text in actual.texts)


def _true(expected: Callable[[object], object], actual: Actual) -> bool:
    return any(bool(expected(value)) for value in actual.values)


def _equal(expected: object, actual: Actual) -> bool:
    # The expected value is on the left, so that its `__eq__` decides.
    return any(bool(expected == value) for value in actual.values)


def _absent(_: None, actual: Actual) -> bool:
    return actual.absent


#: What everything can be compared with.
VALUE: Final[Mapping[ValueKind, Meaning]] = {
    ValueKind.PREDICATE: _true,
    ValueKind.ABSENT: _absent,
    ValueKind.EQUAL: _equal,
}

#: What texts can be compared with; the meaning of a str is each criterion's own.
TEXTUAL: Final[Mapping[ValueKind, Meaning]] = {**VALUE, ValueKind.PATTERN: _searched}

#: What addresses can be compared with.
ADDRESSES: Final[Mapping[ValueKind, Meaning]] = {
    **TEXTUAL,
    ValueKind.TEXT: _any_address,
    ValueKind.COLLECTION: _these_addresses,
}

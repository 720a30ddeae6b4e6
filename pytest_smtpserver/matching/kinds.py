"""The kinds of expected value, and the meanings that are the same for all criteria."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.frozen import frozen

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


@frozen(kw_only=True)
class Actual:
    """A record's value for one criterion, in the form that each kind of expected value needs."""

    #: Texts to search for a pattern or to compare with a str; one that fits is enough.
    texts: tuple[str, ...] = ()
    #: The same with display names, to compare with addresses; one that fits is enough.
    named: tuple[str, ...] = ()
    #: Values to pass to a callable or to compare with `==`; one that fits is enough.
    values: tuple[object, ...] = ()
    #: Whether `None` fits.
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
    """Return whether any text can match a value of this kind."""
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
    return any(_is_true(expected, value) for value in actual.values)


def _is_true(predicate: Callable[[object], object], value: object) -> bool:
    found = predicate(value)
    if iscoroutine(found):
        found.close()
        raise TypeError("the callable returned a coroutine, which is always true")
    return bool(found)


def _equal(expected: object, actual: Actual) -> bool:
    # The expected value is on the left, so that its `__eq__` decides.
    return any(bool(expected == value) for value in actual.values)


def _absent(_: None, actual: Actual) -> bool:
    return actual.absent


#: The kinds of expected value that every criterion takes.
VALUE: Final[Mapping[ValueKind, Meaning]] = {
    ValueKind.PREDICATE: _true,
    ValueKind.ABSENT: _absent,
    ValueKind.EQUAL: _equal,
}

#: The kinds that a criterion on texts takes; each defines for itself what a str means.
TEXTUAL: Final[Mapping[ValueKind, Meaning]] = {**VALUE, ValueKind.PATTERN: _searched}

#: The kinds that a criterion on addresses takes.
ADDRESSES: Final[Mapping[ValueKind, Meaning]] = {
    **TEXTUAL,
    ValueKind.TEXT: _any_address,
    ValueKind.COLLECTION: _these_addresses,
}

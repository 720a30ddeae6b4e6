"""What counts as a number where a user gives one: a bool is an int in Python, but never meant."""

from __future__ import annotations

from typing import TypeGuard


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether this is an int, and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether this is an int or a float, and not a bool; NaN and infinity are."""
    return isinstance(value, int | float) and not isinstance(value, bool)


#: How many seconds anything may wait for: a day, longer than any test run. A thread cannot wait for
#: ever.
LONGEST_WAIT = 86_400


def is_wait(value: object) -> TypeGuard[float]:
    """Return whether this is a number of seconds from 0 to `LONGEST_WAIT`; NaN is not."""
    return is_number(value) and 0 <= value <= LONGEST_WAIT

"""What may be missing, but not here."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


def present(value: Value | None) -> Value:
    """Return what must not be `None`."""
    assert value is not None
    return value

"""Values that a fixture replaces while a test lasts, such as Django's settings.

They are put back when the fixture ends, in the reverse order of all fixtures, as everybody expects;
and once more at the end of the test. The second time is needed because `monkeypatch` may end after
our fixture, if another one was the first to take it. If the test has changed one of our values with
it, it puts ours back, for good.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

_NOTHING: Final = object()
# Values that are the project's as likely as ours, so that nobody can tell whose they are.
_ANYBODYS: Final = (None, True, False, "")

#: What was replaced in this test: where, our values, and those before.
_ended: list[tuple[MutableMapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = []


@contextmanager
def replaced(mapping: MutableMapping[str, Any], values: Mapping[str, Any]) -> Iterator[None]:
    """Replace values; on exit the old ones are put back."""
    before = {name: mapping.get(name, _NOTHING) for name in values}
    mapping.update(values)
    try:
        yield
    finally:
        _put_back(mapping, before)
        _ended.append((mapping, values, before))


def put_back_again() -> None:
    """Put back the old values where ours have come back since; after all fixtures of a test."""
    for mapping, values, before in _ended:
        ours = [
            name
            for name, value in values.items()
            if value not in _ANYBODYS and mapping.get(name, _NOTHING) == value
        ]
        _put_back(mapping, {name: before[name] for name in ours})
    _ended.clear()


def _put_back(mapping: MutableMapping[str, Any], before: Mapping[str, Any]) -> None:
    for name, value in before.items():
        if value is _NOTHING:
            mapping.pop(name, None)
        else:
            mapping[name] = value

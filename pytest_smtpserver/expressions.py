"""Regular expressions that are compiled when they are first used.

To compile one takes a hundred times as long as to use it. A server has some forty, and the first
server of a process needs none of them before a client comes; most are never needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    from re import Pattern


def expression(source: AnyStr, flags: int = 0) -> Pattern[AnyStr]:
    """Return what can be used like `re.compile(source, flags)`, and raises its errors when used."""
    return cast("Pattern[AnyStr]", _Expression(source, flags))


class _Expression:
    """Compiles its source when a method is first used, and keeps the methods that were used."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # `re` keeps what it has compiled, so that the second method costs little.
        used = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, used)
        return used

    def __repr__(self) -> str:
        return f"expression({self._source!r}, {self._flags})"

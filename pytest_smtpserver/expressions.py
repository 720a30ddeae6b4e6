"""Regular expressions that are compiled when they are first used.

Compiling an expression takes a hundred times as long as using it. A server has about forty. The
first server of a process needs none of them before a client comes, and most are never needed.
"""

from __future__ import annotations

# Taken here, because a test may replace `re.compile` while an expression is first used.
from re import compile as compiled
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    from re import Pattern


def expression(source: AnyStr, flags: int = 0) -> Pattern[AnyStr]:
    """Return an object to use like `re.compile(source, flags)`; its errors come at first use."""
    return cast("Pattern[AnyStr]", _Expression(source, flags))


class _Expression:
    """Compiles its source when a method is first used, and keeps each method that was used."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # `re` caches compiled expressions, so a second method costs little.
        used = getattr(compiled(self._source, self._flags), name)
        setattr(self, name, used)
        return used

    def __repr__(self) -> str:
        return f"expression({self._source!r}, {self._flags})"

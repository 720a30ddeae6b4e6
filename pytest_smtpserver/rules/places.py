"""Lines of the test's code, as texts name them: `tests/test_shop.py:12`."""

from __future__ import annotations

import os
import sys
from traceback import walk_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_PACKAGE = __name__.partition(".")[0]


def callers_line() -> str:
    """Return file and line of the caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and _is_ours(frame):
        frame = frame.f_back
    return _place(frame, frame.f_lineno)


def raised_at(error: BaseException) -> str:
    """Return file and line where a callable of the test raised; `""` if unknown.

    It is the line of the callable itself, not of what it called.
    """
    for frame, line in walk_tb(error.__traceback__):
        if not _is_ours(frame):
            return _place(frame, line)
    return ""


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _PACKAGE


def _place(frame: FrameType, line: int) -> str:
    path = frame.f_code.co_filename
    try:
        relative = os.path.relpath(path)
    except ValueError:  # on another drive
        relative = path
    return f"{path if relative.startswith('..') else relative}:{line}"

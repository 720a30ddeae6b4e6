"""Lines of the test's code, as error messages and reports name them: `tests/test_shop.py:12`."""

from __future__ import annotations

import os
import sys
from functools import partial
from traceback import walk_tb
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_PACKAGE: Final = __name__.partition(".")[0]
# The packages that call fixtures.
_PYTEST: Final = ("_pytest", "pluggy")
# What `calls_tests` has noted.
_callers: set[CodeType] = set()

Function = TypeVar("Function", bound="Callable[..., object]")


class CallableError(Exception):
    """A callable of the test raised; `__cause__` is what it raised.

    If it returned something that is not a reply, the text is the line where the callable begins.
    """


def running_test() -> str:
    """Return the id of the test that pytest runs now; `""` if there is none."""
    # pytest writes the id, and in brackets what it is about to do.
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def blame(asked: str, error: BaseException) -> None:
    """Note the test in which a callable was called, if that was over when it raised.

    The callable may have blocked the thread of a server that lasts longer than a test.
    """
    if asked and asked != running_test():
        error.add_note(f"the callable was called in {asked}, and raised after that test had ended")


def callers_place() -> str:
    """Return `at` and the line of the caller outside this package, or `by` and a fixture of ours.

    pytest calls our fixtures, and a line in pytest's own code would help nobody.
    """
    inner = frame = sys._getframe(1)
    while frame.f_back and _root(frame) == _PACKAGE:
        inner, frame = frame, frame.f_back
    if _root(frame) in _PYTEST:
        return f"by the fixture {inner.f_code.co_name}"
    return f"at {_place(frame.f_code.co_filename, frame.f_lineno)}"


def raised_at(error: BaseException) -> str:
    """Return file and line where a callable of the test raised; `""` if unknown.

    It is the line of the callable itself, not of what it called.
    """
    for frame, line in walk_tb(error.__traceback__):
        if _root(frame) != _PACKAGE:
            return _place(frame.f_code.co_filename, line)
    return ""


def calls_tests(function: Function) -> Function:
    """Note that a function calls callables of the test; a decorator, for `running_at`."""
    assert isinstance(function, FunctionType)
    _callers.add(function.__code__)
    return function


def running_at(thread: int) -> str:
    """Return file and line where a thread is in a callable of the test; `""` if it is in none.

    It may be one that gives a reply, a criterion of a rule, or the one that knows the users.
    """
    place = ""
    frame = sys._current_frames().get(thread)
    while frame and frame.f_back:
        if _root(frame) != _PACKAGE == _root(frame.f_back):
            place = _place(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
        if frame.f_code in _callers:
            return place
    return ""


def defined_at(called: Callable[..., object]) -> str:
    """Return file and line where a callable begins; `""` if unknown."""
    function = called.func if isinstance(called, partial) else called
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return _place(code.co_filename, code.co_firstlineno) if isinstance(code, CodeType) else ""


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _place(path: str, line: int) -> str:
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # the current directory is gone; on Windows, another drive
        relative = path
    return f"{path if relative.startswith('..') else relative}:{line}"

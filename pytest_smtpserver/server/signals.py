"""Signals that come while a server starts or stops: their handlers wait until it has.

Python runs a handler in the main thread, between any two instructions, and a handler may raise:
that of Ctrl-C does, and that of pytest-timeout. Raised in the middle of a start or stop, it would
leave a socket that nobody owns or a lock that nobody releases, and the tests after this one would
suffer. Starting and stopping take at most a second, so the handler can wait that long.
"""

from __future__ import annotations

import signal
from _signal import getsignal  # type: ignore[import-not-found]
from _signal import signal as set_handler
from _thread import get_ident
from contextlib import ExitStack
from threading import main_thread
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# The signals by which programs and test tools interrupt others. A system may lack some. To set a
# handler removes one that was installed in C for the same signal, such as faulthandler's. That is
# mostly SIGUSR1 or SIGUSR2, so these are not among them.
_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGALRM", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)


class Uninterrupted:
    """A context in which the handlers of signals wait; they are called at its end.

    It has no effect in other threads than the main one: no handler runs there. It asks `_signal`,
    because the functions of `signal` make enumerations of numbers, which takes ten times as long.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, Any], object]] = {}
        self._came: list[tuple[int, Any]] = []
        self._waits = True

    def __enter__(self) -> None:
        if get_ident() != main_thread().ident:
            return
        try:
            for number in _SIGNALS:
                handler = getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    set_handler(number, self._handle)
        except BaseException:
            self._put_back()
            raise

    def __exit__(self, *error: object) -> None:
        self._put_back()
        if self._came:
            self._call_handlers()

    def _call_handlers(self) -> None:
        # Each of them, even if one before it raises.
        with ExitStack() as stack:
            for number, frame in reversed(self._came):
                stack.callback(self._handlers[number], number, frame)

    def _put_back(self) -> None:
        # First of all: a handler that raises from here on may keep another one from being put back.
        self._waits = False
        for number, handler in self._handlers.items():
            if getsignal(number) == self._handle:
                set_handler(number, handler)

    def _handle(self, number: int, frame: Any) -> None:
        if self._waits:
            self._came.append((number, frame))
        else:
            self._handlers[number](number, frame)

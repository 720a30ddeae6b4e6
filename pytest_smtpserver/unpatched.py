"""Threads, locks and the standard library as they were before a test patched them.

A test may patch `threading.Thread`, with a mock or with a class that runs its target at once. The
patch is for the code under test; the server still needs real threads. `pytest_smtpserver` imports
this file first, so under pytest it is imported before any test runs.

Before the first test, the plugin takes a note of the rest of the standard library. A library that
is imported while a test runs, such as trustme, is imported with the noted functions and classes:
otherwise it could keep a mock for the rest of the run.
"""

from __future__ import annotations

import os
import sys
import threading
from _thread import RLock, allocate_lock, get_ident, stack_size
from contextlib import contextmanager, suppress
from os import getpid
from threading import Timer, current_thread
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Event", "Thread", "Timer", "current_thread", "get_ident", "getpid", "in_forked_child",
    "is_alive", "join", "libraries", "note_standard_library", "real_locks", "standard_library",
    "start",
]  # fmt: skip

# Among the classes of the main thread. Python made that thread before anybody could patch its base.
# In a process that another thread has forked, that one is the main thread, and of any class.
Thread: type[threading.Thread] = next(
    one
    for one in type(threading.main_thread()).__mro__
    if (one.__module__, one.__name__) == ("threading", "Thread")
)
_start = Thread.start
is_alive = Thread.is_alive
join = Thread.join


def in_forked_child(function: Callable[[], object]) -> Callable[[], object]:
    """Have a function called in each child that is forked from now on; a decorator.

    A child has only the thread that forked. A lock that another one held then stays held for good,
    so each lock that may be held is replaced in the child.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
    return function


def start(thread: threading.Thread) -> None:
    """Start a thread, also while `threading.Thread.start` is replaced."""
    if getattr(_start, "__module__", None) != "threading":
        raise RuntimeError(
            "threading.Thread.start was replaced before pytest_smtpserver was imported, and the "
            "SMTP server needs the real one: import pytest_smtpserver first"
        )
    # A test may have set a size of stacks for threads of its own.
    size = stack_size()
    try:
        stack_size(0)
        with _signals_left_to_others():
            _start(thread)
    finally:
        stack_size(size)


@contextmanager
def _signals_left_to_others() -> Iterator[None]:
    """Block signals that an application may wait for: a thread that is started inherits that.

    A signal for the process goes to any thread that does not block it. If the test's thread waits
    for one, with `signal.sigwait`, ours must not get it: its default action ends the run. SIGPIPE
    goes to the thread that writes. Python ignores it, but the `main` of many a program, which a
    test may call, gives it back to the system; then a client that has left would end the run.
    """
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Not those that end a program, come from an error in it, or tell of its children: a process
    # that a callable of the test starts inherits them too.
    names = (
        "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGURG", "SIGWINCH",
        "SIGPIPE",
    )  # fmt: skip
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        # Within `try`: after it has blocked them, Python calls handlers, and one may raise.
        signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, name) for name in names])
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Event:
    """What `threading.Event` is, made of one lock that no setter ever waits for.

    `threading.Event` holds a lock while Python code runs. If a signal's handler raises there, the
    lock is held for good, and whoever sets the event next, such as the server's thread, waits for
    ever.
    """

    __slots__ = ("_gate", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        # Closed while the event is not set.
        self._gate = allocate_lock()
        self._gate.acquire(blocking=False)

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake all who wait."""
        self._is_set = True
        with suppress(RuntimeError):  # the gate is open already
            self._gate.release()

    def clear(self) -> None:
        """Reset it; only one thread may call this."""
        self._gate.acquire(blocking=False)
        self._is_set = False

    def wait(self, timeout: float) -> bool:
        """Wait until it is set, for so many seconds at most; return whether it is."""
        if not self._is_set and self._gate.acquire(timeout=max(0.0, timeout)):
            # For others who wait.
            with suppress(RuntimeError):
                self._gate.release()
        return self._is_set


@contextmanager
def real_locks() -> Iterator[None]:
    """Put the real `threading.RLock` back while trio is imported; trio keeps what it finds.

    eventlet's `monkey_patch` replaces `RLock` whatever it is told to leave alone, and trio does not
    run with the replacement.
    """
    found = threading.RLock
    threading.RLock = RLock
    try:
        yield
    finally:
        threading.RLock = found


_noted: dict[ModuleType, dict[str, object]] = {}

_OF_CERTIFICATES: Final = ("trustme", "cryptography", "idna", "_cffi_backend", "_openssl")
#: The modules of these that were imported in `standard_library`, by their names.
libraries: Final[dict[str, ModuleType]] = {}

# Not restored: pytest itself replaces hooks in them from test to test.
_IN_USE: Final = ("sys", "warnings")
_HOOK: Final = "excepthook"
# Each thread that is started runs with them, for as long as it lives. There may be none.
_TRACERS: Final = ("_trace_hook", "_profile_hook")


def note_standard_library() -> None:
    """Note what the modules of the standard library hold now.

    Once in a process: a run within a test may begin while that test has replaced something.
    """
    if _noted:
        return
    for name, module in sys.modules.copy().items():
        is_standard = name.partition(".")[0] in sys.stdlib_module_names and name not in _IN_USE
        if is_standard and isinstance(module, ModuleType):
            _noted[module] = vars(module).copy()


@contextmanager
def standard_library() -> Iterator[None]:
    """Put the noted functions and classes back while a library is imported, or a thread started.

    Other threads see them too, so this must be in the thread of the test, and short. Libraries for
    certificates that are imported meanwhile are kept in `libraries`; they meet no stand-ins of the
    test for each other.
    """
    replaced = [
        (module, name, vars(module)[name])
        for module, noted in _noted.items()
        for name, one in noted.items()
        if (callable(one) and name != _HOOK) or name in _TRACERS
        if vars(module).get(name, one) is not one
    ]
    stand_ins = {
        name: one
        for name, one in sys.modules.copy().items()
        if _is_of_certificates(name) and not isinstance(one, ModuleType)
    }
    modules = sys.modules.copy().keys() - stand_ins
    try:
        for name in stand_ins:
            del sys.modules[name]
        for module, name, _ in replaced:
            setattr(module, name, _noted[module][name])
        yield
    finally:
        for module, name, found in replaced:
            setattr(module, name, found)
        libraries.update(
            (name, module)
            for name, module in sys.modules.copy().items()
            if name not in modules and _is_of_certificates(name)
        )
        sys.modules.update(stand_ins)


def _is_of_certificates(name: str) -> bool:
    return name.partition(".")[0] in _OF_CERTIFICATES

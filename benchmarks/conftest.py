"""For the probes alone: prints what each test takes.

That is the time of its set-up and teardown, and the processor time of all of it, of all threads.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_spent = pytest.StashKey[float]()
_all: list[tuple[str, float, float]] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Measure the time of the set-up."""
    started = time.perf_counter()
    try:
        return (yield)
    finally:
        item.stash[_spent] = time.perf_counter() - started


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Add the time of the teardown."""
    started = time.perf_counter()
    try:
        return (yield)
    finally:
        item.stash[_spent] += time.perf_counter() - started


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure the processor time of the whole test, with its reports."""
    started = time.process_time()
    try:
        return (yield)
    finally:
        _all.append((item.name, item.stash[_spent], time.process_time() - started))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each test."""
    for name, seconds, cpu in _all:
        terminalreporter.write_line(f"probe {name} {seconds:.9f} {cpu:.9f}")

"""For `fixture_probe.py` alone: prints the time of each test's set-up and teardown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_spent = pytest.StashKey[float]()
_all: list[tuple[str, float]] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Take the time of the set-up."""
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
        _all.append((item.name, item.stash[_spent] + time.perf_counter() - started))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each test."""
    for name, seconds in _all:
        terminalreporter.write_line(f"probe {name} {seconds:.9f}")

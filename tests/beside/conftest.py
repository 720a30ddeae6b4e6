"""Chooses the rows of the table: none of them, unless `--beside` says which.

The rows install packages from the network, which takes minutes.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from tests.beside.rows import ROWS, Row


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option, which pytest knows if this directory is among its arguments."""
    parser.addoption(
        "--beside",
        metavar="NAME,...",
        help="run the tests beside other plugins: 'all', 'chosen', or names and globs of rows",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the rows that are not asked for."""
    asked = [word for word in (config.getoption("beside", None) or "").split(",") if word]
    names = {word: {row.name for row in ROWS if _is_meant(row, word)} for word in asked}
    if nothing := [word for word, found in names.items() if not found]:
        raise pytest.UsageError(f"--beside={nothing[0]}: there is no such row")
    left_out = {
        f"[{row.name}]" for row in ROWS if not any(row.name in found for found in names.values())
    }
    dropped = [
        one
        for one in items
        if one.get_closest_marker("beside") and any(one.name.endswith(end) for end in left_out)
    ]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [one for one in items if one not in dropped]


def _is_meant(row: Row, word: str) -> bool:
    return word == "all" or (word == "chosen" and row.is_chosen) or fnmatchcase(row.name, word)

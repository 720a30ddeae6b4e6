"""Other plugins, each with its real package in an environment of its own: see `rows`."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.beside.environments import Environment, base, on_top, pytest_in
from tests.beside.rows import ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def below() -> Iterator[Environment]:
    with TemporaryDirectory() as place:
        yield base(Path(place))


@pytest.mark.beside
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_a_suite_with_the_other_plugin(row: Row, below: Environment, tmp_path: Path) -> None:
    with TemporaryDirectory() as place:
        environment = on_top(below, Path(place), row.needs)
        for number, args in enumerate(row.runs):
            directory = written(row, tmp_path / str(number))
            code, printed = pytest_in(environment, directory, *args.split())
            check(row, code, printed, directory)


def written(row: Row, directory: Path) -> Path:
    files = {"test_suite.py": row.suite, "pytest.ini": "[pytest]\n", **row.files}
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def check(row: Row, code: int, printed: str, directory: Path) -> None:
    said = "\n".join([without_colours(printed), *what_was_written(directory)])
    fails = re.search("failed|error", row.outcome) or not row.outcome
    assert code == (1 if fails else 0), said
    if row.outcome:
        assert re.search(rf"(?<!, ){row.outcome}(, \d+ warnings?)? in ", said), said
    for text in row.shows:
        assert text in said, said


def what_was_written(directory: Path) -> list[str]:
    """Return the texts of a plugin's report: the file `out.*`, or those of the directory `out`."""
    paths = [*directory.glob("out.*"), *directory.glob("out/*")]
    return [path.read_text(encoding="utf-8") for path in sorted(paths)]


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)

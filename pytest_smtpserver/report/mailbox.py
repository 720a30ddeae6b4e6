"""The one HTML file of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import pages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .spool import Case


def write(path: Path, cases: Sequence[Case]) -> None:
    """Write the file, and the folders above it; raises `OSError` if it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pieces = pages.stream(
        "report.html",
        cases=cases,
        count=sum(len(case.entries) for case in cases),
        policy=pages.policy("img-src data:"),
    )
    with path.open("w", encoding="utf-8") as file:
        file.writelines(pieces)

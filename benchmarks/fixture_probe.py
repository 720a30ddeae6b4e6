"""Tests that use a fixture and tests that do not, in turn: for pytest, started by `in_pytest.py`.

Its name keeps it out of the project's own tests. What to use comes in the environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


COUNT = int(os.environ["PROBE_COUNT"])
FIXTURE = os.environ["PROBE_FIXTURE"]


@pytest.fixture
def nothing() -> None:
    """A fixture that does nothing: the cost of any fixture."""


def _using(fixture: str) -> Callable[[], None]:
    @pytest.mark.usefixtures(fixture)
    def test() -> None:
        """Do nothing."""

    return test


for number in range(COUNT):
    globals()[f"test_{number}_without"] = _using("nothing")
    globals()[f"test_{number}_with"] = _using(FIXTURE)

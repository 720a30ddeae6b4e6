"""Tests that use a fixture and tests that do not, in turn: for pytest, started by `in_pytest.py`.

Its name keeps it out of the project's own tests. What to use comes in the environment.
"""

from __future__ import annotations

import os

import pytest

COUNT = int(os.environ["PROBE_COUNT"])
FIXTURE = os.environ["PROBE_FIXTURE"]


@pytest.fixture
def nothing():
    """Cost what every fixture costs."""


def _using(fixture: str):
    @pytest.mark.usefixtures(fixture)
    def test() -> None:
        """Do nothing."""

    return test


for number in range(COUNT):
    globals()[f"test_{number}_without"] = _using("nothing")
    globals()[f"test_{number}_with"] = _using(FIXTURE)

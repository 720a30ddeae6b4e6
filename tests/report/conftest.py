"""What the runs of pytest inside the tests share."""

from __future__ import annotations

import pytest

# They would be imported in each inner run; see tests/plugin/conftest.py.
COSTLY_PLUGINS = ("hypothesispytest", "trio", "anyio")


@pytest.fixture(autouse=True)
def inner_runs_start_quickly(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in COSTLY_PLUGINS))

"""What all tests share."""

import pytest

# An in-process run of pytester restores sys.modules: without this, each would load its own trio.
import trio  # noqa: F401

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers take fixed ports, though these tests may run in a worker of pytest-xdist."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

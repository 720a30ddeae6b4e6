"""What all tests share."""

import pytest

# An in-process run of pytester restores sys.modules: without this, each would load its own trio.
import trio  # noqa: F401

pytest_plugins = ["pytester"]


# What pytest or we take from the environment, and what a test must not depend on: in a worker of
# pytest-xdist a fixed port is refused, and on CI pytest's short summary has whole failure texts.
_OF_THE_SURROUNDINGS = ("PYTEST_XDIST_WORKER", "CI", "BUILD_NUMBER")

# Plugins that alter what any run prints, or the order of its tests; the tests about them load them
# by name.
_ALTER_ANY_RUN = ("clarity", "icdiff", "sugar", "rich", "randomly")


@pytest.fixture(autouse=True)
def _the_same_everywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test pass or fail alike at a desk, in a worker and on CI."""
    if "pytester" in request.fixturenames:
        # It takes the options out of the environment.
        request.getfixturevalue("pytester")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in _ALTER_ANY_RUN))
    for name in _OF_THE_SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)

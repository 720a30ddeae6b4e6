"""What all tests share."""

import pytest

# An in-process run of pytester restores sys.modules: without this, each would load its own trio.
import trio  # noqa: F401

pytest_plugins = ["pytester"]


# What pytest or we take from the environment, and what a test must not depend on: in a worker of
# pytest-xdist a fixed port is refused, and on CI pytest's short summary has whole failure texts.
_OF_THE_SURROUNDINGS = ("PYTEST_XDIST_WORKER", "CI", "BUILD_NUMBER")


@pytest.fixture(autouse=True)
def _the_same_everywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test pass or fail alike at a desk, in a worker and on CI."""
    if "pytester" in request.fixturenames:
        # It takes the options out of the environment.
        request.getfixturevalue("pytester")
    # These alter what any run prints; the tests about them load them by name.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:clarity -p no:icdiff -p no:sugar -p no:rich")
    for name in _OF_THE_SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)

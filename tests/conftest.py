"""What all tests share."""

import pytest

# An in-process run of pytester restores sys.modules. Without these imports each such run would load
# its own copy, and cryptography can be loaded only once.
import trio  # noqa: F401
import trustme  # noqa: F401
from hypothesis import settings

pytest_plugins = ["pytester"]

# The same examples in each run, however slow the machine is.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


# Variables that change what pytest or the plugin does, so no test may depend on them: in a worker
# of pytest-xdist a fixed port is refused, and on CI pytest's short summary has whole failure texts.
_OF_THE_SURROUNDINGS = ("PYTEST_XDIST_WORKER", "CI", "BUILD_NUMBER")


@pytest.fixture(autouse=True)
def _the_same_everywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a test behave the same at a desk, in a worker and on CI."""
    if "pytester" in request.fixturenames:
        # First, because it removes the options from the environment.
        request.getfixturevalue("pytester")
    # A run within a test loads our plugin and pytest's own: the twenty others of this environment
    # would cost it three seconds or more, and some alter what it prints or the order of its tests.
    # A test that is about one of them names it: `-p xdist`.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p smtpserver")
    # Otherwise dozens of runs would each compile the package anew.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for name in _OF_THE_SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)

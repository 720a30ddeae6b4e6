"""What the runs of pytest inside the tests share."""

from __future__ import annotations

import pytest
import trustme  # noqa: F401  # or each inner run would load cryptography anew, and it bears that once

# Our own tests' plugins, which import hypothesis and trio when pytest starts: a second or two
# in each inner run. All others of the environment are loaded by their entry points, as ours is.
# A test that needs one of these says `-p trio`.
COSTLY_PLUGINS = ("hypothesispytest", "trio", "anyio")


@pytest.fixture(autouse=True)
def inner_runs_start_quickly(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # After pytester, which empties the variable.
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in COSTLY_PLUGINS))

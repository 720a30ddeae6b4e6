"""Two real clients, and threads for those that are held."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rules.delivering import CLIENTS


@pytest.fixture(params=CLIENTS, ids=["smtplib", "aiosmtplib"])
def deliver(request: pytest.FixtureRequest):
    """Deliver with one client and then, in another test, with the other."""
    return request.param


@pytest.fixture
def in_background():
    """Call a function in a thread; gives a future."""
    with ThreadPoolExecutor(64) as pool:
        yield pool.submit

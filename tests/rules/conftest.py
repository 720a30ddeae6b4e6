"""Two real clients, and threads for those that are held."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.rules.delivering import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rules.delivering import Deliver, InBackground


@pytest.fixture(params=CLIENTS, ids=["smtplib", "aiosmtplib"])
def deliver(request: pytest.FixtureRequest) -> Deliver:
    """Deliver with one client and then, in another test, with the other."""
    client: Deliver = request.param
    return client


@pytest.fixture
def in_background() -> Iterator[InBackground]:
    """Call a function in a thread; gives a future."""
    with ThreadPoolExecutor(64) as pool:
        yield pool.submit

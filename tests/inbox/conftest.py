from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inbox.requesting import Lookout

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lookout() -> Iterator[Lookout]:
    with Lookout() as looking:
        yield looking
    assert looking.inbox.crashes == []

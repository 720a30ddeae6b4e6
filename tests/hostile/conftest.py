"""A servers' thread of its own for tests that harm it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.network import shut_down

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a test a server's thread that it may block or end: others' servers have another."""
    with monkeypatch.context() as patch:
        # The room has a function of the module's name.
        patch.setattr(import_module("pytest_smtpserver.network.background"), "_backgrounds", [])
        yield
        shut_down()

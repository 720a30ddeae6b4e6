"""The thread that all servers share."""

from __future__ import annotations

import threading

from pytest_smtpserver.network.background import background

# Far more than is needed on a busy machine.
_TIMEOUT = 20


def until_it_has_acted() -> None:
    """Return when it has done what it was asked to before, and what clients had sent by then."""
    has_acted = threading.Event()
    background().soon(has_acted.set)
    assert has_acted.wait(_TIMEOUT)

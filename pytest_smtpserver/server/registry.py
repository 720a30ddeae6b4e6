"""The servers of this process, so that a report can show all of those that ran during a test."""

from __future__ import annotations

import os
from collections import deque
from itertools import count
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from .core import Core

_numbers = count(1)
# Each server that was started, with the number of its last start, in that order. A server that
# nobody can reach any more is of no interest.
_servers: WeakKeyDictionary[Core, int] = WeakKeyDictionary()
# Those that were started during a test are of interest until the next one, even if the function
# that made one is over. So many: arbitrary, and more than a report has room for.
_of_test: deque[Core] = deque(maxlen=20)


def started(server: Core) -> None:
    """Note that a server listens from now on."""
    # One that is started again comes last.
    _servers.pop(server, None)
    _servers[server] = next(_numbers)
    if "PYTEST_CURRENT_TEST" in os.environ:
        _of_test.append(server)


def last_start() -> int:
    """Return a number for `since`; a test begins."""
    _of_test.clear()
    return next(_numbers)


def since(number: int = 0) -> tuple[Core, ...]:
    """Return the servers that listen, or were started after `last_start` had given that number."""
    return tuple(
        server
        for server, start in _servers.items()
        if server.listener is not None or start > number
    )


def listening() -> tuple[Core, ...]:
    """Return the servers that listen now, in the order in which they were started."""
    return tuple(server for server in since() if server.listener is not None)

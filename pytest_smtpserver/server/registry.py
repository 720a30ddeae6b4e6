"""The servers of this process, so that a report can show all of those that ran during a test."""

from __future__ import annotations

import threading
from collections import deque
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pytest_smtpserver.clock import now
from pytest_smtpserver.unpatched import in_forked_child

if TYPE_CHECKING:
    from .core import Core

# Any thread may start a server while another looks.
_lock = threading.Lock()
_numbers = count(1)
# Each server that was started, with the number of its last start. The references are weak, so a
# server that nobody uses any more is dropped.
_servers: WeakKeyDictionary[Core, int] = WeakKeyDictionary()
# The servers that this test has started are kept until the next test, even if the function that
# made one is over. The number is arbitrary, and more than a report has room for.
_of_test: deque[Core] = deque(maxlen=20)
# When this test began, in seconds since the epoch; 0 without pytest.
_test_began = 0.0


def started(server: Core) -> None:
    """Note that a server listens from now on."""
    with _lock:
        _servers[server] = next(_numbers)
    if _test_began:
        _of_test.append(server)


def begin_test() -> int:
    """Forget the last test's servers, and return a number for `since`."""
    global _test_began
    _test_began = now()
    _of_test.clear()
    return next(_numbers)


def test_began() -> float:
    """Return when this test began, in seconds since the epoch; 0 if there is none."""
    return _test_began


def since(number: int = 0) -> tuple[Core, ...]:
    """Return the servers that listen, or were started after `begin_test` returned that number.

    The one that was started last comes last.
    """
    with _lock:
        found = sorted(_servers.items(), key=itemgetter(1))
    return tuple([server for server, start in found if server.listener or start > number])


def listening() -> tuple[Core, ...]:
    """Return the servers that listen now, in the order in which they were started."""
    return tuple([server for server in since() if server.listener]) if _servers else ()


@in_forked_child
def _unlock_in_child() -> None:
    global _lock
    _lock = threading.Lock()
    for server in list(_servers):
        server.renew_locks()

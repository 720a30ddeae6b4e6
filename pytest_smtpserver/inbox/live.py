"""The inbox with its listener: what the plugin and the terminal program start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.network import Listener
from pytest_smtpserver.report import pages

from .engine import HTTPEngine
from .site import Site
from .store import Store
from .views import Views

if TYPE_CHECKING:
    from pytest_smtpserver.records.transaction import Transaction

# Loopback only: there is no login, and mail is private.
_HOST = "127.0.0.1"


class Inbox:
    """A web page at `url` until it is closed. Raises `OSError`, which names a busy port."""

    def __init__(self, port: int, *, title: str, hint: str) -> None:
        pages.load()
        self._store = Store()
        # At a port that the system has chosen nobody will answer again.
        site = Site(Views(self._store, title, hint, may_return=port != 0))
        #: Exceptions that are faults of the inbox itself; the servers are not affected.
        self.crashes: list[BaseException] = []
        self._listener = Listener(
            _HOST, port, lambda client: HTTPEngine(site.answer), self.crashes.append
        )
        self.port = self._listener.address[1]
        self.url = f"http://{_HOST}:{self.port}/"

    def add(self, test: str, server: str, transaction: Transaction) -> None:
        """Show a transaction that has ended; from any thread."""
        self._store.add(test, server, transaction)

    def close(self) -> None:
        """Stop listening and end all connections, within a second; never raises."""
        self._listener.close()

"""The inbox as a thing that listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.network import Listener

from .engine import HTTPEngine
from .site import Site
from .store import Store
from .views import Views

if TYPE_CHECKING:
    from pytest_smtpserver.records.transaction import Transaction

# Nobody but this machine: there is no login, and mail is private.
_HOST = "127.0.0.1"


class Inbox:
    """A web page at `url`, until it is closed. Raises `OSError` naming a port that is taken."""

    def __init__(self, port: int, *, title: str, hint: str) -> None:
        self._store = Store()
        site = Site(Views(self._store, title, hint))
        #: What it failed with by its own fault; the mail is not affected.
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
        """End all pages and listen no more, within a second. Never raises."""
        self._listener.close()

"""What arrived, in order and bounded, and the gate that opens when there is more.

Transactions are added in the background thread or in a test's thread; pages are made in the
background thread. So there is a lock. It is held while a list is changed or sliced, no longer.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.engine import Gate
from pytest_smtpserver.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smtpserver.records.transaction import Transaction

# Arbitrary: more transactions than a person looks through, and octets that a long run may keep.
_MOST: Final = 20_000
_LARGEST_TOTAL: Final = 512 * 1024 * 1024
# If there are too many, this many are forgotten at once: to forget one after another costs more.
_AT_ONCE: Final = 100


@frozen(kw_only=True, eq=False)
class Arrival:
    """A transaction that has ended; `number` counts from 1; outside a run `test` is empty."""

    number: int
    test: str
    server: str
    transaction: Transaction

    @property
    def size(self) -> int:
        """The octets of its content."""
        message = self.transaction.message
        return len(message.content) if message else 0


class Store:
    """All arrivals; if they are too many or too large, the oldest are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals: list[Arrival] = []
        self._count = 0
        self._size = 0
        #: Names this process. A page of an earlier one then knows that numbers have begun anew.
        self.run: Final = secrets.token_hex(8)
        #: Opens at the next arrival, and is replaced then. Take it first, then look for arrivals.
        self.gate = Gate()

    def add(self, test: str, server: str, transaction: Transaction) -> None:
        """Add a transaction that has ended, and wake the waiting pages; from any thread."""
        with self._lock:
            self._count += 1
            arrival = Arrival(number=self._count, test=test, server=server, transaction=transaction)
            self._arrivals.append(arrival)
            self._size += arrival.size
            if len(self._arrivals) > _MOST or self._size > _LARGEST_TOTAL:
                self._forget()
            gate, self.gate = self.gate, Gate()
        gate.open()

    def _forget(self) -> None:
        least = _AT_ONCE if len(self._arrivals) > _MOST else 0
        for gone, arrival in enumerate(self._arrivals):
            # The newest stays, however large it is.
            is_enough = gone >= least and self._size <= _LARGEST_TOTAL
            if is_enough or arrival is self._arrivals[-1]:
                self._arrivals = self._arrivals[gone:]
                return
            self._size -= arrival.size

    def all(self) -> Sequence[Arrival]:
        """Return all arrivals that are kept, oldest first."""
        with self._lock:
            return self._arrivals[:]

    def after(self, number: int) -> Sequence[Arrival]:
        """Return the arrivals after the one with this number, oldest first."""
        with self._lock:
            first = self._count - len(self._arrivals) + 1
            return self._arrivals[max(0, number + 1 - first) :]

    def get(self, number: int) -> Arrival | None:
        """Return the arrival with this number; `None` if it does not exist or was forgotten."""
        found = self.after(number - 1)[:1]
        return found[0] if found and found[0].number == number else None

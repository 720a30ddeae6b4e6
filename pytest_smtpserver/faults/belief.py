"""What a mailer says about its mail."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from pytest_smtpserver.matching import comparable

#: What `check` takes: one belief for all recipients, or a mapping with one for each.
Sent = bool | BaseException | Mapping[str, bool | BaseException | None] | None


class Belief(Enum):
    """What a mailer says about one recipient, in words."""

    DELIVERED = "delivered"
    FAILED = "failed for good"
    LATER = "to be tried again"
    RAISED = "not delivered: it raised"


_VALUES = {True: Belief.DELIVERED, False: Belief.FAILED, None: Belief.LATER}


class Beliefs:
    """What a mailer says about all of its mail, or about each recipient."""

    def __init__(self, sent: Any) -> None:
        """Take the argument `sent` of `check`.

        Raises `TypeError` for anything else, and `ValueError` for a mapping that is empty or has an
        empty recipient.
        """
        self._of_all: Belief | None = None
        self.of_each: dict[str, Belief] = {}
        self._sent = sent
        if isinstance(sent, Mapping):
            if not sent:
                raise ValueError(
                    f"sent={sent!r} names no recipient; if smtplib has returned it, nobody was "
                    "refused: give True"
                )
            self.of_each = {comparable(_recipient(who)): _read(one) for who, one in sent.items()}
        else:
            self._of_all = _read(sent)

    @property
    def of_all(self) -> Belief | None:
        """What it says about all of its mail; `None` if it speaks of each recipient instead."""
        return self._of_all

    @property
    def all_delivered(self) -> bool:
        """Whether it says that the mail to each of the recipients was delivered."""
        return {*self.of_each.values()} == {Belief.DELIVERED}

    @property
    def claims_delivery(self) -> bool:
        """Whether it says that the mail to any recipient was delivered."""
        return Belief.DELIVERED in (self._of_all, *self.of_each.values())

    def __str__(self) -> str:
        if self._of_all is None:
            return ", ".join(f"{who}: {one.value}" for who, one in self.of_each.items())
        raised = f" {self._sent!r}" if self._of_all is Belief.RAISED else ""
        return self._of_all.value + raised


def _recipient(who: object) -> str:
    if not isinstance(who, str):
        raise TypeError(f"sent has {who!r}: a recipient must be a str")
    if not who:
        raise ValueError("sent has an empty recipient")
    return who


def _read(sent: Any) -> Belief:
    if isinstance(sent, BaseException):
        return Belief.RAISED
    if sent is None or isinstance(sent, bool):
        return _VALUES[sent]
    raise TypeError(
        f"sent={sent!r}: must be True (delivered), False (failed for good), None (to be tried "
        "again), an exception, or a mapping of recipients to these"
    )

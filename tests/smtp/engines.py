"""What the tests of the engine need beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_smtpserver.rules import RuleBook

if TYPE_CHECKING:
    from pytest_smtpserver.smtp import Offer


def rule_book(offer: Offer) -> RuleBook:
    """Return an empty rule book of a server that nobody waits for."""

    def wait_held(*_: Any) -> Any:
        raise NotImplementedError

    return RuleBook(offer.stages, lambda: None, wait_held)

"""Exchanges with a mechanism, from a client's side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.settings.users import Users
from pytest_smtpserver.smtp.grammar import Refusal
from pytest_smtpserver.smtp.sasl import MECHANISMS, Challenge, Conclusion, step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver import Reply
    from pytest_smtpserver.smtp.sasl.challenges import Challenges

HOSTNAME = "smtpserver.test"
#: Nobody may log in without the right password.
USERS = {"ann": "secret", "jürgen": "päßwort", "nobody": ""}


def begin(mechanism: str, users: Mapping[str, str] = USERS) -> Challenges:
    return MECHANISMS[mechanism].begin(Users(users), HOSTNAME)


def outcome(exchange: Challenges, *answers: bytes) -> Conclusion:
    """Answer each challenge, and return the conclusion that must come then."""
    said = step(exchange, None)
    for answer in answers:
        assert isinstance(said, Challenge)
        said = step(exchange, answer)
    assert isinstance(said, Conclusion)
    return said


def refusal(exchange: Challenges, *answers: bytes) -> Reply:
    """Answer each challenge until the mechanism refuses; return the reply."""
    step(exchange, None)
    for answer in answers[:-1]:
        step(exchange, answer)
    with pytest.raises(Refusal) as caught:
        step(exchange, answers[-1])
    return caught.value.reply


def challenges(exchange: Challenges, *answers: bytes) -> list[bytes]:
    """Answer each challenge, and return what all of them were, as far as it gets."""
    said = [step(exchange, None), *(step(exchange, answer) for answer in answers)]
    return [one.octets for one in said if isinstance(one, Challenge)]

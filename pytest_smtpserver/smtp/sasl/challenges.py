"""What the two sides of an authentication exchange say to each other.

A mechanism is a generator function. It yields what the server says, is sent what the client
answers, and returns the conclusion; an answer that the mechanism's syntax does not allow is a
`Refusal` with the reply that says so. Octets are those before base64.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smtpserver.rules import CallableError
from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

if TYPE_CHECKING:
    from pytest_smtpserver.settings.users import Users


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an exchange ended: for whom, if the client said a name, and whether it succeeded."""

    username: str | None
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the server says next, and waits to have answered.

    With a `conclusion`, the outcome is known already, though the exchange goes on: some clients
    hang up at such a challenge, so the attempt is to be recorded before it leaves.
    """

    octets: bytes
    conclusion: Conclusion | None = None


#: What a mechanism is while it lasts.
Challenges = Generator[Challenge, bytes, Conclusion]

#: RFC 4954 section 4: "a server challenge that contains no data".
NO_DATA = Challenge(b"")


def step(challenges: Challenges, answer: bytes | None) -> Challenge | Conclusion:
    """Return what comes after the client's answer; `None` begins the exchange.

    Raises `Refusal` for an answer that is malformed, `CallableError` if a callable of the test
    raises.
    """
    try:
        # A generator is begun by sending None to it.
        return challenges.send(answer)  # type: ignore[arg-type]
    except StopIteration as stop:
        conclusion: Conclusion = stop.value
        return conclusion


def accepts(users: Users, mechanism: str, name: str, secret: bytes) -> bool:
    """Return whether this is the user's password or token, or whether anyone's will do."""
    try:
        return users.accepts(mechanism, name, secret)
    except BaseException as error:  # `pytest.fail` raises what is not an `Exception`
        raise CallableError from error


def text(octets: bytes) -> str:
    """Return the octets as UTF-8 text; raises `Refusal` if they are anything else."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        # Not chained: that error would show the octets, and there are secrets among them.
        raise Refusal(replies.ANSWER_NOT_UTF8) from None


def user_name(octets: bytes) -> str:
    """Return a user's name; raises `Refusal` if there is none."""
    if not octets or b"\0" in octets:
        raise Refusal(replies.NO_USER_NAME)
    return text(octets)

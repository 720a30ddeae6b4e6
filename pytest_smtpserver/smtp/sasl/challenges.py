"""What the two sides of an authentication exchange say to each other.

A mechanism is a generator function. It yields what the server says, receives what the client
answers, and returns the conclusion. For an answer that the mechanism's syntax does not allow, it
raises `Refusal` with a reply that says so. All octets are those before base64.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.rules import CallableError, blame, calls_tests, running_test
from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

if TYPE_CHECKING:
    from pytest_smtpserver.settings.users import Users


@frozen()
class Conclusion:
    """How an exchange ended: for whom, if the client said a name, and whether it succeeded.

    `is_for_another`: it failed because the user wanted to act for another one.
    """

    username: str | None
    succeeded: bool
    is_for_another: bool = False


@frozen()
class Challenge:
    """What the server says next; the client must answer it.

    With a `conclusion`, the outcome is already known, although the exchange goes on. Some clients
    hang up at such a challenge, so the attempt must be recorded before it is sent.
    """

    octets: bytes
    conclusion: Conclusion | None = None


#: A mechanism while an exchange is going on.
Challenges = Generator[Challenge, bytes, Conclusion]

#: RFC 4954 section 4: "a server challenge that contains no data".
NO_DATA = Challenge(b"")


def step(challenges: Challenges, answer: bytes | None) -> Challenge | Conclusion:
    """Return what comes after the client's answer; `None` begins the exchange.

    Raises `Refusal` for an answer that is malformed, `CallableError` if a callable of the test
    raises.
    """
    try:
        # Sending None starts a generator.
        return challenges.send(answer)  # type: ignore[arg-type]
    except StopIteration as stop:
        conclusion: Conclusion = stop.value
        return conclusion


@calls_tests
def _knows(users: Users, mechanism: str, name: str, secret: bytes) -> bool:
    return users.accepts(mechanism, name, secret)


def accepts(users: Users, mechanism: str, name: str, secret: bytes) -> bool:
    """Return whether this is the user's password or token, or any is accepted."""
    asked = running_test()
    try:
        return _knows(users, mechanism, name, secret)
    except BaseException as error:  # `pytest.fail` raises what is not an `Exception`
        blame(asked, error)
        raise CallableError from error


def text(octets: bytes) -> str:
    """Return the octets as UTF-8 text; raises `Refusal` if they are anything else."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        # Not chained: that error would show the octets, which may hold a secret.
        raise Refusal(replies.ANSWER_NOT_UTF8) from None


def user_name(octets: bytes) -> str:
    """Return a user's name; raises `Refusal` if there is none."""
    if not octets or b"\0" in octets:
        raise Refusal(replies.NO_USER_NAME)
    return text(octets)

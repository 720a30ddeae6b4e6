"""What a rule does, step by step; each step yields an engine's actions.

A step acts through a `Turn`, which comes from the engine. The turn records, carries out replies,
and knows the server's own reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from pytest_smtpserver.engine import Action, Gate, Hold, Throttle, Wait
from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.records.exchange import HELD, NEVER_ANSWERED, WAITING
from pytest_smtpserver.records.reply import Reply

from .places import CallableError, blame, calls_tests, defined_at, running_test

if TYPE_CHECKING:
    from .command import Command

#: A callable that is given the command and returns the reply; for `None` the server's own is used.
Replying = Callable[["Command"], "Reply | str | None"]


class Turn(Protocol):
    """The server's turn to answer one command."""

    @property
    def command(self) -> Command:
        """The command that is answered."""

    def say(self, reply: Reply) -> Iterable[Action]:
        """Send a reply; the first one is carried out before it is sent."""

    def say_own(self) -> Iterable[Action]:
        """Send the server's own reply."""

    def take_effect(self) -> Iterable[Action]:
        """Carry out the server's own reply without sending it."""

    def withhold(self) -> None:
        """Leave the client without a reply, for the rest of the session."""

    def send(self, octets: bytes) -> Iterable[Action]:
        """Send raw octets; the first complete reply in them counts as one."""

    def close(self, *, reset: bool) -> Iterable[Action]:
        """End the session."""

    def note(self, what: str) -> None:
        """Note an event in the transcript."""


class Step(Protocol):
    """One step of a rule."""

    #: Whether nothing can come after it.
    is_last: bool
    #: Whether it answers, so that the rule need not end with the server's own reply.
    is_answer: bool

    def run(self, turn: Turn) -> Iterable[Action]:
        """Yield the actions of this step."""


@frozen()
class Say:
    """Send a reply, or what a callable returns."""

    reply: Reply | Replying
    is_last = False
    is_answer = True

    def run(self, turn: Turn) -> Iterable[Action]:
        """Send it."""
        reply = self.reply if isinstance(self.reply, Reply) else _called(self.reply, turn.command)
        return turn.say_own() if reply is None else turn.say(reply)


@frozen()
class Accept:
    """Do what the server would do without a rule, with or without its reply."""

    reply: bool
    is_last = False
    is_answer = True

    def run(self, turn: Turn) -> Iterable[Action]:
        """Send the server's own reply, or only carry it out."""
        return turn.say_own() if self.reply else turn.take_effect()


@frozen()
class Delay:
    """Let some time pass, but no more when the rule's test is over."""

    seconds: float
    over: Gate
    is_last = False
    is_answer = False

    def run(self, turn: Turn) -> Iterable[Action]:
        """Wait."""
        turn.note(f"{WAITING}{self.seconds:g} s")
        yield Wait(self.seconds, self.over)


@frozen()
class Slow:
    """Limit the rate of octets from here on, until the rule's test is over."""

    octets_per_second: float
    over: Gate
    is_last = False
    is_answer = False

    def run(self, turn: Turn) -> Iterable[Action]:
        """Slow the connection down."""
        turn.note(f"throttled to {self.octets_per_second:g} octets per second")
        return (Throttle(self.octets_per_second, self.over),)


@frozen()
class HoldStep:
    """Wait until the rule is released."""

    gate: Gate
    held: Callable[[Command], None]
    is_last = False
    is_answer = False

    def run(self, turn: Turn) -> Iterable[Action]:
        """Note that the command is held, and wait."""
        turn.note(HELD)
        self.held(turn.command)
        yield Hold(self.gate)
        turn.note("released")


@frozen()
class SendRaw:
    """Send octets as they are."""

    octets: bytes
    is_last = False
    is_answer = True

    def run(self, turn: Turn) -> Iterable[Action]:
        """Send them."""
        return turn.send(self.octets)


@frozen()
class Ignore:
    """Never answer."""

    is_last = True
    is_answer = True

    def run(self, turn: Turn) -> Iterable[Action]:
        """Do nothing."""
        turn.note(NEVER_ANSWERED)
        turn.withhold()
        return ()


@frozen()
class Disconnect:
    """Close the connection, in an orderly way or with a TCP reset."""

    reset: bool
    is_last = True
    is_answer = True

    def run(self, turn: Turn) -> Iterable[Action]:
        """Close it."""
        return turn.close(reset=self.reset)


@frozen()
class Choose:
    """Do what a function chooses for the command."""

    choose: Callable[[Command], Step]
    is_last = True
    is_answer = True

    def run(self, turn: Turn) -> Iterable[Action]:
        """Choose a step, and run it."""
        return self.choose(turn.command).run(turn)


@calls_tests
def _reply_of(replying: Replying, command: Command) -> Reply | str | None:
    return replying(command)


def _called(replying: Replying, command: Command) -> Reply | None:
    asked = running_test()
    try:
        reply = _reply_of(replying, command)
        if reply is None or isinstance(reply, Reply):
            return reply
        if isinstance(reply, str):
            return Reply.parse(reply)
        raise TypeError(f"{replying!r} returned {reply!r}: a reply is a Reply, its str, or None")
    except BaseException as error:  # `pytest.fail` raises what is not an `Exception`
        blame(asked, error)
        raise CallableError(defined_at(replying)) from error

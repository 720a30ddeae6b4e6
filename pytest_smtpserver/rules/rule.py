"""A rule: what to answer instead, built by chaining."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self

from pytest_smtpserver.numeric import is_number
from pytest_smtpserver.records.reply import Reply

from .steps import Accept, Delay, Disconnect, HoldStep, Ignore, Say, SendRaw, Slow

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.records.exchange import Exchange

    from .command import Command
    from .making import AnyRule
    from .phase import Per
    from .state import RuleState
    from .steps import Replying, Step

    #: Waits until a rule has held a number of commands, for at most a number of seconds.
    WaitHeld = Callable[[RuleState, int, float | None], Command]

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

Arguments = ParamSpec("Arguments")


def _building(
    method: Callable[Concatenate[AnyRule, Arguments], AnyRule],
) -> Callable[Concatenate[AnyRule, Arguments], AnyRule]:
    # An invalid rule is withdrawn: it neither answers nor counts as unused.
    @wraps(method)
    def build(self: AnyRule, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> AnyRule:
        __tracebackhide__ = True
        try:
            return method(self, *args, **kwargs)
        except (TypeError, ValueError):
            self._state.withdraw()
            raise

    return build


class RuleSteps:
    """How a rule is built; each step returns the rule, so that steps are chained.

    They run in the order written, and the rule is asked from its first step on. A step that is
    impossible raises `ValueError` or `TypeError` at once, and the rule is withdrawn.
    """

    def __init__(self, state: RuleState) -> None:
        self._state = state
        state.belongs_to(self)

    @_building
    def reply(
        self, reply: int | str | Reply | Replying, text: str = "", *, enhanced: str | None = None
    ) -> Self:
        """Give this reply instead of the server's own.

        It is a code with its text, a line such as `"550 5.1.1 no such user"`, a `Reply`, or a
        callable that gets the `Command` and returns a `Reply`, its line, or `None` for the server's
        own reply. It is called in the server's thread.
        """
        if not self._state.stage.has_reply:
            raise ValueError(
                f"a rule on {self._state.name!r} cannot reply: use send, delay or disconnect"
            )
        return self._add(Say(as_reply(reply, text, enhanced)))

    @_building
    def accept(self, reply: bool = True) -> Self:  # noqa: FBT001, FBT002, RUF100  # the contract's
        """Do what the server would do without the rule.

        With `reply=False` the command takes effect, but its reply never comes, so that many clients
        send the mail twice (RFC 1047). Nothing more is sent in that session.
        """
        if not isinstance(reply, bool):
            raise TypeError(
                f"accept({reply!r}): must be True or False; reply() gives another reply"
            )
        if not reply and not self._state.stage.has_reply:
            raise ValueError(f"a rule on {self._state.name!r} has no reply to leave out")
        return self._add(Accept(reply))

    @_building
    def delay(self, seconds: float) -> Self:
        """Wait for this number of seconds, or until the rule is forgotten.

        Other clients are not held up.
        """
        if not is_number(seconds):
            raise TypeError(f"delay({seconds!r}): must be a number of seconds")
        if not 0 <= seconds < math.inf:
            raise ValueError(f"delay({seconds!r}): must be a number of seconds from 0")
        return self._add(Delay(seconds, self._state.over))

    @_building
    def throttle(self, octets_per_second: float) -> Self:
        """From here on, read and send no more than this number of octets per second.

        This lasts for the rest of the session, or until the rule is forgotten. Other clients are
        not held up.
        """
        given = f"throttle({octets_per_second!r})"
        if not is_number(octets_per_second):
            raise TypeError(f"{given}: must be a number of octets per second")
        if not 0 < octets_per_second < math.inf:
            raise ValueError(f"{given}: must be a number of octets per second above 0")
        return self._add(Slow(octets_per_second, self._state.over))

    def hold(self) -> Self:
        """Keep the client waiting until `release`."""
        return self._add(HoldStep(self._state.gate, self._state.hold))

    @_building
    def send(self, octets: bytes) -> Self:
        """Send these octets as they are, even half a reply or nonsense.

        The first complete reply in them has its effect, as one from `reply` has.
        """
        if not isinstance(octets, bytes | bytearray):
            raise TypeError(f"send({octets!r}): must be bytes")
        if not octets:
            raise ValueError("send(b''): there is nothing to send; use ignore() to stay silent")
        return self._add(SendRaw(bytes(octets)))

    def ignore(self) -> Self:
        """Never answer this command, nor any later one of the session; no step can follow.

        Otherwise a client that pipelines would take a later reply for the missing one.
        """
        return self._add(Ignore())

    def disconnect(self) -> Self:
        """Send what is owed, then close the connection; no step can follow.

        Until the client closes it as well, but for a second at most, what it sends is read.
        """
        return self._add(Disconnect(reset=False))

    def reset(self) -> Self:
        """Close the connection with a TCP reset; no step can follow."""
        return self._add(Disconnect(reset=True))

    @_building
    def times(self, n: int, per: Per = "server") -> Self:
        """Answer `n` commands; later ones go to the next rule that fits, or to the server.

        `per="session"` and `per="recipient"` count each session or recipient separately.
        """
        if self._state.last.times is not None:
            raise ValueError("times() was already given; then() begins the next phase")
        self._state.last.answer(self._state.count("times", n, per))
        return self

    @_building
    def after(self, n: int, per: Per = "server") -> Self:
        """Let `n` commands pass first; `per` is as in `times`."""
        if self._state.last.passing is not None:
            raise ValueError("after() was already given; then() begins the next phase")
        self._state.last.let_pass(self._state.count("after", n, per))
        return self

    @_building
    def then(self) -> Self:
        """Begin the next phase; the one before is used once unless `times` says otherwise."""
        self._state.begin_phase()
        return self

    def release(self) -> None:
        """Release the held clients, and hold no others."""
        self._state.gate.open()

    @property
    def hits(self) -> tuple[Exchange, ...]:
        """The exchanges that the rule has answered, oldest first."""
        return self._state.hits

    @_building
    def _add(self, step: Step) -> Self:
        self._state.add(step)
        return self

    def __str__(self) -> str:
        return str(self._state)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}, {len(self.hits)} hits>"


class Rule(RuleSteps):
    """What the server does instead at one stage of a session; made by `server.on`.

    Each step returns the rule, so that steps can be chained; they run in the order written, and the
    rule is asked once it has a first step. A step that is impossible raises `ValueError` or
    `TypeError` at once, and the rule is withdrawn.
    """

    def __init__(self, state: RuleState, wait_held: WaitHeld) -> None:
        super().__init__(state)
        self._wait_held = wait_held

    def wait_held(self, count: int = 1, *, timeout: float | None = None) -> Command:
        """Return the last command that was held, as soon as `count` were held in all.

        Raises `SMTPAssertionError` after `timeout` seconds (default: the setting `wait_timeout`),
        and `ValueError` at once if the rule has no `hold()`.
        """
        __tracebackhide__ = True
        return self._wait_held(self._state, count, timeout)


def as_reply(reply: Any, text: str, enhanced: str | None) -> Reply | Replying:
    """Return what a test gave as a reply; raises `TypeError` or `ValueError` for anything else."""
    if isinstance(reply, int):
        return Reply(reply, text, enhanced)
    if text != "" or enhanced is not None:
        raise TypeError(f"reply({reply!r}): a text and enhanced= go with a code, such as 550")
    if isinstance(reply, Reply):
        return reply
    if isinstance(reply, str):
        return Reply.parse(reply)
    if callable(reply) and not isinstance(reply, type):
        replying: Replying = reply
        return replying
    raise TypeError(
        f"reply({reply!r}): must be a code, a line such as '550 5.1.1 no such user', a Reply, "
        "or a callable"
    )

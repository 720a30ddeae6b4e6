"""A rule: what to answer instead, built by chaining."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from pytest_smtpserver.engine import Gate
from pytest_smtpserver.matching import Criteria
from pytest_smtpserver.numeric import is_number, is_whole
from pytest_smtpserver.records.reply import Reply

from .phase import PER, Count, Phase
from .steps import Accept, Delay, Disconnect, HoldStep, Ignore, Say, SendRaw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver.records.exchange import Exchange

    from .book import RuleBook
    from .command import Command
    from .phase import Per
    from .stages import Stage
    from .steps import Replying, Step

# What a test's author got wrong is shown at the line of the test, not in here.
__tracebackhide__ = True

Arguments = ParamSpec("Arguments")
AnyRule = TypeVar("AnyRule", bound="Rule")


def _building(
    method: Callable[Concatenate[AnyRule, Arguments], AnyRule],
) -> Callable[Concatenate[AnyRule, Arguments], AnyRule]:
    # A rule that turns out to be impossible is none: it answers nothing, and is not missed.
    @wraps(method)
    def build(self: AnyRule, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> AnyRule:
        __tracebackhide__ = True
        try:
            return method(self, *args, **kwargs)
        except (TypeError, ValueError):
            self._book.withdraw(self)
            raise

    return build


class Rule:
    """What the server does instead at one stage; made by `server.on`.

    Each step returns the rule, so that steps are chained; they run in the order written, and the
    rule is asked from its first step on. A step that is impossible raises `ValueError` or
    `TypeError` at once, and the rule is withdrawn.
    """

    def __init__(
        self,
        book: RuleBook,
        name: str,
        stage: Stage,
        match: Mapping[str, object],
        *,
        optional: bool,
        made_at: str,
    ) -> None:
        self.stage = name
        self.optional = optional
        #: File and line of the test.
        self.made_at = made_at
        self._book = book
        self._stage = stage
        self._criteria = Criteria.of(stage.kind, match)
        self._gate = Gate()
        self._phases: tuple[Phase, ...] = (Phase(),)
        self._hits: list[Exchange] = []
        self._hits_seen: tuple[Exchange, ...] = ()
        #: The commands that were held, oldest first.
        self.held: tuple[Command, ...] = ()
        #: What a failing test's report says of the rule.
        self.note = ""

    @_building
    def reply(
        self, reply: int | str | Reply | Replying, text: str = "", *, enhanced: str | None = None
    ) -> Self:
        """Give this reply instead of the server's own.

        It is a code with its text, a line such as `"550 5.1.1 no such user"`, a `Reply`, or a
        callable that is given the `Command` and returns a `Reply`, its line, or `None` for the
        server's own. It is called in the server's thread.
        """
        if not self._stage.has_reply:
            raise ValueError(
                f"a rule on {self.stage!r} cannot reply: use send, delay or disconnect"
            )
        return self.add(Say(_reply(reply, text, enhanced)))

    @_building
    def accept(self, reply: bool = True) -> Self:  # noqa: FBT001, FBT002, RUF100  # the contract's
        """Do as the server would of its own accord.

        With `reply=False` the command takes effect and its reply never comes: the case in which
        mail is sent twice (RFC 1047).
        """
        if not reply and not self._stage.has_reply:
            raise ValueError(f"a rule on {self.stage!r} has no reply to leave out")
        return self.add(Accept(bool(reply)))

    @_building
    def delay(self, seconds: float) -> Self:
        """Let so many seconds pass; other clients are not held up."""
        if not is_number(seconds):
            raise TypeError(f"delay({seconds!r}): must be a number of seconds")
        if not 0 <= seconds < math.inf:
            raise ValueError(f"delay({seconds!r}): must be a number of seconds from 0")
        return self.add(Delay(seconds))

    def hold(self) -> Self:
        """Keep the client waiting until `release`."""
        return self.add(HoldStep(self._gate, self._hold))

    @_building
    def send(self, octets: bytes) -> Self:
        """Send these octets as they are, be they half a reply or nonsense.

        The first complete reply in them counts as one: what it means is carried out.
        """
        if not isinstance(octets, bytes | bytearray):
            raise TypeError(f"send({octets!r}): must be bytes")
        if not octets:
            raise ValueError("send(b''): there is nothing to send; use ignore() to stay silent")
        return self.add(SendRaw(bytes(octets)))

    def ignore(self) -> Self:
        """Never answer; nothing can follow."""
        return self.add(Ignore())

    def disconnect(self) -> Self:
        """Close the connection in an orderly way; nothing can follow."""
        return self.add(Disconnect(reset=False))

    def reset(self) -> Self:
        """Close the connection with a TCP reset; nothing can follow."""
        return self.add(Disconnect(reset=True))

    @_building
    def times(self, n: int, per: Per = "server") -> Self:
        """Answer so many commands; then the next rule that fits, or the server itself, does.

        `per="session"` and `per="recipient"` count for each session or recipient anew.
        """
        if self._last.times is not None:
            raise ValueError("times() stands once in a phase; then() begins the next one")
        self._last.times = self._count("times", n, per)
        return self

    @_building
    def after(self, n: int, per: Per = "server") -> Self:
        """Let the first so many commands pass; `per` is as in `times`."""
        if self._last.passing is not None:
            raise ValueError("after() stands once in a phase; then() begins the next one")
        self._last.passing = self._count("after", n, per)
        return self

    @_building
    def then(self) -> Self:
        """Begin the next phase; the one before is used once if `times` does not say otherwise."""
        if not self._last.steps:
            raise ValueError("then() needs a step before it, such as reply() or disconnect()")
        if self._last.times is None:
            self._last.times = Count(1, "server")
        self._phases = (*self._phases, Phase())
        return self

    def release(self) -> None:
        """Let go who is held, and whoever comes later; once and for good."""
        self._gate.open()

    def wait_held(self, count: int = 1, *, timeout: float | None = None) -> Command:
        """Return the command held last, as soon as so many were held in all.

        Raises `SMTPAssertionError` after `timeout` seconds (default: the setting `wait_timeout`).
        """
        __tracebackhide__ = True
        return self._book.wait_held(self, count, timeout)

    @property
    def hits(self) -> tuple[Exchange, ...]:
        """The exchanges that the rule has answered, oldest first."""
        with self._book.lock:
            hits, count = self._hits, len(self._hits)
        seen = self._hits_seen
        if len(seen) != count:
            self._hits_seen = seen = tuple(hits[:count])
        return seen

    @property
    def unused_phases(self) -> tuple[int, ...]:
        """Which phases have never answered a command, counted from 1."""
        return tuple(n for n, phase in enumerate(self._phases, 1) if not phase.is_used)

    def fits(self, command: Command) -> bool:
        """Return whether the command is one that the rule is about.

        Raises `CriterionError` if a callable of the test raises.
        """
        return bool(self._phases[0].steps) and self._criteria.matches(command)

    def take(self, command: Command) -> Phase | None:
        """Return the phase that answers a command that fits, and count it; `None`: let it pass."""
        with self._book.lock:
            for phase in self._phases:
                if not phase.steps:
                    return None
                if phase.passing is not None and phase.passing.take(command):
                    return None
                if phase.times is None or phase.times.take(command):
                    phase.is_used = True
                    return phase
        return None

    def hit(self, exchange: Exchange) -> None:
        """Note an exchange that the rule has answered."""
        with self._book.lock:
            self._hits.append(exchange)

    @property
    def _last(self) -> Phase:
        return self._phases[-1]

    @_building
    def add(self, step: Step) -> Self:
        """Add a step to the last phase."""
        if self._last.is_complete:
            raise ValueError(
                "nothing can follow ignore(), disconnect() or reset(); then() begins another phase"
            )
        self._last.steps = (*self._last.steps, step)
        return self

    def _hold(self, command: Command) -> None:
        with self._book.lock:
            self.held = (*self.held, command)
        self._book.wake()

    def _count(self, what: str, n: int, per: Per) -> Count:
        lowest = 1 if what == "times" else 0
        if not is_whole(n) or n < lowest:
            raise ValueError(f"{what}({n!r}): must be a whole number from {lowest}")
        if per not in PER:
            raise ValueError(f"{what}(per={per!r}): must be one of {', '.join(PER)}")
        if per == "recipient" and not self._stage.has_recipient:
            raise ValueError(
                f"{what}(per='recipient'): a rule on {self.stage!r} is about no single recipient"
            )
        return Count(n, per)

    def __str__(self) -> str:
        wording = f", {self._criteria}" if str(self._criteria) else ""
        return f"on({self.stage!r}{wording}) made at {self.made_at}"

    def __repr__(self) -> str:
        return f"<Rule {self}, {len(self._hits)} hits>"


def _reply(reply: Any, text: str, enhanced: str | None) -> Reply | Replying:
    if isinstance(reply, int):
        return Reply(reply, text, enhanced)
    if text or enhanced:
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

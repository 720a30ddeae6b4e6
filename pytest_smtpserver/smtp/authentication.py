"""AUTH (RFC 4954): one exchange, from the command to the conclusion."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.engine import Send
from pytest_smtpserver.rules import CallableError

from . import replies
from .command_line import AUTH_LINE
from .grammar import Refusal
from .login import MASK, attempt, note_plaintext
from .sasl import MECHANISMS, Conclusion, decoded, decoded_initial, encoded, step
from .states import AUTH_ENDED
from .turn import Turn, callable_failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.rules.state import RuleState

    from .dialogue import Dialogue
    from .login import AuthRequest
    from .sasl import Challenge

# The exchange ended before the client gave a name.
_NOBODY: Final = Conclusion(None, succeeded=False)


class Authentication:
    """One exchange; each method takes what the client said, and returns the server's actions."""

    def __init__(self, dialogue: Dialogue, request: AuthRequest, line: str) -> None:
        settings = dialogue.offer.settings
        self._dialogue = dialogue
        self._mechanism = request.mechanism
        self._initial = request.initial
        self._line = line
        self._challenges = MECHANISMS[request.mechanism].begin(settings.users, settings.hostname)
        self._is_recorded = False
        self._username: str | None = None
        self._has_answer = bool(request.initial)
        self._line_rule: RuleState | None = None

    def let_pass_by(self, rule: RuleState | None) -> None:
        """Note the rule on any command that was used at the AUTH line; the exchange begins."""
        self._line_rule = rule

    def begin(self) -> Iterable[Action]:
        """Answer the AUTH command itself."""
        first = step(self._challenges, None)
        if self._initial:
            return self._go_on(partial(decoded_initial, self._initial))
        return self._say(first)

    def take(self, line: bytes) -> Iterable[Action]:
        """Answer a line that the client has sent in this exchange."""
        dialogue, answer = self._dialogue, line.removesuffix(b"\n").removesuffix(b"\r")
        dialogue.session.noticed("C", MASK, dialogue.now)
        if answer == b"*":
            return self._refuse(Refusal(replies.CANCELLED, None))
        if not self._has_answer:
            self._has_answer = True
            note_plaintext(dialogue, self._mechanism)
        if len(line) > AUTH_LINE:
            return self._refuse(Refusal(replies.ANSWER_TOO_LONG, "long-command-line"))
        return self._go_on(partial(decoded, answer))

    def _go_on(self, answer: Callable[[], bytes]) -> Iterable[Action]:
        try:
            return self._say(step(self._challenges, answer()))
        except Refusal as refusal:
            return self._refuse(refusal)
        except CallableError as error:
            return self._answer(callable_failed(self._dialogue, error), _NOBODY, ())

    def _say(self, said: Challenge | Conclusion) -> Iterable[Action]:
        if isinstance(said, Conclusion):
            return self._conclude(said)
        if said.conclusion is not None:
            self._record(said.conclusion, None)
        reply = f"334 {encoded(said.octets)}"
        dialogue = self._dialogue
        dialogue.session.noticed("S", reply, dialogue.now)
        return (Send(f"{reply}\r\n".encode()),)

    def _conclude(self, conclusion: Conclusion) -> Iterable[Action]:
        refusal = replies.FOR_ANOTHER if conclusion.is_for_another else replies.BAD_CREDENTIALS
        reply = replies.AUTHENTICATED if conclusion.succeeded else refusal
        return self._answer(reply, conclusion, ("auth",))

    def _refuse(self, refusal: Refusal) -> Iterable[Action]:
        if refusal.violation is not None:
            self._dialogue.violated(refusal.violation, self._line)
        return self._answer(refusal.reply, _NOBODY, ())

    def _answer(
        self, reply: Reply, conclusion: Conclusion, stages: tuple[str, ...]
    ) -> Iterable[Action]:
        own = self._dialogue.offer.rendered(reply)
        facts = {"username": conclusion.username, "mechanism": self._mechanism}
        return Turn(
            self._dialogue,
            stages,
            lambda: own,
            partial(self._concluded, conclusion),
            line=self._line,
            facts=lambda: facts,
            line_rule=self._line_rule,
        ).answer()

    def _concluded(self, conclusion: Conclusion, reply: Reply | None) -> None:
        self._dialogue.progress.move(AUTH_ENDED)
        self._dialogue.login.end()
        self._record(conclusion, reply)

    def _record(self, conclusion: Conclusion, reply: Reply | None) -> None:
        session = self._dialogue.session
        self._username = conclusion.username or self._username
        tried = attempt(
            self._dialogue,
            self._mechanism,
            self._username,
            reply,
            has_answer=self._has_answer,
            is_for_another=conclusion.is_for_another,
        )
        if self._is_recorded:
            session.authentication_answered(tried)
        else:
            session.authenticated(tried)
        self._is_recorded = True


class AuthLine(Turn):
    """The turn at the AUTH line, before any challenge: a rule on any command may answer it.

    If no rule does, the exchange begins; its end is another turn.
    """

    __slots__ = ("_authentication",)

    def __init__(
        self, dialogue: Dialogue, authentication: Authentication, request: AuthRequest, line: str
    ) -> None:
        facts = {"mechanism": request.mechanism}
        super().__init__(
            dialogue,
            ("*",),
            lambda: dialogue.offer.greeting,
            partial(_answered_at_line, dialogue, request),
            line=line,
            facts=lambda: facts,
        )
        self._authentication = authentication

    def say_own(self) -> Iterable[Action]:
        """Begin the exchange."""
        self._is_settled = True
        self._dialogue.progress.move("AUTH")
        self._authentication.let_pass_by(self._rule)
        return self._authentication.begin()

    def take_effect(self) -> Iterable[Action]:
        """Leave the client without an answer."""
        self._settle(None, None)
        self.withhold()
        return ()


def _answered_at_line(dialogue: Dialogue, request: AuthRequest, reply: Reply | None) -> None:
    dialogue.login.end()
    tried = attempt(dialogue, request.mechanism, None, reply, has_answer=bool(request.initial))
    dialogue.session.authenticated(tried)

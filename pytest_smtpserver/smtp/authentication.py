"""AUTH (RFC 4954): one exchange, from the command to the conclusion.

Secrets are masked by their place: everything after the mechanism's name, and every line that the
client sends during the exchange.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.engine import Send
from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.records.session import AuthAttempt
from pytest_smtpserver.rules import CallableError
from pytest_smtpserver.settings import SHOW_SECRET

from . import replies
from .grammar import Refusal
from .sasl import LINE_LIMIT, MECHANISMS, Conclusion, decoded, decoded_initial, encoded, step
from .states import AUTH_ENDED
from .turn import Turn, callable_failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.rules.state import RuleState

    from .dialogue import Dialogue
    from .sasl import Challenge

#: Shown instead of a secret.
MASK: Final = "***"

# Anything that a person would read as AUTH, whatever is before or after it: a malformed command may
# carry a secret, too.
_AUTH = expression(r"[^A-Za-z]*AUTH", re.IGNORECASE)

# Mechanisms that clients also try; the names are IANA's, except NTLM. Any other word in the
# mechanism's place may be a secret: the client may have left the mechanism out.
_FOREIGN = (
    "ANONYMOUS CRAM-SHA1 DIGEST-MD5 EXTERNAL GS2-KRB5 GSSAPI KERBEROS_V4 NTLM OTP "
    "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-512 SCRAM-SHA-512-PLUS"
)
_NAMES = frozenset({*MECHANISMS, *_FOREIGN.split()})

# The exchange ended before the client gave a name.
_NOBODY: Final = Conclusion(None, succeeded=False)


@frozen()
class AuthRequest:
    """What AUTH says: a mechanism, and perhaps the client's first answer, in base64."""

    mechanism: str
    initial: str


def is_auth(line: str) -> bool:
    """Return whether this is an AUTH command, perhaps a malformed one."""
    return _AUTH.match(line) is not None


# verb, mechanism, and what comes after it.
_PARTS = expression(r"( *AUTH +)(\S+)( *)(.*)", re.IGNORECASE | re.DOTALL)


def masked(line: str) -> str:
    """Return an AUTH command as it was sent, with its secrets masked."""
    parts = _PARTS.fullmatch(line)
    if parts is not None:
        verb, name, space, secret = parts.groups()
        return f"{verb}{shown_name(name)}{space}{MASK if secret else ''}"
    # There are odd octets around AUTH: do not show them.
    verb, *words = line.split(maxsplit=2)
    if verb.upper() != "AUTH":
        return f"AUTH {MASK}"
    return " ".join([verb, *map(shown_name, words[:1]), *([MASK] if len(words) > 1 else [])])


def shown_name(mechanism: str) -> str:
    """Return a mechanism's name as it was sent, or the mask, for it may be a secret."""
    return mechanism if mechanism.upper() in _NAMES else MASK


def parse_auth(dialogue: Dialogue, argument: str) -> AuthRequest:
    """RFC 4954 section 4: `AUTH mechanism [initial-response]`."""
    name, _, initial = argument.lstrip(" ").partition(" ")
    name = name.upper()
    if not name:
        raise Refusal(replies.ARGUMENT_REQUIRED)
    # Section 4: "After an AUTH command has been successfully completed, no more AUTH commands
    # may be issued in the same session." [...] "MUST reject any further AUTH commands with a 503".
    if dialogue.session.is_authenticated:
        raise Refusal(replies.ALREADY_AUTHENTICATED, "out-of-order")
    if initial:
        # Whatever the answer is: the password has been sent.
        note_plaintext(dialogue, name)
    if argument.startswith(" "):
        dialogue.tolerate(replies.AUTH_SYNTAX)
    if not dialogue.takes_auth:
        raise Refusal(replies.ENCRYPTION_REQUIRED, None)
    if name not in dialogue.offer.settings.mechanisms:
        raise Refusal(replies.UNKNOWN_MECHANISM, None)
    if initial and not MECHANISMS[name].takes_initial_response:
        raise Refusal(replies.NO_INITIAL_RESPONSE)
    return AuthRequest(name, initial)


def refused_at_once(dialogue: Dialogue, argument: str, reply: Reply) -> None:
    """Record an AUTH that was refused before its exchange: it is an attempt, too."""
    name = argument.split()[:1]
    if name and not dialogue.session.is_authenticated:
        attempt = _attempt(dialogue, shown_name(name[0]).upper(), None, reply)
        dialogue.session.authenticated(attempt)


def _attempt(
    dialogue: Dialogue, mechanism: str, username: str | None, reply: Reply | None
) -> AuthAttempt:
    return AuthAttempt(
        mechanism=mechanism,
        username=username,
        succeeded=reply is not None and reply.is_completion,
        over_tls=dialogue.session.tls is not None,
        reply=reply,
    )


def note_plaintext(dialogue: Dialogue, mechanism: str) -> None:
    """Note that a password was sent in clear, if it could have been sent otherwise."""
    could_encrypt = dialogue.offer.settings.tls == "starttls" and dialogue.session.tls is None
    if could_encrypt and mechanism in SHOW_SECRET:
        dialogue.violated("plaintext-credentials", f"AUTH {mechanism}")


class Login:
    """The state of a session's AUTH commands. The recording knows who is logged in."""

    __slots__ = ("authentication", "may_hold_secret")

    def __init__(self) -> None:
        #: The exchange that is going on, if there is one.
        self.authentication: Authentication | None = None
        #: Whether the next line may be an answer to an exchange that is already over.
        self.may_hold_secret = False

    def attempted(self) -> None:
        """Note an AUTH command, well-formed or not: what comes then may be a secret."""
        self.may_hold_secret = True

    def left_behind(self) -> None:
        """Note a well-formed command: the client is done with AUTH."""
        self.may_hold_secret = False

    def begin(self, dialogue: Dialogue, request: AuthRequest, line: str) -> Iterable[Action]:
        """Begin an exchange that ends with the conclusion, and answer the command."""
        self.authentication = authentication = Authentication(dialogue, request, line)
        if dialogue.rules.rules:
            return AuthLine(dialogue, authentication, request, line).answer()
        dialogue.progress.move("AUTH")
        return authentication.begin()

    def end(self) -> None:
        """Take note that the exchange is over."""
        self.authentication = None


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
        self._is_noted = bool(request.initial)
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
        if len(line) > LINE_LIMIT:
            return self._refuse(Refusal(replies.ANSWER_TOO_LONG, "long-command-line"))
        if answer == b"*":
            return self._refuse(Refusal(replies.CANCELLED, None))
        if not self._is_noted:
            self._is_noted = True
            note_plaintext(dialogue, self._mechanism)
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
        reply = replies.AUTHENTICATED if conclusion.succeeded else replies.BAD_CREDENTIALS
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
        attempt = _attempt(self._dialogue, self._mechanism, self._username, reply)
        if self._is_recorded:
            session.authentication_answered(attempt)
        else:
            session.authenticated(attempt)
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
            partial(_answered_at_line, dialogue, request.mechanism),
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
        return ()


def _answered_at_line(dialogue: Dialogue, mechanism: str, reply: Reply | None) -> None:
    dialogue.login.end()
    dialogue.session.authenticated(_attempt(dialogue, mechanism, None, reply))

"""AUTH (RFC 4954): one exchange, from the command to the verdict.

Secrets are masked by their place: what stands after the mechanism's name, and every line that the
client sends while the exchange lasts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.engine import Send
from pytest_smtpserver.records.session import AuthAttempt

from . import replies
from .grammar import Refusal
from .sasl import LINE_LIMIT, MECHANISMS, Verdict, decoded, decoded_initial, encoded, step
from .states import AUTH_ENDED
from .turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.records.reply import Reply

    from .dialogue import Dialogue
    from .sasl import Challenge

#: Stands for what is not shown.
MASK: Final = "***"

# What a person reads as AUTH, whatever stands before or after it: a malformed command may carry
# a secret, too.
_AUTH = re.compile(r"[^A-Za-z]*AUTH", re.IGNORECASE)

# Mechanisms that clients also try; names as IANA has them, except NTLM. What else stands in the
# mechanism's place may be a secret whose mechanism was left out.
_FOREIGN = (
    "ANONYMOUS CRAM-SHA1 DIGEST-MD5 EXTERNAL GS2-KRB5 GSSAPI KERBEROS_V4 NTLM OTP "
    "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-512 SCRAM-SHA-512-PLUS"
)
_NAMES = frozenset({*MECHANISMS, *_FOREIGN.split()})

# Those with which the client sends what nobody else may know.
_PLAINTEXT = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """What AUTH says: a mechanism, and perhaps the client's first answer, in base64."""

    mechanism: str
    initial: str


def is_auth(line: str) -> bool:
    """Return whether this is an AUTH command, or was to be one."""
    return _AUTH.match(line) is not None


def masked(line: str) -> str:
    """Return an AUTH command as it may be shown."""
    verb, *words = line.split(maxsplit=2)
    if verb.upper() != "AUTH":
        return f"AUTH {MASK}"
    name = [word if word.upper() in _NAMES else MASK for word in words[:1]]
    return " ".join([verb, *name, MASK] if len(words) > 1 else [verb, *name])


def parse_auth(dialogue: Dialogue, argument: str) -> AuthRequest:
    """RFC 4954 section 4: `AUTH mechanism [initial-response]`."""
    name, _, initial = argument.partition(" ")
    name = name.upper()
    if not name:
        raise Refusal(replies.ARGUMENT_REQUIRED)
    # Section 4: "After an AUTH command has been successfully completed, no more AUTH commands
    # may be issued in the same session." [...] "MUST reject any further AUTH commands with a 503".
    if dialogue.session.is_authenticated:
        raise Refusal(replies.ALREADY_AUTHENTICATED, "out-of-order")
    if initial:
        # Whatever is answered: it has been sent.
        note_plaintext(dialogue, name)
    if not dialogue.takes_auth:
        raise Refusal(replies.ENCRYPTION_REQUIRED, None)
    if name not in dialogue.offer.settings.mechanisms:
        raise Refusal(replies.UNKNOWN_MECHANISM, None)
    if initial and not MECHANISMS[name].takes_initial_response:
        raise Refusal(replies.NO_INITIAL_RESPONSE)
    return AuthRequest(name, initial)


def note_plaintext(dialogue: Dialogue, mechanism: str) -> None:
    """Note that a password was sent in clear, if it could have been sent otherwise."""
    could_encrypt = dialogue.offer.settings.tls == "starttls" and dialogue.session.tls is None
    if could_encrypt and mechanism in _PLAINTEXT:
        dialogue.violated("plaintext-credentials", f"AUTH {mechanism}")


class Login:
    """What is remembered of a session's AUTH commands. Who is logged in, the recording says."""

    __slots__ = ("authentication", "may_hold_secret")

    def __init__(self) -> None:
        #: The exchange that lasts.
        self.authentication: Authentication | None = None
        #: Whether the next line may be an answer that was meant for an exchange that is over.
        self.may_hold_secret = False

    def attempted(self) -> None:
        """Note an AUTH command, well-formed or not: what comes then may be a secret."""
        self.may_hold_secret = True

    def left_behind(self) -> None:
        """Note a well-formed command: the client is done with AUTH."""
        self.may_hold_secret = False

    def begin(self, dialogue: Dialogue, request: AuthRequest, line: str) -> Iterable[Action]:
        """Begin an exchange that ends with the verdict, and answer the command."""
        self.authentication = Authentication(dialogue, request, line)
        return self.authentication.begin()

    def end(self) -> None:
        """Take note that the exchange is over."""
        self.authentication = None


class Authentication:
    """One exchange; each method takes what the client said, and gives what the server does."""

    def __init__(self, dialogue: Dialogue, request: AuthRequest, line: str) -> None:
        settings = dialogue.offer.settings
        self._dialogue = dialogue
        self._mechanism = request.mechanism
        self._initial = request.initial
        self._line = line
        self._challenges = MECHANISMS[request.mechanism].begin(settings.users, settings.hostname)
        self._is_recorded = False
        self._is_noted = bool(request.initial)

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

    def _say(self, said: Challenge | Verdict) -> Iterable[Action]:
        if isinstance(said, Verdict):
            return self._conclude(said)
        if said.verdict is not None:
            self._record(said.verdict, succeeded=False)
        reply = f"334 {encoded(said.octets)}"
        dialogue = self._dialogue
        dialogue.session.noticed("S", reply, dialogue.now)
        return (Send(f"{reply}\r\n".encode()),)

    def _conclude(self, verdict: Verdict) -> Iterable[Action]:
        reply = replies.AUTHENTICATED if verdict.succeeded else replies.BAD_CREDENTIALS
        return self._answer(reply, verdict, ("auth", "*"))

    def _refuse(self, refusal: Refusal) -> Iterable[Action]:
        if refusal.violation is not None:
            self._dialogue.violated(refusal.violation, self._line)
        return self._answer(refusal.reply, Verdict(None, succeeded=False), ("*",))

    def _answer(self, reply: Reply, verdict: Verdict, stages: tuple[str, ...]) -> Iterable[Action]:
        own = self._dialogue.offer.rendered(reply)
        facts = {"username": verdict.username, "mechanism": self._mechanism}
        return Turn(
            self._dialogue,
            stages,
            lambda: own,
            partial(self._concluded, verdict),
            line=self._line,
            facts=lambda: facts,
        ).answer()

    def _concluded(self, verdict: Verdict, reply: Reply | None) -> None:
        succeeded = reply is not None and reply.is_completion
        self._dialogue.progress.move(AUTH_ENDED)
        self._dialogue.login.end()
        self._record(verdict, succeeded=succeeded)

    def _record(self, verdict: Verdict, *, succeeded: bool) -> None:
        if self._is_recorded and not succeeded:
            return
        self._is_recorded = True
        session = self._dialogue.session
        session.authenticated(
            AuthAttempt(
                mechanism=self._mechanism,
                username=verdict.username,
                succeeded=succeeded,
                over_tls=session.tls is not None,
            )
        )

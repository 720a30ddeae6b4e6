"""What each session knows of AUTH (RFC 4954), even if its client never authenticates.

Secrets are masked by their place: everything after the mechanism's name, and every line that the
client sends during the exchange.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.records.session import AuthAttempt
from pytest_smtpserver.settings import MECHANISMS as OFFERED
from pytest_smtpserver.settings import SHOW_SECRET

from . import replies
from .grammar import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.records.reply import Reply

    from .authentication import Authentication
    from .dialogue import Dialogue

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
_NAMES = frozenset({*OFFERED, *_FOREIGN.split()})


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
    """Return a mechanism's name as it was sent, or the mask, because it may be a secret."""
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
    if initial and not _may_have_initial(name):
        raise Refusal(replies.NO_INITIAL_RESPONSE)
    return AuthRequest(name, initial)


def _may_have_initial(mechanism: str) -> bool:
    # Most servers never see AUTH; SASL is imported with the first exchange.
    from .sasl import MECHANISMS

    return MECHANISMS[mechanism].takes_initial_response


def refused_at_once(dialogue: Dialogue, argument: str, reply: Reply) -> None:
    """Record an AUTH that was refused before its exchange: it is an attempt, too."""
    name, *initial = argument.split(maxsplit=1) or [""]
    if name and not dialogue.session.is_authenticated:
        mechanism = shown_name(name).upper()
        tried = attempt(dialogue, mechanism, None, reply, has_answer=bool(initial))
        dialogue.session.authenticated(tried)


def attempt(
    dialogue: Dialogue,
    mechanism: str,
    username: str | None,
    reply: Reply | None,
    *,
    has_answer: bool,
    is_for_another: bool = False,
) -> AuthAttempt:
    """Return the record of an AUTH command that was answered so, or not at all.

    `has_answer`: the client has sent more than the command, with it or after a challenge.
    """
    return AuthAttempt(
        mechanism=mechanism,
        username=username,
        succeeded=reply is not None and reply.is_completion,
        over_tls=dialogue.session.tls is not None,
        reply=reply,
        _has_answer=has_answer,
        _is_for_another=is_for_another,
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
        from .authentication import Authentication, AuthLine

        self.authentication = authentication = Authentication(dialogue, request, line)
        if dialogue.rules.rules:
            return AuthLine(dialogue, authentication, request, line).answer()
        dialogue.progress.move("AUTH")
        return authentication.begin()

    def end(self) -> None:
        """Take note that the exchange is over."""
        self.authentication = None

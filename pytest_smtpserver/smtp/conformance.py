"""Whether a client keeps to the protocol in how its commands follow one another.

What is wrong with a command itself is found where it is parsed. This file is about pipelining
(RFC 2920), about leaving without QUIT, and about what a client cannot be blamed for, because a
refusal or a rule has misled it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import COMMANDS
from .states import END_OF_CONTENT, SPEECHLESS, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .dialogue import Dialogue

_LEAVING = frozenset({State.REFUSED, *SPEECHLESS})
# What a client may do wrong if it was told of an extension that the server does not know.
_OF_AN_EXTENSION = frozenset({"unknown-command", "unknown-parameter"})

# RFC 2920 section 3.1: "the actual transfer of message content is explicitly allowed to be the
# first "command" in a group". SEND, SOML and SAML may appear anywhere in one.
_NO_COMMANDS_HERE = frozenset({"SEND", "SOML", "SAML", END_OF_CONTENT})

# RFC 4954 section 4: AUTH "MUST be the last command in a pipelined group of commands. The only
# exception to this rule is when the AUTH command contains an initial response for a SASL
# mechanism that allows the client to send data first, the SASL mechanism is known to complete in
# one round-trip (...). Two examples of such SASL mechanisms are PLAIN and EXTERNAL."
_ONE_ROUND_TRIP = frozenset({"PLAIN", "EXTERNAL"})

_BEGINS_ANEW = frozenset({"MAIL", "RSET", "EHLO", "HELO", "LHLO"})
# If more comes together with one of these, the client pipelines: no chunk, content or handshake
# follows them.
_IN_A_GROUP = frozenset({"MAIL", "RCPT", "RSET"})


class Conformance:
    """What a client's earlier commands mean for judging the next ones."""

    __slots__ = ("attempt_failed", "group_failed", "is_silent_since_tls", "last_verb", "pipelines")

    def __init__(self) -> None:
        #: The verb of the last command line, `None` before the first.
        self.last_verb: str | None = None
        #: Whether nothing has come since the TLS handshake.
        self.is_silent_since_tls = False
        #: Whether a command was refused, and the client may not know it yet.
        self.group_failed = False
        #: Whether a command was refused since the client last started over.
        self.attempt_failed = False
        #: Whether the client was seen to send a command before it had the reply to another.
        self.pipelines = False

    def received(self, verb: str, *, goes_on: bool) -> None:
        """Note a command line. `goes_on`: more came with it."""
        self.last_verb = verb
        self.is_silent_since_tls = False
        if verb in _BEGINS_ANEW:
            self.attempt_failed = False
        if goes_on and verb in _IN_A_GROUP:
            self.pipelines = True

    def secured(self) -> None:
        """Note that the TLS handshake is done."""
        self.is_silent_since_tls = True

    def refused(self) -> None:
        """Note that a command was refused, so that those pipelined after it are excused."""
        self.group_failed = self.attempt_failed = True

    def all_answered(self) -> None:
        """Note that the client has all its replies, and knows what was refused."""
        self.group_failed = False

    def is_excused(self, code: str, *, misled: bool) -> bool:
        """Return whether a rule or a refusal, and not the client, is to blame for a violation.

        In a pipelined group, the client could not know that an earlier command was refused. The
        commands of a group may arrive one by one: msmtp writes each by itself. So once a client was
        seen to pipeline, it counts as pipelining until it starts over. `misled` says that a rule
        has announced an extension that the server does not know.
        """
        if code == "out-of-order":
            return self.group_failed or (self.pipelines and self.attempt_failed)
        return misled and code in _OF_AN_EXTENSION

    def owes_quit(self, dialogue: Dialogue) -> bool:
        """Return whether a client that closes the connection should have sent QUIT.

        It need not if it already sent QUIT (however that was answered), was refused, got no reply,
        or said nothing: it may only have checked whether the port is open.
        """
        if dialogue.progress.state in _LEAVING or self.last_verb in (None, "QUIT"):
            return False
        return dialogue.turn is None and not dialogue.is_unanswered


def judge_going_on(dialogue: Dialogue, verb: str, argument: str = "") -> Iterator[str]:
    """Yield the codes for a client that went on sending before it had the reply to this command."""
    if verb == "QUIT":
        yield "data-after-quit"
    elif not dialogue.announced("PIPELINING"):
        yield "pipelining-not-offered"
    elif ends_group(verb, argument):
        yield "pipelined-too-far"


def ends_group(verb: str, argument: str = "") -> bool:
    """Return whether a client must await the reply to this command before it sends another.

    RFC 2920 section 3.1 names EHLO, DATA, VRFY, EXPN, TURN, QUIT and NOOP, and of "additional
    commands added by other SMTP extensions" those whose extension does not say otherwise. HELO and
    HELP, which it does not mention, are taken to end a group, too.
    """
    if verb == "AUTH":
        mechanism, _, initial_response = argument.partition(" ")
        return not initial_response or mechanism.upper() not in _ONE_ROUND_TRIP
    command = COMMANDS.get(verb)
    return verb not in _NO_COMMANDS_HERE if command is None else command.ends_group

"""What a client does wrong though its command can be taken: judged before it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .grammar import is_helo_domain
from .states import END_OF_CONTENT, IN_HANDSHAKE, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .dialogue import Dialogue

_LEAVING = frozenset({State.CLOSED, State.REFUSED, *IN_HANDSHAKE})
# What a client does who believes in an extension that the server does not know.
_OF_AN_EXTENSION = frozenset({"unknown-command", "unknown-parameter"})
_GREETINGS = frozenset({"EHLO", "HELO", "LHLO"})


def judge_line(line: bytes) -> Iterator[str]:
    """Yield the codes of what is wrong with a command line, whatever it says."""
    if not line.endswith(b"\r\n"):
        yield "bare-lf-command"


def judge_command(verb: str, argument: str) -> Iterator[str]:
    """Yield the codes of what is wrong with a command that was parsed."""
    if verb in _GREETINGS and not is_helo_domain(argument):
        yield "bad-helo-domain"


def is_excused(dialogue: Dialogue, code: str) -> bool:
    """Return whether a client commits this because of what a rule, or a refusal, made of things.

    In a pipelined group it could not know that what it builds on was refused.
    """
    if code == "out-of-order":
        return dialogue.group_failed
    return code in _OF_AN_EXTENSION and dialogue.was_misled


def leaves_early(dialogue: Dialogue) -> bool:
    """Return whether a client that closes the connection should have sent QUIT.

    Not who has sent one, however it was answered; who was not welcome, who waits for an answer in
    vain, or who never said anything: that may be somebody who only looks whether the port is open.
    """
    if dialogue.state in _LEAVING or dialogue.last_verb in (None, "QUIT"):
        return False
    return dialogue.turn is None and not dialogue.is_unanswered


def judge_going_on(dialogue: Dialogue, verb: str, argument: str = "") -> Iterator[str]:
    """Yield the codes for a client that has sent on before it had the reply to this command."""
    if verb == "QUIT":
        yield "data-after-quit"
    elif not dialogue.announced("PIPELINING"):
        yield "pipelining-not-offered"
    elif ends_group(verb, argument):
        yield "pipelined-too-far"


# RFC 2920 section 3.1: "the commands RSET, MAIL FROM, SEND FROM, SOML FROM, SAML FROM, and RCPT
# TO can all appear anywhere in a pipelined command group", and "the actual transfer of message
# content is explicitly allowed to be the first "command" in a group". RFC 3030 section 2 has a
# server "accept and discard additional BDAT chunks already in the pipeline".
_GO_ON = frozenset({"RSET", "MAIL", "SEND", "SOML", "SAML", "RCPT", "BDAT", END_OF_CONTENT})

# RFC 4954 section 4: AUTH "MUST be the last command in a pipelined group of commands. The only
# exception to this rule is when the AUTH command contains an initial response for a SASL
# mechanism that allows the client to send data first, the SASL mechanism is known to complete in
# one round-trip (...). Two examples of such SASL mechanisms are PLAIN and EXTERNAL."
_ONE_ROUND_TRIP = frozenset({"PLAIN", "EXTERNAL"})


def ends_group(verb: str, argument: str = "") -> bool:
    """Return whether a client must await the reply to this command before it sends another.

    RFC 2920 section 3.1 names EHLO, DATA, VRFY, EXPN, TURN, QUIT and NOOP, and of "additional
    commands added by other SMTP extensions" those whose extension does not say otherwise. HELO and
    HELP, which it does not mention, are taken to end a group, too.
    """
    if verb == "AUTH":
        mechanism, _, initial_response = argument.partition(" ")
        return not initial_response or mechanism.upper() not in _ONE_ROUND_TRIP
    return verb not in _GO_ON

"""What a client does wrong though its command can be taken: judged before it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .grammar import is_helo_domain
from .pipelining import ends_group
from .states import IN_HANDSHAKE, State

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

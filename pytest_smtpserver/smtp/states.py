"""Which command may come when (RFC 5321 section 4.1.4), and what an accepted one leads to.

A command that is missing from a state's row is out of order there. A command that is refused
leaves the state as it was.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(Enum):
    """Where in a session the client is."""

    #: Connected; it has not introduced itself.
    START = "before EHLO or HELO"
    #: Connected, and told that it is not welcome (RFC 5321 section 3.1).
    REFUSED = "after a refusal to serve"
    #: Introduced, with no transaction open.
    READY = "before MAIL"
    #: A sender, but no recipient was accepted.
    MAIL = "after MAIL"
    #: A sender and at least one recipient.
    RCPT = "after RCPT"
    #: The server awaits the content.
    CONTENT = "in the content"
    #: The session has ended.
    CLOSED = "after the end of the session"


S = State

#: The end of the content, which is answered like a command (`CRLF.CRLF`).
END_OF_CONTENT = "."

# fmt: off
TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    S.START: {
        "EHLO": S.READY,  "HELO": S.READY,
        "RSET": S.START,  "NOOP": S.START,  "QUIT": S.CLOSED,
        "VRFY": S.START,  "EXPN": S.START,  "HELP": S.START,
    },
    S.REFUSED: {
        "QUIT": S.CLOSED,
    },
    S.READY: {
        "EHLO": S.READY,  "HELO": S.READY,
        "MAIL": S.MAIL,
        "RSET": S.READY,  "NOOP": S.READY,  "QUIT": S.CLOSED,
        "VRFY": S.READY,  "EXPN": S.READY,  "HELP": S.READY,
    },
    S.MAIL: {
        "EHLO": S.READY,  "HELO": S.READY,
        "RCPT": S.RCPT,
        "RSET": S.READY,  "NOOP": S.MAIL,   "QUIT": S.CLOSED,
        "VRFY": S.MAIL,   "EXPN": S.MAIL,   "HELP": S.MAIL,
    },
    S.RCPT: {
        "EHLO": S.READY,  "HELO": S.READY,
        "RCPT": S.RCPT,   "DATA": S.CONTENT,
        "RSET": S.READY,  "NOOP": S.RCPT,   "QUIT": S.CLOSED,
        "VRFY": S.RCPT,   "EXPN": S.RCPT,   "HELP": S.RCPT,
    },
    S.CONTENT: {
        END_OF_CONTENT: S.READY,
    },
    S.CLOSED: {},
}
# fmt: on

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
    """Where in a session the client is; `{hello}` is what it should introduce itself with."""

    # Members are compared by identity, and are looked up for each command: that of Enum hashes
    # the name each time.
    __hash__ = object.__hash__

    #: Connected; it has not introduced itself.
    START = "before {hello}"
    #: Connected, and told that it is not welcome (RFC 5321 section 3.1).
    REFUSED = "after a refusal to serve"
    #: Introduced, with no transaction open.
    READY = "before MAIL"
    #: A sender, but no recipient was accepted.
    MAIL = "after MAIL"
    #: A sender and at least one recipient.
    RCPT = "after RCPT"
    #: Some chunks of the content have come (RFC 3030).
    BDAT = "after BDAT"
    #: The server awaits the content.
    CONTENT = "in the content"
    #: The server awaits the octets of a chunk.
    CHUNK = "in a chunk"
    #: The server awaits an answer of the client in an exchange that AUTH began.
    AUTH = "in an AUTH exchange"
    #: TLS is to be begun.
    HANDSHAKE = "before the TLS handshake"
    #: The TLS handshake has begun.
    SECURING = "in the TLS handshake"
    #: The session has ended.
    CLOSED = "after the end of the session"


S = State

#: The end of the content, which is answered like a command (`CRLF.CRLF`).
END_OF_CONTENT = "."

# fmt: off
TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    S.START: {
        "EHLO": S.READY,  "HELO": S.READY,  "LHLO": S.READY,
        "RSET": S.START,  "NOOP": S.START,  "QUIT": S.CLOSED,
        "VRFY": S.START,  "EXPN": S.START,  "HELP": S.START,
    },
    S.REFUSED: {
        "QUIT": S.CLOSED,
    },
    S.READY: {
        "EHLO": S.READY,  "HELO": S.READY,  "LHLO": S.READY,
        "MAIL": S.MAIL,   "AUTH": S.AUTH,   "STARTTLS": S.HANDSHAKE,
        "RSET": S.READY,  "NOOP": S.READY,  "QUIT": S.CLOSED,
        "VRFY": S.READY,  "EXPN": S.READY,  "HELP": S.READY,
    },
    S.MAIL: {
        "EHLO": S.READY,  "HELO": S.READY,  "LHLO": S.READY,
        "RCPT": S.RCPT,
        "RSET": S.READY,  "NOOP": S.MAIL,   "QUIT": S.CLOSED,
        "VRFY": S.MAIL,   "EXPN": S.MAIL,   "HELP": S.MAIL,
    },
    S.RCPT: {
        "EHLO": S.READY,  "HELO": S.READY,  "LHLO": S.READY,
        "RCPT": S.RCPT,   "DATA": S.CONTENT, "BDAT": S.CHUNK,
        "RSET": S.READY,  "NOOP": S.RCPT,   "QUIT": S.CLOSED,
        "VRFY": S.RCPT,   "EXPN": S.RCPT,   "HELP": S.RCPT,
    },
    S.BDAT: {
        "EHLO": S.READY,  "HELO": S.READY,  "LHLO": S.READY,
        "BDAT": S.CHUNK,
        "RSET": S.READY,  "NOOP": S.BDAT,   "QUIT": S.CLOSED,
        "VRFY": S.BDAT,   "EXPN": S.BDAT,   "HELP": S.BDAT,
    },
    # What follows leads on from inside a command: a chunk or the content that is complete, an
    # exchange that is over, a handshake that has begun or was done.
    S.CONTENT: {
        END_OF_CONTENT: S.READY,
    },
    S.CHUNK: {
        "BDAT": S.BDAT,
        END_OF_CONTENT: S.READY,
    },
    S.AUTH: {
        "AUTH": S.READY,
    },
    S.HANDSHAKE: {
        "STARTTLS": S.SECURING,
    },
    S.SECURING: {
        "STARTTLS": S.START,
    },
    S.CLOSED: {},
}
# fmt: on

#: In these nothing can be said, for it would be said in clear.
IN_HANDSHAKE = frozenset({S.HANDSHAKE, S.SECURING})

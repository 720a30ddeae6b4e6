"""Which command may come when (RFC 5321 section 4.1.4), and what an accepted one leads to.

A command that is missing from a state's row is out of order there. A command that is refused
leaves the state as it was. A command that no row names may come wherever NOOP may, and leaves the
state as it was, too.

Events that are not commands but change the state, such as the end of a handshake, have entries in
lower case. No client can send those, because verbs are compared in upper case. So the table has
every change of state, and only `Progress` makes one.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(Enum):
    """Where in a session the client is; `{hello}` is what it should introduce itself with."""

    # Members are compared by identity, and are looked up for each command. Enum's own method hashes
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
    #: TLS must begin next.
    HANDSHAKE = "before the TLS handshake"
    #: The TLS handshake has begun.
    SECURING = "in the TLS handshake"
    #: A reply was withheld: what comes is not looked at, and nothing is sent.
    SILENT = "after a reply that was withheld"
    #: The session has ended.
    CLOSED = "after the end of the session"


S = State

#: The end of the content, which is answered like a command (`CRLF.CRLF`).
END_OF_CONTENT: Final = "."

#: The client was told that it is not welcome.
REFUSED: Final = "refused"
#: The connection begins with TLS (RFC 8314 section 3).
IMPLICIT_TLS: Final = "implicit tls"
#: The client began with TLS, which the server did not expect.
BEGAN_WITH_TLS: Final = "began with tls"
#: The TLS handshake has begun, and is done.
HANDSHAKE_BEGAN: Final = "handshake began"
HANDSHAKE_DONE: Final = "handshake done"
#: An exchange that AUTH began is over.
AUTH_ENDED: Final = "auth ended"
#: A chunk was taken, and another may come (RFC 3030 section 2).
CHUNK_TAKEN: Final = "chunk taken"
#: A rule has withheld a reply; in any state.
WITHHELD: Final = "withheld"
#: The session ends; in any state.
ENDED: Final = "ended"

# fmt: off
TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    S.START: {
        "EHLO": S.READY,  "HELO": S.READY,  "LHLO": S.READY,
        "RSET": S.START,  "NOOP": S.START,  "QUIT": S.CLOSED,
        "VRFY": S.START,  "EXPN": S.START,  "HELP": S.START,
        REFUSED: S.REFUSED, IMPLICIT_TLS: S.HANDSHAKE, BEGAN_WITH_TLS: S.SECURING,
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
    # The rows from here on are for states inside a command. They are left when a chunk or the
    # content is complete, when an exchange is over, or when a handshake has begun or is done.
    S.CONTENT: {
        END_OF_CONTENT: S.READY,
    },
    S.CHUNK: {
        CHUNK_TAKEN: S.BDAT,
        END_OF_CONTENT: S.READY,
    },
    S.AUTH: {
        AUTH_ENDED: S.READY,
    },
    S.HANDSHAKE: {
        HANDSHAKE_BEGAN: S.SECURING,
    },
    S.SECURING: {
        HANDSHAKE_DONE: S.START,
    },
    S.SILENT: {},
    S.CLOSED: {},
}
# fmt: on

#: In these the server sends no reply: it would be sent in clear.
IN_HANDSHAKE = frozenset({S.HANDSHAKE, S.SECURING})
#: In these the server does not speak, not even a last word.
SPEECHLESS = frozenset({*IN_HANDSHAKE, S.SILENT, S.CLOSED})
#: In these the client sends command lines.
COMMAND_STATES = frozenset(state for state, row in TRANSITIONS.items() if "QUIT" in row)

# What can happen in any state.
_ANYWHERE = {WITHHELD: S.SILENT, ENDED: S.CLOSED}

_NAMED = frozenset().union(*TRANSITIONS.values())

# The table with what can happen in any state.
_ROWS = {state: {**row, **_ANYWHERE} for state, row in TRANSITIONS.items()}


class Progress:
    """Where one client is in the table. Nothing else changes the state."""

    __slots__ = ("row", "state")

    def __init__(self) -> None:
        self.state = S.START
        #: The row of the table for this state.
        self.row = _ROWS[S.START]

    def allows(self, verb: str) -> bool:
        """Return whether the command may come now."""
        return verb in self.row or self._is_like_noop(verb)

    def _is_like_noop(self, verb: str) -> bool:
        return verb not in _NAMED and "NOOP" in self.row

    def move(self, event: str) -> None:
        """Change to the state that follows an accepted command or an event."""
        state = self.row.get(event)
        if state is None:
            assert self._is_like_noop(event), (self.state, event)
            return
        self.state = state
        self.row = _ROWS[state]

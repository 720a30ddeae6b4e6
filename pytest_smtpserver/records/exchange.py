"""One exchange: a command line, what passed meanwhile, and its reply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.matching.wording import shown
from pytest_smtpserver.suggesting import suggesting

if TYPE_CHECKING:
    from .reply import Reply


#: The transcript's words between an event and the rule that caused it.
BY_RULE: Final = " by the rule "
#: The transcript's words for an event that keeps a client waiting.
HELD: Final = "held"
NEVER_ANSWERED: Final = "never answered"
WAITING: Final = "waiting for "

#: Who did it: the client, the server, or nobody in particular.
Speaker = Literal["C", "S", "*"]


@frozen(kw_only=True, eq=False)
class Event:
    """Something other than a command or a reply, as the transcript shows it.

    `speaker` is `"C"` (sent by the client), `"S"` (sent by the server) or `"*"` (it happened).
    Octets are shown shortened.
    """

    time: float
    speaker: Speaker
    what: str | bytes


@suggesting
@frozen(kw_only=True, eq=False)
class Exchange:
    """A command and its reply.

    The greeting is an exchange without a command (verb `""`), the end of the content one with
    the command `"."`; the lines of an AUTH exchange belong to the AUTH command. `reply` is `None`
    if the server never answered. `rule` is the rule that answered instead of the server, or `None`.
    `received` and `answered` are seconds since the epoch, and `meanwhile` is what passed between.
    """

    command: str
    reply: Reply | None
    rule: object | None = None
    received: float
    answered: float
    meanwhile: tuple[Event, ...] = ()

    @property
    def verb(self) -> str:
        """The command's first word, in upper case."""
        return self.command.partition(" ")[0].upper()

    @property
    def argument(self) -> str:
        """The rest of the command line after its first word, as sent."""
        return self.command.partition(" ")[2]

    @property
    def at(self) -> datetime:
        """When the server received the command: an aware `datetime` in UTC."""
        return datetime.fromtimestamp(self.received, UTC)

    def __repr__(self) -> str:
        return f"<Exchange {shown(self.command)} -> {shown(self.reply and str(self.reply))}>"

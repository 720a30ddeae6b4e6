"""What one server offers to its clients, worked out once from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_smtpserver.records.reply import Reply

from . import replies
from .commands import COMMANDS
from .extensions import EXTENSIONS
from .grammar import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.settings import Settings

    from .extensions import Value

# RFC 5321 section 4.5.3.1.4: "The maximum total length of a command line including the command
# word and the <CRLF> is 512 octets. SMTP extensions may be used to increase this limit."
_COMMAND_LINE = 512


class Offer:
    """The extensions of one server, and the replies and limits that follow from them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.extensions = {name: EXTENSIONS[name] for name in settings.offered_extensions}
        self._parameters: Mapping[str, Mapping[str, Value]] = {
            "mail": {k: v for row in self.extensions.values() for k, v in row.mail.items()},
            "rcpt": {k: v for row in self.extensions.values() for k, v in row.rcpt.items()},
        }
        self._line_limits = {
            "MAIL": _COMMAND_LINE + sum(row.mail_octets for row in self.extensions.values())
        }
        #: Where a rule of this server can answer.
        self.stages = {"connect", "message", "*", *map(str.lower, COMMANDS)}
        # RFC 5321 section 4.3.1: the greeting begins with the server's domain, too.
        self.greeting = Reply(220, f"{settings.hostname} ESMTP pytest-smtpserver")
        self.helo = Reply(250, settings.hostname)
        self.ehlo = Reply(250, "\n".join((settings.hostname, *self._announcements())))

    def line_limit(self, verb: str) -> int:
        """Return the longest command line in octets, CRLF included."""
        return self._line_limits.get(verb, _COMMAND_LINE)

    def check_parameters(
        self, given: Mapping[str, str | None], command: Literal["mail", "rcpt"], *, esmtp: bool
    ) -> None:
        """Raise `Refusal` for a parameter that is not offered, or that has a wrong value.

        Without EHLO there are no parameters (RFC 5321 section 2.2.1).
        """
        known = self._parameters[command] if esmtp else {}
        for keyword, value in given.items():
            if keyword not in known:
                raise Refusal(replies.unknown_parameter(keyword))
            pattern = known[keyword]
            if (value is None) if pattern is None else pattern.fullmatch(value or ""):
                continue
            raise Refusal(replies.bad_value(keyword, value))

    def dressed(self, reply: Reply) -> Reply:
        """Return one of the server's own replies as this server gives it.

        The server's name stands for `{}`, and there is no enhanced status code unless
        ENHANCEDSTATUSCODES (RFC 2034) is offered.
        """
        text = reply.text.replace("{}", self.settings.hostname, 1) if reply.code == 421 else None
        enhanced = reply.enhanced if "ENHANCEDSTATUSCODES" in self.extensions else None
        if text is None and enhanced == reply.enhanced:
            return reply
        return Reply(reply.code, reply.text if text is None else text, enhanced)

    def _announcements(self) -> list[str]:
        return [
            f"{name} {row.announcement(self.settings)}".rstrip()
            for name, row in self.extensions.items()
        ]

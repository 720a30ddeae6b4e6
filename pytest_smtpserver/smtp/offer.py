"""What one server offers to its clients, worked out once from its settings."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pytest_smtpserver.records.reply import Reply

from . import replies
from .command_line import AUTH_LINE, COMMAND_LINE
from .commands import COMMANDS
from .extensions import EXTENSIONS, OF_SETTINGS
from .grammar import Refusal

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.settings import Settings

    from .extensions import Value

# The protocol's name in the greeting, and the command by which a client introduces itself.
_PROTOCOLS = {"smtp": ("ESMTP", "EHLO or HELO"), "lmtp": ("LMTP", "LHLO")}


def offer_of(settings: Settings, tls_context: ssl.SSLContext | None) -> Offer:
    """Return the offer of a server, the same one for the same settings.

    A callable of a test that decides about users is not kept, and it may equal another one.
    """
    return (Offer if settings.users.is_callable else _kept)(settings, tls_context)


class Offer:
    """What is the same for all clients of one server, and its extensions in clear and under TLS."""

    def __init__(self, settings: Settings, tls_context: ssl.SSLContext | None = None) -> None:
        self.settings = settings
        self.tls_context = tls_context
        self.commands = {verb: row for verb, row in COMMANDS.items() if row.when(settings)}
        self._is_enhanced = "ENHANCEDSTATUSCODES" in settings.offered_extensions
        #: The stages at which a rule of this server can answer.
        self.stages = {"connect", "message", "*", *map(str.lower, self.commands)}
        if settings.tls != "off":
            self.stages.add("tls")
        # RFC 5321 section 4.3.1: the greeting begins with the server's domain, too.
        # Section 4.2: ESMTP for a server that takes EHLO; RFC 2033 section 4.2 shows LMTP there.
        protocol, self.hello = _PROTOCOLS[settings.protocol]
        self.greeting = Reply(220, f"{settings.hostname} {protocol} pytest-smtpserver")
        self.helo = Reply(250, settings.hostname)
        #: What a client is offered in clear, and under TLS.
        keywords = (*settings.offered_extensions, *OF_SETTINGS)
        self.in_clear = ExtensionSet(settings, keywords, encrypted=False)
        self.under_tls = ExtensionSet(settings, keywords, encrypted=True)

    def rendered(self, reply: Reply) -> Reply:
        """Return one of the package's replies as this server gives it.

        `{}` is replaced by the server's name, and the enhanced status code is dropped unless
        ENHANCEDSTATUSCODES (RFC 2034) is offered.
        """
        is_closing = reply.code == replies.CLOSING
        if not is_closing and (self._is_enhanced or reply.enhanced is None):
            return reply
        text = reply.text.replace("{}", self.settings.hostname, 1) if is_closing else reply.text
        return Reply(reply.code, text, reply.enhanced if self._is_enhanced else None)


class ExtensionSet:
    """The extensions that a client is offered, and the replies and limits that follow."""

    def __init__(self, settings: Settings, keywords: Iterable[str], *, encrypted: bool) -> None:
        rows = {
            name: EXTENSIONS[name]
            for name in keywords
            if EXTENSIONS[name].when(settings, encrypted)
        }
        self.rows = {k: row for k, row in rows.items() if rows.keys() >= set(row.needs)}
        offered = self.rows.values()
        self._values = {
            "mail": _values(row.mail for row in offered),
            "rcpt": _values(row.rcpt for row in offered),
        }
        self._excludes = [row.mail_excludes for row in offered if row.mail_excludes]
        self._line_limits = {
            "MAIL": COMMAND_LINE + sum(row.mail_octets for row in offered),
            "AUTH": AUTH_LINE,
            "RCPT": COMMAND_LINE + sum(row.rcpt_octets for row in offered),
        }
        self.ehlo = Reply(250, "\n".join((settings.hostname, *self._announcements(settings))))

    def line_limit(self, verb: str) -> int:
        """Return the longest command line in octets, CRLF included."""
        return self._line_limits.get(verb, COMMAND_LINE)

    def check_parameters(self, given: Parameters, command: Literal["mail", "rcpt"]) -> None:
        """Raise `Refusal` for a parameter that is not offered, or that has a wrong value."""
        known = self._values[command]
        for keyword, value in given.items():
            if keyword not in known:
                raise Refusal(replies.unknown_parameter(keyword), "unknown-parameter")
            if not any(_fits(value, one) for one in known[keyword]):
                raise _bad_value(keyword, value, command)
        for excluding in self._excludes:
            if len(given.keys() & set(excluding)) > 1:
                raise Refusal(replies.exclusive(excluding))

    def _announcements(self, settings: Settings) -> list[str]:
        ours = [f"{name} {row.announcement(settings)}".rstrip() for name, row in self.rows.items()]
        return [*ours, *settings.announced_besides]


def _values(rows: Iterable[Mapping[str, Value]]) -> Mapping[str, list[Value]]:
    # Two extensions may add values to the same parameter, as 8BITMIME and BINARYMIME do to BODY.
    values: dict[str, list[Value]] = {}
    for row in rows:
        for keyword, value in row.items():
            values.setdefault(keyword, []).append(value)
    return values


def _bad_value(keyword: str, value: str | None, command: Literal["mail", "rcpt"]) -> Refusal:
    # A value of an extension that is not offered, such as BODY=BINARYMIME, is treated like an
    # unknown keyword.
    if value is not None and any(_fits(value, one) for one in _ALL_VALUES[command][keyword]):
        return Refusal(replies.unknown_parameter(f"{keyword}={value}"), "unknown-parameter")
    return Refusal(replies.bad_value(keyword, value))


def _fits(given: str | None, value: Value) -> object:
    if value is None:
        return given is None
    return given is not None and value(given)


# All values that parameters could have if every extension were offered.
_ALL_VALUES = {
    "mail": _values(row.mail for row in EXTENSIONS.values()),
    "rcpt": _values(row.rcpt for row in EXTENSIONS.values()),
}


# The size is arbitrary: more than the different settings that a run is likely to use.
_kept = lru_cache(maxsize=32)(Offer)

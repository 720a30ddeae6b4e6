"""A command line as it came: its verb and argument, how it is shown, and what is wrong with it.

All this depends only on the octets, and clients send the same lines again and again. So the results
are cached, except those of AUTH, which may hold a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen

from . import replies
from .commands import COMMANDS
from .grammar import is_helo_domain, legible
from .login import is_auth, masked

if TYPE_CHECKING:
    from pytest_smtpserver.records.reply import Reply

#: RFC 5321 section 4.5.3.1.4: "The maximum total length of a command line including the command
#: word and the <CRLF> is 512 octets. SMTP extensions may be used to increase this limit."
COMMAND_LINE = 512

#: RFC 4954 section 4: "12288 octets is considered to be a sufficient line length limit for
#: handling of deployed authentication mechanisms".
AUTH_LINE = 12288

# How many lines are cached, and how long they may be: arbitrary, and a few hundred kilobytes at
# most. RFC 5321 section 4.5.3.1.4 allows 512 octets for a line without extensions.
_LINES_KEPT = 512
_LONGEST_KEPT = 512
# AUTH is looked for in this many octets at the start. Arbitrary: some clients send spaces first.
_VERB = 16
# How many characters are shown of a line that is too long. Arbitrary.
_SHOWN_OF_LONG_LINE = 80

_CONTROL = expression(r"[\x00-\x1f\x7f]")
# `surrogateescape` turns octets that are not UTF-8 into these.
_NOT_UTF8 = expression(r"[\udc80-\udcff]")
_WITHOUT_SECRETS = COMMANDS.keys() - {"AUTH"}
_UTF8_COMMANDS = frozenset(verb for verb, row in COMMANDS.items() if row.takes_utf8)
_INTRODUCTIONS = frozenset(verb for verb, row in COMMANDS.items() if row.introduces)


@frozen()
class CommandLine:
    """What a line says. `fault` is the reply, with a violation's code, to an unreadable line."""

    #: In upper case.
    verb: str
    argument: str
    #: The line as records show it: secrets masked, octets that are not UTF-8 as `\\xff`.
    shown: str
    #: Octets, CRLF included.
    length: int
    #: Whether it is AUTH, or meant to be: there may be a secret in it.
    is_auth: bool
    fault: tuple[Reply, str] | None
    #: The codes of the line's violations, and of those that count only if it is accepted.
    line_violations: tuple[str, ...]
    violations: tuple[str, ...]
    #: Whether anything about it needs a closer look: few lines do.
    is_odd: bool


def read(line: bytes) -> CommandLine:
    """Return what a line says, given with its line end."""
    said = _read_before.get(line)
    if said is None:
        said = _read(line)
        if len(line) <= _LONGEST_KEPT and b"AUTH" not in line[:_VERB].upper():
            _keep(line, said)
    return said


def shortened(said: CommandLine) -> str:
    """Return the beginning of a line that is too long."""
    return f"{said.shown[:_SHOWN_OF_LONG_LINE]}[...]"


def _read(line: bytes) -> CommandLine:
    text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
    # RFC 5321 section 4.1.1: "receivers SHOULD tolerate trailing white space".
    trimmed = text.rstrip(" \t")
    verb, _, argument = trimmed.partition(" ")
    # Only ASCII: otherwise a dotless i would make a MAIL.
    verb = verb.upper() if verb.isascii() else verb
    argument = argument.rstrip(" ")
    auth = verb not in _WITHOUT_SECRETS and is_auth(text)
    fault = _fault(trimmed, verb)
    of_line, of_command = _line_violations(line, verb), _violations(verb, argument)
    return CommandLine(
        verb=verb,
        argument=argument,
        shown=masked(text) if auth else legible(text),
        length=len(line),
        is_auth=auth,
        fault=fault,
        line_violations=of_line,
        violations=of_command,
        # Every limit is at least that of a command without extensions.
        is_odd=bool(auth or fault or of_line or of_command or len(line) > COMMAND_LINE),
    )


# A plain dictionary, because it is the fastest, and is asked for each command. When it is full, it
# is emptied.
_read_before: dict[bytes, CommandLine] = {}


def _keep(line: bytes, said: CommandLine) -> None:
    if len(_read_before) >= _LINES_KEPT:
        _read_before.clear()
    _read_before[line] = said


def _line_violations(line: bytes, verb: str) -> tuple[str, ...]:
    codes = ("bare-lf-command",) if b"\n" in line.removesuffix(b"\r\n") else ()
    # RFC 4954 section 4: with an initial response, the command must not exceed the limit of command
    # lines. A line beyond AUTH_LINE is refused, and that refusal notes the violation.
    if verb == "AUTH" and COMMAND_LINE < len(line) <= AUTH_LINE:
        return (*codes, "long-command-line")
    return codes


def _violations(verb: str, argument: str) -> tuple[str, ...]:
    if verb in _INTRODUCTIONS and not is_helo_domain(argument):
        return ("bad-helo-domain",)
    return ()


def _fault(text: str, verb: str) -> tuple[Reply, str] | None:
    if text.isascii() and text.isprintable():
        return None
    if _CONTROL.search(text):
        return replies.MALFORMED_COMMAND, "bad-syntax"
    if not text.isascii() and (verb not in _UTF8_COMMANDS or _NOT_UTF8.search(text)):
        return replies.NOT_UTF8, "eight-bit-command"
    return None

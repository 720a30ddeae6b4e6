"""What the arguments of commands say, and which of them are malformed.

Each `parse` gets the argument, and raises `Refusal` if it is malformed. `sender_in`, `recipient_in`
and `address_in` return what can still be read of a refused argument.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.records.envelope import NO_PARAMETERS

from . import replies
from .grammar import Refusal, forward_path, legible, parameters, reverse_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .dialogue import Dialogue
    from .grammar import ReadPath


@frozen()
class PathArgument:
    """What MAIL and RCPT say: the address of the path, and the parameters after it."""

    address: str
    parameters: Mapping[str, str | None]


@frozen()
class Chunk:
    """What BDAT says."""

    size: int
    is_last: bool


# RFC 3030 section 2: chunk-size ::= 1*DIGIT ; end-marker ::= "LAST"
_BDAT = expression(r"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE | re.ASCII)


def parse_nothing(dialogue: Dialogue, argument: str) -> None:
    """Accept no argument."""
    if argument:
        raise Refusal(replies.NO_ARGUMENT_ALLOWED)


def parse_something(dialogue: Dialogue, argument: str) -> str:
    """Accept any argument, but require one."""
    if not argument:
        raise Refusal(replies.ARGUMENT_REQUIRED)
    return argument


def parse_anything(dialogue: Dialogue, argument: str) -> str:
    """Accept any argument or none."""
    return argument


def parse_data(dialogue: Dialogue, argument: str) -> None:
    """RFC 5321 section 4.1.1.4, and RFC 3030 section 3: not for BINARYMIME."""
    parse_nothing(dialogue, argument)
    if dialogue.is_binary:
        raise Refusal(replies.BINARY_NEEDS_BDAT, "out-of-order")


def parse_starttls(dialogue: Dialogue, argument: str) -> None:
    """RFC 3207 section 4: no parameters, and only once in a session."""
    parse_nothing(dialogue, argument)
    if dialogue.session.tls is not None:
        raise Refusal(replies.ALREADY_ENCRYPTED, "out-of-order")


def parse_bdat(dialogue: Dialogue, argument: str) -> Chunk:
    """RFC 3030 section 2: `BDAT SP chunk-size [SP end-marker]`."""
    match = _BDAT.fullmatch(argument)
    if match is None:
        raise Refusal(replies.BAD_CHUNK)
    return Chunk(int(match[1]), match[2] is not None)


def chunk_size(argument: str) -> int:
    """Return how many octets follow a refused BDAT; 0 if it does not say."""
    match = _BDAT.fullmatch(argument)
    return int(match[1]) if match else 0


def parse_user(dialogue: Dialogue, argument: str) -> str:
    """RFC 5321 section 4.1.1.6; RFC 6531 section 3.7.4.2: `[SP "SMTPUTF8"]` after UTF-8."""
    if not argument.isascii() and not (
        argument.upper().endswith(" SMTPUTF8") and dialogue.offers("SMTPUTF8")
    ):
        raise Refusal(replies.NEEDS_SMTPUTF8, "eight-bit-command")
    return parse_something(dialogue, argument)


def parse_mail(dialogue: Dialogue, argument: str) -> PathArgument:
    """RFC 5321 section 4.1.1.2: `MAIL FROM:<reverse-path> [SP <mail-parameters>]`."""
    address, rest, objection = reverse_path(argument)
    if objection is not None:
        dialogue.tolerate(objection)
    # Most have none.
    given = parameters(rest) if rest else NO_PARAMETERS
    if given:
        dialogue.check_parameters(given, "mail")
    if not argument.isascii() and "SMTPUTF8" not in given:
        raise Refusal(replies.SENDER_NEEDS_SMTPUTF8, "eight-bit-command")
    return PathArgument(address, given)


def parse_rcpt(dialogue: Dialogue, argument: str) -> PathArgument:
    """RFC 5321 section 4.1.1.3: `RCPT TO:<forward-path> [SP <rcpt-parameters>]`."""
    address, rest, objection = forward_path(argument)
    if objection is not None:
        dialogue.tolerate(objection)
    given = parameters(rest) if rest else NO_PARAMETERS
    if given:
        dialogue.check_parameters(given, "rcpt")
    if not argument.isascii() and not dialogue.is_utf8:
        raise Refusal(replies.NEEDS_SMTPUTF8, "eight-bit-command")
    return PathArgument(address, given)


def address_in(argument: str) -> str:
    """Return the recipient of a refused RCPT, or the text in its place."""
    recipient = recipient_in(argument)
    return recipient.address if recipient else legible(argument[len("TO:") :].strip("<> "))


def sender_in(argument: str) -> PathArgument | None:
    """Return what can be read of a refused MAIL, `None` if its path cannot be read."""
    return _path_in(argument, reverse_path)


def recipient_in(argument: str) -> PathArgument | None:
    """Return what can be read of a refused RCPT, `None` if its path cannot be read."""
    return _path_in(argument, forward_path)


def _path_in(argument: str, read: Callable[[str], ReadPath]) -> PathArgument | None:
    try:
        address, rest, _ = read(argument)
    except Refusal:
        return None
    try:
        return PathArgument(legible(address), parameters(rest))
    except Refusal:
        return PathArgument(legible(address), NO_PARAMETERS)

"""Messages and sessions as texts that are the same in each run."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.mail.snapshot import Masks, fields_in_order, tree, without_ports
from pytest_smtpserver.matching.wording import escaped

from .exchange import BY_RULE, Event
from .transcript import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pytest_smtpserver.mail.parts import Attachment
    from pytest_smtpserver.mail.snapshot import Mask

    from .exchange import Exchange
    from .message import Message
    from .session import Session

# How many digits of a SHA-256 in hexadecimal are shown: enough to tell two files apart.
_DIGEST: Final = 16

#: What differs in each run in a command, a reply or an event, and what replaces it.
_VARYING: Final = (
    (re.compile(r"^(EHLO|HELO|LHLO) .*"), r"\1 <name>"),
    (re.compile(r"\b(SIZE)=\d+", re.IGNORECASE), r"\1=<size>"),
    (re.compile(r"^(BDAT) \d+"), r"\1 <size>"),
    (re.compile(r"\b\d[\d,]* octets\b"), "<size> octets"),
    (re.compile(r"^334 .+"), "334 <challenge>"),
    (re.compile(r"^(TLSv[\d.]+) with .*"), r"\1"),
    (re.compile(f"{BY_RULE}.*"), " by a rule"),
)


def of_message(message: Message, mask: Mask | Collection[Mask]) -> str:
    """Return what was sent, to whom, and what a reader gets, as one text."""
    masks = Masks(mask, message["Message-ID"])
    sections = [
        _envelope(message),
        _header(message, masks),
        ["parts:", *(f"  {'  ' * depth}{kind}" for depth, kind in tree(message.content))],
        *_body("text", masks.text(message.text)),
        *_body("html, as it is read", masks.text(message.html_text)),
        *_attachments(message.attachments, masks),
    ]
    return _printable("\n\n".join("\n".join(lines) for lines in sections))


def _envelope(message: Message) -> list[str]:
    envelope = message.envelope
    lines = [f"from: <{envelope.mail_from}>", *(f"to: <{one}>" for one in envelope.rcpt_to)]
    if envelope.parameters:
        words = (_parameter(*one) for one in envelope.parameters.items())
        lines.append(f"parameters: {' '.join(words)}")
    return ["envelope:", *(f"  {line}" for line in lines)]


def _parameter(keyword: str, value: str | None) -> str:
    if value is None:
        return keyword
    # RFC 1870: the number of octets, which varies with the length of the Message-ID.
    return f"{keyword}={'<size>' if keyword == 'SIZE' else value}"


def _header(message: Message, masks: Masks) -> list[str]:
    fields = fields_in_order((name for name, _ in message.headers), message._header_values)
    return ["header:", *(f"  {name}: {masks.field(name, value)}" for name, value in fields)]


def _body(title: str, text: str) -> Iterator[list[str]]:
    if text:
        lines = text.removesuffix("\n").split("\n")
        yield [f"{title}:", *(f"  {line}" if line else "" for line in lines)]


def _attachments(attachments: tuple[Attachment, ...], masks: Masks) -> Iterator[list[str]]:
    if attachments:
        lines = (masks.text(_attachment(one)) for one in attachments)
        yield ["attachments:", *(f"  {line}" for line in lines)]


def _attachment(one: Attachment) -> str:
    digest = hashlib.sha256(one.content).hexdigest()[:_DIGEST]
    where = ", inline" if one.is_inline else ""
    name = one.filename or "(no name)"
    return f"{name}, {one.content_type}, {len(one.content)} octets, sha256 {digest}{where}"


_KEYWORD = re.compile(r"^(?:FROM|TO):", re.IGNORECASE)


def of_session(session: Session) -> str:
    """Return the dialogue as one text."""
    lines = [line for entry in session._wire for line in _entry(entry)]
    if session.ended_by:
        lines.append(f"* {ENDINGS[session.ended_by]}")
    return _printable("\n".join(lines))


def _entry(entry: Exchange | Event) -> Iterator[str]:
    if isinstance(entry, Event):
        yield from _event(entry)
        return
    if entry.verb not in ("", "."):
        yield f"C: {_stable(_with_verb(entry))}"
    for event in entry.meanwhile:
        yield from _event(event)
    if entry.verb == ".":
        yield "C: ."
    for line in entry.reply.lines if entry.reply else ():
        yield f"S: {_stable(line)}"


def _with_verb(exchange: Exchange) -> str:
    # Whether a client writes its commands in capitals depends on its version.
    argument = _KEYWORD.sub(lambda keyword: keyword[0].upper(), exchange.argument)
    return f"{exchange.verb} {argument}".rstrip()


def _event(event: Event) -> Iterator[str]:
    who = "*" if event.speaker == "*" else f"{event.speaker}:"
    if isinstance(event.what, str):
        yield f"{who} {_stable(event.what)}"
    elif event.speaker == "C":
        yield f"{who} <content>"
    else:
        for line in event.what.decode("utf-8", "backslashreplace").splitlines():
            yield f"{who} {_stable(line)}"


def _stable(line: str) -> str:
    for pattern, instead in _VARYING:
        line = pattern.sub(instead, line)
    return without_ports(line)


def _printable(text: str) -> str:
    """Return the text with its line feeds, and with escapes for what cannot be written down."""
    # A quick check first: a text can have 20 MB, and mostly nothing in it must be escaped.
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    odd = {char for char in set(text) if not char.isprintable() and char not in "\n\t"}
    return text.translate({ord(char): escaped(char) for char in odd})

"""What is wrong with a message's content, though it was accepted: one table of checks.

A problem is not a violation: that is about the commands with which a message was sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.mail.snapshot import fields_in_order
from pytest_smtpserver.matching.wording import shortened
from pytest_smtpserver.suggesting import suggesting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .message import Message

    Check = Callable[[Message], Iterator[str]]

# RFC 5322 section 3.6 has a table of fields; these have 1 as their "Max number".
_ONCE: Final = (
    "Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To",
    "References", "Subject",
)  # fmt: skip

_8BIT: Final = re.compile(rb"[\x80-\xff]")
# RFC 5322 section 2.1.1: "Each line of characters MUST be no more than 998 characters [...]
# excluding the CRLF."
_LONGEST: Final = 998

#: How long a sentence may be before its middle is left out; arbitrary.
_WIDTH: Final = 300


@suggesting
@frozen(kw_only=True, eq=False)
class Problem:
    """Something that is wrong with a message's content.

    `code` is its kind; the reference lists them. `text` says what is wrong and where, and cites the
    section of the RFC or says that it is advice.
    """

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"

    def __repr__(self) -> str:
        return f"<Problem {self}>"


@frozen(kw_only=True)
class Row:
    """A row of the table: what is wrong in general, which document says so, and the check."""

    sentence: str
    #: The section of the RFC that says so, or "advice".
    source: str
    find: Check


def problems(message: Message) -> tuple[Problem, ...]:
    """Return the problems of a message, in the order of the table; never raises."""
    return tuple(
        Problem(code=code, text=f"{shortened(found, _WIDTH)} ({kind.source})")
        for code, kind in KINDS.items()
        for found in kind.find(message)
    )


def _missing(field: str) -> Check:
    def find(message: Message) -> Iterator[str]:
        if field not in message:
            yield f"there is no {field} field"

    return find


def _bcc(message: Message) -> Iterator[str]:
    # An empty one is allowed: it says that there are blind recipients, but not who they are.
    if message._view.addresses("Bcc"):
        for value in message._header_values("Bcc"):
            yield f"Bcc, which every recipient can read, names {value}"


def _duplicates(message: Message) -> Iterator[str]:
    for name in _ONCE:
        count = message._view.count(name)
        if count > 1:
            yield f"the header has {count} {name} fields"


def _octets(find_first: Callable[[bytes], int], what: str, *, unless: tuple[str, ...]) -> Check:
    """Return the check for octets that are wrong unless MAIL had `BODY=` one of `unless`."""

    def find(message: Message) -> Iterator[str]:
        if _body_parameter(message) in unless:
            return
        first = find_first(message.content)
        if first >= 0:
            line = message.content.count(b"\n", 0, first) + 1
            yield f"{what} in line {line}"

    return find


def _alone(octet: bytes) -> Callable[[bytes], int]:
    """Return a function that finds the first CR or LF outside a CRLF; -1 if there is none."""

    def find(content: bytes) -> int:
        # Count and bisect: a regular expression takes ten times as long.
        start, end = 0, len(content)
        if _count_alone(content, octet, start, end) == 0:
            return -1
        while end - start > 1:
            middle = (start + end) // 2
            # Do not cut a CRLF in two. What is left is more than one CRLF, so this ends.
            middle += content[middle - 1 : middle + 1] == b"\r\n"
            if _count_alone(content, octet, start, middle):
                end = middle
            else:
                start = middle
        return content.index(octet, start)

    return find


def _count_alone(content: bytes, octet: bytes, start: int, end: int) -> int:
    return content.count(octet, start, end) - content.count(b"\r\n", start, end)


def _long_line(content: bytes) -> int:
    start = 0
    for line in content.split(b"\n"):
        if len(line) > _LONGEST and len(line.removesuffix(b"\r")) > _LONGEST:
            return start
        start += len(line) + 1
    return -1


def _body_parameter(message: Message) -> str:
    return (message.envelope.parameters.get("BODY") or "").upper()


def _undeclared_8bit(message: Message) -> Iterator[str]:
    if _body_parameter(message) in ("8BITMIME", "BINARYMIME"):
        return
    # `undeclared-utf8` checks the header.
    if first := _8BIT.search(message.content, message._view.body_start):
        line = message.content.count(b"\n", 0, first.start()) + 1
        yield f"MAIL had no BODY=8BITMIME, but line {line} has an octet above 127"


def _undeclared_utf8(message: Message) -> Iterator[str]:
    if "SMTPUTF8" in message.envelope.parameters:
        return
    decoded = fields_in_order((name for name, _ in message.headers), message._header_values)
    for (_, sent), (name, value) in zip(message.headers, decoded, strict=True):
        if not sent.isascii():
            yield f"MAIL had no SMTPUTF8, but {name} has characters outside US-ASCII: {value}"


def _wrong_size(message: Message) -> Iterator[str]:
    declared = message.envelope.parameters.get("SIZE") or ""
    # smtplib counts first, and then adds the CRLF before the final dot.
    if declared.isdecimal() and len(message.content) > int(declared) + len(b"\r\n"):
        yield f"MAIL declared SIZE={declared}, but there are {len(message.content)} octets"


def _html_alone(message: Message) -> Iterator[str]:
    if message.html and not message.text:
        yield "there is an HTML body, but no plain-text body"


def _defects(kind: str) -> Check:
    def find(message: Message) -> Iterator[str]:
        for one in message._view.defects:
            if one.kind == kind:
                yield f"{one.where}{': ' if one.where else ''}{one.text.rstrip('.')}"

    return find


KINDS: Final[Mapping[str, Row]] = {
    "bcc-header": Row(
        sentence="A Bcc field names recipients, and everybody who gets the message can read it.",
        source="RFC 5322 section 3.6.3",
        find=_bcc,
    ),
    "missing-date": Row(
        sentence="There is no Date field.",
        source="RFC 5322 section 3.6",
        find=_missing("Date"),
    ),
    "missing-message-id": Row(
        sentence="There is no Message-ID field, which every message should have.",
        source="RFC 5322 section 3.6.4",
        find=_missing("Message-ID"),
    ),
    "missing-from": Row(
        sentence="There is no From field.",
        source="RFC 5322 section 3.6",
        find=_missing("From"),
    ),
    "duplicate-header": Row(
        sentence="A field that may appear only once appears more than once.",
        source="RFC 5322 section 3.6",
        find=_duplicates,
    ),
    "bare-lf": Row(
        sentence="There is an LF without a CR before it.",
        source="RFC 5322 section 2.3",
        find=_octets(_alone(b"\n"), "there is an LF without CR", unless=("BINARYMIME",)),
    ),
    "bare-cr": Row(
        sentence="There is a CR without an LF after it.",
        source="RFC 5322 section 2.3",
        find=_octets(_alone(b"\r"), "there is a CR without LF", unless=("BINARYMIME",)),
    ),
    "long-line": Row(
        sentence="A line has more than 998 octets, its CRLF not counted.",
        source="RFC 5322 section 2.1.1",
        find=_octets(_long_line, "there are more than 998 octets", unless=("BINARYMIME",)),
    ),
    "undeclared-8bit": Row(
        sentence="The body has octets above 127, though MAIL had no `BODY=8BITMIME`.",
        source="RFC 6152 section 3",
        find=_undeclared_8bit,
    ),
    "undeclared-utf8": Row(
        sentence="The header has characters outside US-ASCII, though MAIL had no `SMTPUTF8`.",
        source="RFC 6531 section 3.4",
        find=_undeclared_utf8,
    ),
    "wrong-size": Row(
        sentence="The content is longer than MAIL declared with `SIZE`, by more than one CRLF.",
        source="RFC 1870 section 6.3",
        find=_wrong_size,
    ),
    "html-without-text": Row(
        sentence="There is an HTML body, but none in plain text.",
        source="advice",
        find=_html_alone,
    ),
    "bad-encoding": Row(
        sentence=(
            "Base64, quoted-printable, an encoded word or a charset is wrong, or an encoded word "
            "is in a place where it is not allowed."
        ),
        source="RFC 2045 section 6, RFC 2047 section 5",
        find=_defects("bad-encoding"),
    ),
    "unparsable": Row(
        sentence="A header line, an address or the structure of parts cannot be parsed.",
        source="RFC 5322 section 3.6, RFC 2046 section 5.1",
        find=_defects("unparsable"),
    ),
}

"""What is shown of one message or refused attempt: plain values, bounded in size.

They can be written to disk as JSON, so the process that makes the page need not be the one that
received the mail (see `spool`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.mail import harmless
from pytest_smtpserver.mail.harmless import in_line, in_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_smtpserver.mail.parts import Attachment
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.transaction import Transaction

    #: Makes the link to an attachment from its number in the message; `""`: it is left out.
    LinkTo = Callable[[int, Attachment], str]

#: Name and value, or address and reply.
Pair = Sequence[str]

# Characters of one view. Arbitrary: more than a person reads, and too few to slow a browser down.
_LONGEST_VIEW: Final = 200_000
_LONGEST_DOCUMENT: Final = 2_000_000
_LONGEST_VALUE: Final = 2_000
# The most recipients, header fields, attachments and problems.
_MOST: Final = 200
# Types that browsers show as a picture; in a picture, the script of an SVG does not run.
_PICTURES: Final = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif")
)
# The fields that a mail program shows beside the subject.
_FIELDS: Final = ("From", "To", "Cc", "Bcc", "Reply-To", "Date")


@frozen(kw_only=True)
class File:
    """An attachment, and the link to its content; `link` is empty if it was left out."""

    name: str
    content_type: str
    size: int
    link: str
    file_name: str
    is_picture: bool


@frozen(kw_only=True)
class Entry:
    """One transaction: a row of the list, and the views of its message if it has one.

    `key` names it within its page, `link` leads to its `.eml` file, `session` is the key of its
    session's transcript, and `cuts` are sentences about what was left out.
    """

    key: str
    session: str
    outcome: str
    reply: str
    time: str
    size: int
    mail_from: str
    recipients: tuple[str, ...]
    blind: tuple[str, ...]
    refused: tuple[Pair, ...]
    parameters: tuple[Pair, ...]
    has_content: bool
    author: str
    subject: str
    problems: tuple[Pair, ...] = ()
    attachments: int = 0
    fields: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    text: str = ""
    html: str = ""
    document: str = ""
    raw: str = ""
    files: tuple[File, ...] = ()
    link: str = ""
    file_name: str = ""
    cuts: tuple[str, ...] = ()


def summary_of(transaction: Transaction, *, key: str, session: str) -> dict[str, Any]:
    """Return what the row of a transaction shows, as arguments of an `Entry`.

    An `Entry` is made in up to three steps, because each costs more than the one before. This one
    parses only the header. `marks_of` parses the parts, to count problems and attachments.
    `views_of` makes all views. A page of the inbox has 20,000 rows but one opened message, so it
    needs the first for all rows, the second for the newest, the third for one.
    """
    message, envelope = transaction.message, transaction.envelope
    when = message.received_at if message else transaction.started_at
    return {
        "key": key,
        "session": session,
        "outcome": transaction.outcome or "open",
        "reply": _value(str(transaction.reply or "")),
        "time": when.isoformat(timespec="milliseconds"),
        "size": len(message.content) if message else 0,
        "mail_from": _value(envelope.mail_from),
        "recipients": _values(envelope.rcpt_to),
        "blind": _values(message.blind_recipients) if message else (),
        "refused": _pairs((who, str(why)) for who, why in transaction.refused[:_MOST]),
        "parameters": _pairs((name, value or "") for name, value in envelope.parameters.items()),
        "has_content": message is not None,
        "author": _value(_author(message)) if message else "",
        "subject": _value(message.subject) if message else "",
    }


def marks_of(message: Message) -> dict[str, Any]:
    """Return what else a row shows; see `summary_of`."""
    return {
        "problems": _pairs((one.code, one.text) for one in message.problems[:_MOST]),
        "attachments": len(message.attachments),
    }


def views_of(message: Message, link_to: LinkTo) -> dict[str, Any]:
    """Return the views of a message's content, each bounded; see `summary_of`."""
    cuts: list[str] = []
    attachments = _first("attachments", message.attachments, cuts)
    return {
        "fields": _pairs(_fields(message)),
        "headers": _pairs(_first("header fields", message.headers, cuts)),
        "text": _bounded("text", message.text, cuts),
        "html": _bounded("HTML source", message.html, cuts),
        "document": _document(message, cuts),
        "raw": _bounded("raw message", _raw(message.content), cuts),
        "files": tuple(_file(one, link_to(n, one)) for n, one in enumerate(attachments, 1)),
        "file_name": file_name(message),
        "cuts": cuts,
    }


def file_name(message: Message) -> str:
    """Return the name of the `.eml` file of a message."""
    return f"{harmless.name(message.subject, 'message')}.eml"


def too_large(size: int) -> str:
    """Return the sentence that stands for content of so many octets."""
    return f"Its content is too large to be shown here: {size:,} octets."


def bounded_transcript(text: str) -> str:
    """Return a transcript for a page; the middle of a very long one is left out."""
    if len(text) <= _LONGEST_VIEW:
        return in_text(text)
    half = _LONGEST_VIEW // 2
    left_out = f"\n[... {len(text) - 2 * half:,} characters left out here ...]\n"
    return in_text(text[:half] + left_out + text[-half:])


def _file(part: Attachment, link: str) -> File:
    return File(
        name=_value(part.filename),
        content_type=_value(part.content_type),
        size=len(part.content),
        link=link,
        file_name=harmless.name(part.filename, "attachment"),
        is_picture=is_picture(part.content_type),
    )


def _fields(message: Message) -> Iterable[tuple[str, str]]:
    for name in _FIELDS:
        for value in message._header_values(name):
            yield name, value


def _author(message: Message) -> str:
    return next(iter(message._address_values("From")), "")


def _document(message: Message, cuts: list[str]) -> str:
    made = message.html_document() if message.html else ""
    if len(made) <= _LONGEST_DOCUMENT:
        return made
    cuts.append(f"The HTML and its pictures are too large to be shown: {len(made):,} characters.")
    return ""


def _raw(content: bytes) -> str:
    # A character of UTF-8 has at most four octets, so these are enough for the longest view.
    return content[: 4 * _LONGEST_VIEW].decode("utf-8", "surrogateescape")


def _bounded(view: str, text: str, cuts: list[str]) -> str:
    if len(text) <= _LONGEST_VIEW:
        return in_text(text)
    cuts.append(f"Only the first {_LONGEST_VIEW:,} characters of the {view} are shown.")
    return in_text(text[:_LONGEST_VIEW])


def _first(what: str, values: tuple[Any, ...], cuts: list[str]) -> tuple[Any, ...]:
    if len(values) > _MOST:
        cuts.append(f"Only the first {_MOST} of {len(values):,} {what} are shown.")
    return values[:_MOST]


def _pairs(pairs: Iterable[Sequence[str]]) -> tuple[Pair, ...]:
    return tuple((_value(one), _value(other)) for one, other in pairs)


def _values(values: Sequence[str]) -> tuple[str, ...]:
    more = [f"and {len(values) - _MOST:,} more"] if len(values) > _MOST else []
    return tuple(map(_value, [*values[:_MOST], *more]))


def _value(text: str) -> str:
    cut = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} [...]"
    return in_line(cut)


def is_picture(content_type: str) -> bool:
    """Return whether browsers show this type as a picture."""
    return content_type in _PICTURES

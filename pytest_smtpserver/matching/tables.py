"""The tables: which criteria each kind of record knows, and what they mean.

A criterion that is not in the table of a record is an error; `criterion.py` explains the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import replaced

from . import notes
from .criterion import Criterion, MappedCriterion, compared_whole, compared_within
from .kinds import VALUE, Actual
from .rows import (
    CASELESS,
    CONTAINED,
    EQUAL,
    GLOB,
    RecordKind,
    address_criterion,
    addresses,
    each,
    one,
    predicate_criterion,
    text_criterion,
)
from .wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .notes import Note

#: How a transaction ended.
Outcome = Literal["accepted", "rejected", "aborted"]
#: Who or what ended a session.
EndedBy = Literal["quit", "client", "reset", "timeout", "server"]


def _address_field(field: str, attribute: str, note: Note | None = None) -> Criterion:
    def read(message: Any) -> Actual:
        values = getattr(message, attribute)
        specs = (values,) * bool(values) if isinstance(values, str) else values
        return Actual(
            texts=specs,
            named=message._address_values(field) or specs,
            values=(values,),
            absent=not _has_field(message, field),
        )

    missing = f"there is no {field} field"
    return replaced(address_criterion(read, note=note), missing=missing)


def _subject(message: Any) -> Actual:
    texts = (message.subject,)
    return Actual(texts=texts, values=texts, absent=not _has_field(message, "Subject"))


def _has_field(message: Any, field: str) -> bool:
    # Do not look at its value: that is `""` for an empty field, too, and costs parsing.
    return any(name.lower() == field.lower() for name, _ in message.headers)


def _field(name: str) -> Criterion:
    return Criterion(
        read=lambda message: each(message._header_values(name)),
        meanings=EQUAL,
        compared=compared_whole,
        missing=f"there is no {name} field",
        note=_whole(lambda message: message._header_values(name)),
    )


def _whole(read: Callable[[Any], Iterable[str]]) -> Note:
    return notes.first_of(notes.mojibake(read), notes.part_of(read))


def _content(*attributes: str, missing: str, note: Note | None = None) -> Criterion:
    def read(message: Any) -> Actual:
        # If there are several, compare only those that exist; otherwise a missing part would count
        # as one that does not contain the text.
        parts = tuple(dict.fromkeys(getattr(message, attribute) for attribute in attributes))
        present = tuple(part for part in parts if part)
        return Actual(texts=present or ("",), values=present or ("",), absent=not present)

    garbled = notes.mojibake(lambda message: [getattr(message, one) for one in attributes])
    return Criterion(
        read=read,
        meanings=CONTAINED,
        compared=compared_within,
        note=notes.first_of(garbled, note) if note else garbled,
        missing=missing,
    )


def _file_names(message: Any) -> Actual:
    names = tuple(attachment.filename or "" for attachment in message.attachments)
    return each(names)


def _parameter(name: str) -> Criterion:
    def read(message: Any) -> Actual:
        parameters = message.envelope.parameters
        values = (parameters[name.upper()],) if name.upper() in parameters else ()
        texts = tuple(value for value in values if value is not None)
        return Actual(texts=texts, values=values, absent=values == (None,))

    return Criterion(
        read=read,
        meanings=EQUAL,
        compared=compared_whole,
        described=lambda actual: listed(actual.texts) or ("no value", "absent")[not actual.values],
        absence="no value",
    )


def _attempted(transaction: Any) -> Actual:
    # The accepted recipients, then the refused ones that were not accepted as well.
    accepted = tuple(transaction.envelope.rcpt_to)
    refused = tuple(address for address, _ in transaction.refused if address not in accepted)
    return addresses(accepted + refused)


_NOT_LOGGED_IN: Final = "the client did not log in"

_MAIL_FROM: Final = address_criterion(
    lambda record: one(record.envelope.mail_from), note=notes.author
)

_IN_HTML: Final = notes.in_other_part("html_text", "HTML", unless="text")
_IN_TEXT: Final = notes.in_other_part("text", "plain-text", unless="html")

MESSAGES: Final = RecordKind(
    "message",
    {
        "mail_from": _MAIL_FROM,
        "rcpt_to": address_criterion(
            lambda message: addresses(message.envelope.rcpt_to), note=notes.in_header
        ),
        "from_": _address_field("From", "from_"),
        "to": _address_field("To", "to", notes.in_envelope),
        "cc": _address_field("Cc", "cc", notes.in_envelope),
        "reply_to": _address_field("Reply-To", "reply_to"),
        "subject": Criterion(
            read=_subject,
            meanings=EQUAL,
            compared=compared_whole,
            missing="there is no Subject field",
            note=notes.first_of(notes.encoded_twice, _whole(lambda message: (message.subject,))),
        ),
        # RFC 5322 section 2.2: a field name is printable US-ASCII "except colon".
        "header": MappedCriterion(named=_field, syntax=expression("[!-9;-~]+")),
        "text": _content("text", missing="there is no plain-text body", note=_IN_HTML),
        "html": _content("html", missing="there is no HTML body", note=_IN_TEXT),
        "body": _content("text", "html_text", "html", missing="there is no body"),
        "attachment": Criterion(read=_file_names, meanings=GLOB, missing="there is no attachment"),
        "username": replaced(
            text_criterion(lambda message: message.session.username), missing=_NOT_LOGGED_IN
        ),
        "where": predicate_criterion(),
    },
    summary=("subject", "mail_from", "rcpt_to"),
)

#: What `Message.assert_envelope` takes; `parameters` has those of MAIL, `None` for a mere keyword.
ENVELOPES: Final = RecordKind(
    "message",
    {
        "mail_from": _MAIL_FROM,
        "rcpt_to": MESSAGES.criteria["rcpt_to"],
        # RFC 5321 section 4.1.2: `esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`.
        "parameters": MappedCriterion(
            named=_parameter, syntax=expression("[A-Za-z0-9][A-Za-z0-9-]*")
        ),
    },
    summary=("mail_from", "rcpt_to"),
)

#: The same for `Message.assert_body`, but its HTML is both what a reader sees and the source.
BODIES: Final = RecordKind(
    "message",
    {
        **MESSAGES.criteria,
        "html": _content("html_text", "html", missing="there is no HTML body", note=_IN_TEXT),
    },
    summary=MESSAGES.summary,
)

TRANSACTIONS: Final = RecordKind(
    "transaction",
    {
        "outcome": text_criterion(lambda transaction: transaction.outcome, words=get_args(Outcome)),
        "mail_from": _MAIL_FROM,
        "rcpt_to": address_criterion(_attempted),
        "where": predicate_criterion(),
    },
    summary=("outcome", "mail_from", "rcpt_to"),
)

SESSIONS: Final = RecordKind(
    "session",
    {
        "helo": Criterion(
            read=lambda session: one(session.helo),
            meanings=CASELESS,
            compared=compared_whole,
            missing="there was no EHLO or HELO",
        ),
        "username": replaced(
            text_criterion(lambda session: session.username), missing=_NOT_LOGGED_IN
        ),
        "mechanism": Criterion(
            read=lambda session: each(tuple(attempt.mechanism for attempt in session.auth)),
            meanings=CASELESS,
            compared=compared_whole,
            missing="there was no AUTH",
        ),
        "tls": Criterion(
            read=lambda session: Actual(
                values=(session.tls is not None,), absent=session.tls is None
            ),
            meanings=VALUE,
            described=lambda actual: shown(actual.values[0]),
            never=(),
            takes="True or False",
        ),
        "ended_by": text_criterion(
            lambda session: session.ended_by,
            words=get_args(EndedBy),
        ),
        "where": predicate_criterion(),
    },
    summary=("helo", "username", "tls", "ended_by"),
)

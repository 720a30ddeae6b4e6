"""Makes the answers of the inbox: pages, pieces of pages, messages and events."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from pytest_smtpserver.mail import harmless
from pytest_smtpserver.records.transcript import render
from pytest_smtpserver.report import pages
from pytest_smtpserver.report.entry import (
    Entry,
    bounded_transcript,
    file_name,
    is_picture,
    marks_of,
    summary_of,
    too_large,
    views_of,
)

from . import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.engine import Gate
    from pytest_smtpserver.mail.parts import Attachment
    from pytest_smtpserver.records.message import Message

    from .answers import Answer
    from .store import Arrival, Store

_HTML: Final = "text/html; charset=utf-8"
# A message with more octets is not shown, because making its views would block the servers' thread.
_LARGEST_MESSAGE: Final = 8 * 1024 * 1024
_TEMPLATE: Final = "mail.html"
# So many of the newest rows say how many problems and attachments a message has. That takes parsing
# the whole message. Arbitrary.
_MARKED: Final = 500
# How many rows are cached: as many as the store keeps.
_ROWS: Final = 20_000


class Views:
    """Makes answers from the store; `None` means that there is no such message.

    A row is made once and cached: every open page and each reload shows the same rows. The cache
    belongs to these views, so it goes when the inbox goes.
    """

    def __init__(self, store: Store, title: str, hint: str, *, may_return: bool) -> None:
        self._store = store
        # Whether a later run may answer at the same port.
        self._may_return = may_return
        self._title = title
        self._hint = hint
        self._row = lru_cache(_ROWS)(_row)

    def page(self, number: int | None = None) -> Answer | None:
        """Return the whole page; with a number, that message is opened in it."""
        opened = None if number is None else self._store.get(number)
        if number is not None and opened is None:
            return None
        arrivals = self._store.all()
        pieces = pages.stream(
            "inbox.html",
            title=self._title,
            hint=self._hint,
            run=self._store.run,
            may_return=self._may_return,
            rows=self._rows(arrivals[::-1]),
            count=len(arrivals),
            panel=Markup(_panel(opened) if opened else ""),  # noqa: S704
        )
        policy = pages.policy(
            "img-src 'self' data:", "connect-src 'self'", "frame-ancestors 'none'"
        )
        return answers.streamed(_HTML, (piece.encode() for piece in pieces), policy=policy)

    def panel(self, number: int) -> Answer | None:
        """Return the panel of one message, which the script of the page puts into the page."""
        arrival = self._store.get(number)
        return None if arrival is None else answers.octets(_HTML, _panel(arrival).encode())

    def raw(self, number: int) -> Answer | None:
        """Return the content of a message as plain text."""
        message = self._message(number)
        if message is None:
            return None
        return answers.octets("text/plain; charset=utf-8", message.content)

    def eml(self, number: int) -> Answer | None:
        """Return the content of a message as a file."""
        message = self._message(number)
        if message is None:
            return None
        return answers.download("message/rfc822", message.content, file_name(message))

    def attachment(self, number: int, part: int) -> Answer | None:
        """Return an attachment as a file."""
        message = self._message(number)
        if message is None or not 1 <= part <= len(message.attachments):
            return None
        found = message.attachments[part - 1]
        # A picture needs its type to be shown. A browser must not interpret anything else.
        shown = is_picture(found.content_type)
        content_type = found.content_type if shown else "application/octet-stream"
        return answers.download(content_type, found.content, _safe_name(found))

    def listing(self) -> Answer:
        """Return all messages as JSON, newest first, for scripts."""
        return answers.streamed("application/json", _listing(self._store.all()[::-1]))

    def events(self, after: int) -> Answer:
        """Return an endless answer with events: what came after a number, and all that will come.

        The HTML Standard, section 9.2, calls them server-sent events.
        """
        return answers.streamed("text/event-stream", self._events(after))

    def _events(self, after: int) -> Iterator[bytes | Gate]:
        yield f"event: run\ndata: {self._store.run}\n\n".encode()
        while True:
            gate = self._store.gate
            for arrival in self._store.after(after):
                after = arrival.number
                section = _head(arrival.test) + self._row(arrival, marked=True) + _TAIL
                data = json.dumps({"section": section})
                yield f"id: {after}\nevent: mail\ndata: {data}\n\n".encode()
            yield gate

    def _rows(self, arrivals: Any) -> Iterator[Markup]:
        # Neighbouring rows of the same test are in one section.
        test = None
        for place, arrival in enumerate(arrivals):
            if arrival.test != test:
                if test is not None:
                    yield _TAIL
                test = arrival.test
                yield _head(test)
            yield self._row(arrival, marked=place < _MARKED)
        if test is not None:
            yield _TAIL

    def _message(self, number: int) -> Message | None:
        arrival = self._store.get(number)
        return None if arrival is None else arrival.transaction.message


def _panel(arrival: Arrival) -> str:
    dialogue = render(arrival.transaction.session, compact=True)
    shown = bounded_transcript(f"{arrival.server}\n{dialogue}")
    return pages.macro(_TEMPLATE, "panel", _entry(arrival), arrival.test, "", "", shown)


_TAIL: Final = Markup("</ol></section>\n")


def _head(test: str) -> Markup:
    return Markup(pages.macro(_TEMPLATE, "head", test, "", ""))  # noqa: S704  # made of a template


def _row(arrival: Arrival, *, marked: bool) -> Markup:
    message = arrival.transaction.message
    summary = summary_of(arrival.transaction, key=str(arrival.number), session="")
    marked = marked and arrival.size <= _LARGEST_MESSAGE
    marks = marks_of(message) if message and marked else {}
    entry = Entry(**summary, **marks)
    made = pages.macro(_TEMPLATE, "row", entry, f"/messages/{arrival.number}")
    return Markup(made)  # noqa: S704  # made of a template


def _entry(arrival: Arrival) -> Entry:
    message = arrival.transaction.message
    summary = summary_of(arrival.transaction, key=str(arrival.number), session="")
    if message is None:
        return Entry(**summary)
    path = f"/messages/{arrival.number}"
    if arrival.size > _LARGEST_MESSAGE:
        cuts = (too_large(arrival.size),)
        return Entry(**summary, link=f"{path}.eml", file_name=file_name(message), cuts=cuts)
    views = views_of(message, lambda part, _: f"{path}/attachments/{part}")
    return Entry(**summary, **marks_of(message), **views, link=f"{path}.eml")


def _safe_name(attachment: Attachment) -> str:
    return harmless.name(attachment.filename, "attachment")


def _listing(arrivals: Any) -> Iterator[bytes]:
    yield b"["
    for place, arrival in enumerate(arrivals):
        yield (b",\n" if place else b"\n") + json.dumps(_listed(arrival)).encode()
    yield b"\n]\n"


def _listed(arrival: Arrival) -> dict[str, Any]:
    transaction, message = arrival.transaction, arrival.transaction.message
    envelope = transaction.envelope
    listed = {
        "id": arrival.number,
        "test": arrival.test,
        "server": arrival.server,
        "outcome": transaction.outcome,
        "reply": str(transaction.reply or ""),
        "mail_from": envelope.mail_from,
        "rcpt_to": envelope.rcpt_to,
        "refused": [[who, str(reply)] for who, reply in transaction.refused],
        "started_at": transaction.started_at.isoformat(),
    }
    if message is None:
        return listed
    path = f"/messages/{arrival.number}"
    return {
        **listed,
        "received_at": message.received_at.isoformat(),
        "subject": message.subject,
        "from": message.from_,
        "to": message.to,
        "cc": message.cc,
        "blind_recipients": message.blind_recipients,
        "size": len(message.content),
        "url": path,
        "raw": f"{path}/raw",
        "eml": f"{path}.eml",
    }

"""The transcript: what passed on the wire, for a person who looks for what went wrong."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pytest_smtpserver.matching.wording import counted, printable

from .exchange import Event, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .reply import Reply
    from .session import Session

# Arbitrary: what one takes in at a glance.
_CONTENT_LINES = 4
_REPEATED_LINES = 4
_LINE_LENGTH = 180
_OFFER_LENGTH = 160

# Those whose reply lists what the server offers (RFC 5321 section 4.1.1.1, RFC 2033 section 4.1).
_GREETINGS = ("EHLO", "LHLO")

#: How a session ended, in words.
ENDINGS = {
    "quit": "session ended by QUIT",
    "client": "the client closed the connection",
    "reset": "the client reset the connection",
    "timeout": "the client was silent for too long; the server closed the connection",
    "server": "the server closed the connection",
}


def render(
    session: Session,
    last: int | None = None,
    *,
    said: set[str] | None = None,
    compact: bool = False,
) -> str:
    """Return the transcript of one session, lines separated by LF, without one at the end.

    With `last`, only that many exchanges and events are shown, and `...` for those before. `said`
    has the lines of replies that the reader has already seen; those of this session are added.
    `compact` puts a reply to EHLO on one line, as reports show it.
    """
    said = set() if said is None else said
    wire = session._wire if last is None else session._wire[-last:]
    start = session.started_at.timestamp()
    host, port = session.client
    # Not by a format such as %H, for which `datetime` calls a `time.strftime` that may be a mock.
    time_of_day = session.started_at.time().isoformat("microseconds")
    lines = [f"session {session.id} from {host}:{port} at {time_of_day} UTC"]
    if len(wire) < len(session._wire):
        lines.append("  ...")
    shown = [*_lines(wire, said, compact=compact)]
    if session.ended_at is None:
        shown += _content_so_far(session)
    for time, speaker, text in shown:
        what = f" {_shorten(printable(text))}" if text else ""
        lines.append(f"  +{max(0.0, time - start):.3f} {speaker}{what}")
    if session.ended_at and session.ended_by:
        elapsed = session.ended_at.timestamp() - start
        lines.append(f"  +{max(0.0, elapsed):.3f} *  {ENDINGS[session.ended_by]}")
    return "\n".join(lines)


def _content_so_far(session: Session) -> Iterator[tuple[float, str, str]]:
    """Yield the lines of content that is still arriving; complete content is on the wire."""
    last = session.transactions[-1] if session.transactions else None
    newest = session._wire[-1] if session._wire else None
    # After anything but DATA, the content is complete, and already shown.
    if last is None or not isinstance(newest, Exchange) or newest.verb != "DATA":
        return
    octets = last._arriving() if last.outcome is None and last._arriving else b""
    if octets:
        time = newest.answered
        yield from _event_lines(Event(time=time, speaker="C", what=octets))
        yield time, "* ", f"the content is not complete yet: {len(octets):,} octets of it have come"


def _lines(
    wire: Sequence[Exchange | Event], said: set[str], *, compact: bool
) -> Iterator[tuple[float, str, str]]:
    before: Exchange | Event | None = None
    for entry in wire:
        # LMTP answers the end of the content several times, but it comes once.
        came_before = before is not None and not _is_content(before)
        if isinstance(entry, Exchange):
            yield from _exchange_lines(entry, said, compact=compact, came_before=came_before)
        elif not (came_before and _is_end_of_content(entry)):
            yield from _event_lines(entry)
        before = entry


def _is_content(entry: Exchange | Event) -> bool:
    return isinstance(entry, Event) and entry.speaker == "C"


def _is_end_of_content(event: Event) -> bool:
    return _is_content(event) and isinstance(event.what, str) and event.what == "."


def _exchange_lines(
    exchange: Exchange, said: set[str], *, compact: bool, came_before: bool
) -> Iterator[tuple[float, str, str]]:
    if exchange.verb and not (exchange.verb == "." and came_before):
        yield exchange.received, "C:", exchange.command
    for event in exchange.meanwhile:
        yield from _event_lines(event)
    if exchange.reply:
        lines = exchange.reply.lines
        if compact and exchange.verb in _GREETINGS and len(lines) > 1:
            lines = (_on_one_line(exchange.reply),)
        for line in _news(lines, said):
            yield exchange.answered, "S:", line


def _on_one_line(reply: Reply) -> str:
    """Return what a server offers as `250 smtpserver.test: PIPELINING, SIZE 33554432`."""
    domain, *offered = reply.text.split("\n")
    shown, length = [], len(domain)
    for number, keyword in enumerate(offered):
        length += len(keyword) + 2
        if length > _OFFER_LENGTH:
            shown.append(f"... {len(offered) - number} more")
            break
        shown.append(keyword)
    return f"{reply.code} {domain}: {', '.join(shown)}"


def _news(lines: Sequence[str], said: set[str]) -> Iterator[str]:
    """Yield the lines of a reply, but only a number for many lines that were already shown.

    Otherwise most of a transcript would be what the server offers: a client asks for it in each
    session, and twice if the session is encrypted.
    """
    for is_known, group in groupby(lines, said.__contains__):
        rows = list(group)
        if is_known and len(rows) >= _REPEATED_LINES:
            yield f"[... {len(rows)} lines as before]"
        else:
            yield from rows
    said.update(lines)


def _event_lines(event: Event) -> Iterator[tuple[float, str, str]]:
    speaker = "* " if event.speaker == "*" else f"{event.speaker}:"
    if isinstance(event.what, str):
        yield event.time, speaker, event.what
        return
    # Enough for the lines that are shown, whatever the content's size.
    start = event.what[: (_CONTENT_LINES + 1) * _LINE_LENGTH].removesuffix(b"\r\n")
    head = start.split(b"\r\n")[:_CONTENT_LINES] if event.what else []
    for line in head:
        yield event.time, speaker, line.decode("utf-8", "backslashreplace")
    if sum(len(line) + len(b"\r\n") for line in head) < len(event.what):
        lines, octets = counted(event.what.count(b"\n"), "line"), counted(len(event.what), "octet")
        yield event.time, speaker, f"[... {lines}, {octets} in all]"


def _shorten(text: str) -> str:
    if len(text) <= _LINE_LENGTH:
        return text
    half = _LINE_LENGTH // 2
    return f"{text[:half]} [... {len(text) - 2 * half:,} characters ...] {text[-half:]}"

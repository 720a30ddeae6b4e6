"""What a test is told whose records did not come, or came in excess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from . import explain
from .closeness import Seen, closest
from .wording import counted, listed, shortened, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .criteria import Criteria
    from .criterion import Difference
    from .rows import RecordKind

_Row = TypeVar("_Row")

#: About how many lines a text has at most; the end of the transcript takes what the others leave.
_LINES: Final = 40

#: How many of the last records are compared; arbitrary: what takes a hundredth of a second.
_LOOKED_AT: Final = 100

# How many lines each part has at most, so that there is room for all; arbitrary.
_RECORDS: Final = 6
_REFUSALS: Final = 3
_HINTS: Final = 3
_LEAST_TRANSCRIPT: Final = 4
# pytest shows the whole transcript below the failure.
_MOST_TRANSCRIPT: Final = 20


def describe_failure(
    *,
    count: int,
    criteria: Criteria,
    records: Sequence[object],
    matched: Sequence[object],
    waited: float | None = None,
    refused: Sequence[Any] = (),
    hints: Sequence[str] = (),
    transcript: str = "",
) -> str:
    """Return the text for a test that expected `count` records to match, and not `matched`.

    `records` are all that there are, oldest first, with `matched` among them. `waited` is in
    seconds, `refused` has transactions in which something was refused, `hints` are sentences, the
    most telling first. The first line tells the whole story alone.
    """
    seen = _look(criteria, records, matched)
    too_many = len(matched) > count
    near = None if too_many else closest(seen)
    refusals = [line for transaction in refused for line in _refusals(transaction)]
    expected = _expected(count, criteria, too_many=too_many)
    got = _got(len(matched), len(records), waited)
    reasons = (
        [*_newest(criteria, matched), *hints[:1]] if too_many else _reasons(near, refusals, hints)
    )
    parts = [
        ["; ".join([f"{expected}, {got}", *reasons])],
        _closest(near, len(records), criteria.kind),
        _listed(seen, len(records), criteria.kind, only_matching=too_many),
        _latest("refused:", refusals, _REFUSALS),
        [f"hint: {hint}" for hint in hints if hint not in reasons][:_HINTS],
    ]
    if refusals or not records:
        room = _LINES - sum(len(part) + 1 for part in parts if part)
        parts.append(transcript_end(transcript, min(room, _MOST_TRANSCRIPT)))
    return "\n\n".join("\n".join(part) for part in parts if part)


def _look(criteria: Criteria, records: Sequence[object], matched: Sequence[object]) -> list[Seen]:
    # What matched is not asked again: a callable might answer otherwise, and the count is decided.
    ids = {id(record) for record in matched}
    first = max(0, len(records) - _LOOKED_AT)
    return [
        Seen(number, record, () if id(record) in ids else criteria.differences(record))
        for number, record in enumerate(records, 1)
        if number > first or id(record) in ids
    ]


def _expected(count: int, criteria: Criteria, *, too_many: bool) -> str:
    exactly = "exactly " if too_many else ""
    noun = criteria.kind.noun
    what = f"{exactly}{counted(count, noun)}" if count else f"no {noun}"
    return f"expected {what} with {criteria}" if str(criteria) else f"expected {what}"


def _got(matched: int, total: int, waited: float | None) -> str:
    among = f" matching of {total}" if total > matched else ""
    return f"got {matched or 'none'}{among}{_in(waited)}"


def _in(waited: float | None) -> str:
    if waited is None:
        return ""
    return f" in {waited:.1f} s" if waited >= 0.1 else f" in {waited * 1000:.0f} ms"


def _newest(criteria: Criteria, matched: Sequence[object]) -> list[str]:
    return [f"newest: {criteria.kind.summarize(matched[-1])}"]


def _reasons(near: Seen | None, refusals: Sequence[str], hints: Sequence[str]) -> list[str]:
    """Return what the first line tells of why too few came: what is the most telling."""
    if near:
        also = [f"{len(refusals)} refused"] if refusals else []
        return [f"closest: {explain.phrase(near.differences)}", *also]
    return [f"refused: {refusals[-1]}"] if refusals else list(hints[:1])


def _closest(near: Seen | None, total: int, kind: RecordKind) -> list[str]:
    if near is None:
        return []
    is_listed = near.number > total - _RECORDS
    which = "" if is_listed else f" ({kind.summarize(near.record)})"
    return [
        f"closest is {kind.noun} {near.number} of {total}{which}:",
        *explain.lines(near.differences),
    ]


def _listed(
    seen: Sequence[Seen], total: int, kind: RecordKind, *, only_matching: bool
) -> list[str]:
    matching = [one for one in seen if not one.differences]
    mixed = len(matching) < total
    rows, count = (matching, len(matching)) if only_matching else (seen, total)

    def line(one: Seen) -> str:
        mark = " (matches)" if mixed and not only_matching and not one.differences else ""
        return f"{one.number}. {kind.summarize(one.record)}{mark}"

    which = " matching" if mixed and only_matching else ""
    return _latest(f"{counted(count, kind.noun)}{which}:", rows, _RECORDS, line, total=count)


def _refusals(transaction: Any) -> list[str]:
    """Return what was refused in a transaction: recipients, or else all of it."""
    refused = [
        f"rcpt_to={shown(address)} with {shortened(str(reply))}"
        for address, reply in transaction.refused
    ]
    reply, envelope = transaction.reply, transaction.envelope
    if reply is None or reply.code < 400 or any(reply == other for _, other in transaction.refused):
        return refused
    to = f", rcpt_to={shown(envelope.rcpt_to)}" if envelope.rcpt_to else ""
    return [*refused, f"mail_from={shown(envelope.mail_from)}{to} with {shortened(str(reply))}"]


def transcript_end(transcript: str, room: int) -> list[str]:
    """Return the last lines of a transcript under a title, about `room` lines in all."""
    rows = transcript.splitlines()
    shown = rows[-max(_LEAST_TRANSCRIPT, room - 3) :]
    before = ["  ..."] if len(shown) < len(rows) else []
    title = ["end of the transcript:"] if rows else []
    return [*title, *before, *(f"  {shortened(row)}" for row in shown)]


def _latest(
    title: str,
    rows: Sequence[_Row],
    most: int,
    line: Callable[[_Row], str] = str,
    *,
    total: int | None = None,
) -> list[str]:
    """Return the title and below it a line for each of the last rows; nothing without rows."""
    more = (len(rows) if total is None else total) - most
    before = [f"  ... {more} more before"] if more > 0 else []
    return [title, *before, *(f"  {line(row)}" for row in rows[-most:])] if rows else []


#: How many candidates are listed, and with how many characters each; arbitrary, but links are long.
_CANDIDATES: Final = 20
_WIDTH: Final = 300


def describe_mismatch(criteria: Criteria, record: object, differences: Sequence[Difference]) -> str:
    """Return the text for a record that does not meet the criteria; its first line tells all."""
    noun = criteria.kind.noun
    first = f"expected the {noun} to have {criteria}, but {explain.phrase(differences)}"
    about = f"the {noun}: {criteria.kind.summarize(record)}"
    return "\n".join([first, "", *explain.lines(differences), "", about])


def describe_candidates(
    *, wanted: str, found: Sequence[object], among: Sequence[object] = ()
) -> str:
    """Return the text for a thing of which there must be exactly one.

    `wanted` says what, such as `link containing 'reset'`; `found` are those that fit, and `among`
    all that there are.
    """
    number = str(len(found)) if found else f"none of {len(among)}" if among else "none"
    candidates = found or among
    names = f": {listed(candidates)}" if candidates else ""
    first = f"expected exactly one {wanted}, found {number}{names}"
    lines = [
        f"  {place}. {shortened(repr(value), _WIDTH)}"
        for place, value in enumerate(candidates[:_CANDIDATES], 1)
    ]
    more = len(candidates) - len(lines)
    rest = [f"  ... {more} more"] if more else []
    return "\n".join([first, *([""] if lines else []), *lines, *rest])

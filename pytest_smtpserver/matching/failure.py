"""The text of a failure: the expected records did not come, or too many came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args

from pytest_smtpserver.frozen import frozen

from . import explain
from .closeness import Seen, closest
from .wording import counted, fitted, listed, printable, shortened, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .criteria import Criteria
    from .criterion import Difference
    from .rows import RecordKind

_Row = TypeVar("_Row")

#: About how many lines a text has at most; the end of the transcript takes what the others leave.
_LINES: Final = 40

#: The title of the end of the transcript, which is the last paragraph of a text.
TRANSCRIPT_TITLE: Final = "end of the transcript:"

#: How many of the last records are compared; arbitrary: what takes a hundredth of a second.
_LOOKED_AT: Final = 100

# How many lines each part may have in any case, so that there is room for all; arbitrary.
_RECORDS: Final = 6
_REFUSALS: Final = 3
_HINTS: Final = 3
_LEAST_TRANSCRIPT: Final = 4
# pytest shows the whole transcript below the failure.
_MOST_TRANSCRIPT: Final = 20


class SMTPAssertionError(AssertionError):
    """What the test expected of its mail did not happen.

    The first line of its text names the cause, because pytest's short summary shows no more; the
    lines after it say what came instead.
    """

    # The name under which users import and see it.
    __module__ = "pytest_smtpserver"

    def __init__(self, *args: object) -> None:
        # Whatever of it came from outside: nothing acts on the terminal, and no line is too long.
        super().__init__(*[_safe(one) if isinstance(one, str) else one for one in args])


def _safe(text: str) -> str:
    return "\n".join(fitted(printable(line)) for line in text.split("\n"))


@frozen()
class Cause:
    """A reason, from what the server knows, why too few records came.

    `text` gives the cause in short, and `aside` says more about it; `advice` is a sentence on what
    to do about it. `weight` says what it can be the cause of.
    """

    text: str
    advice: str = ""
    weight: Weight = "something"
    aside: str = ""


#: A cause of `"nothing"` counts only if nothing came. One of `"something"` explains what is missing
#: although something came. A cause of `"this"` is about the very record that was expected.
Weight = Literal["nothing", "something", "this"]


def describe_failure(
    *,
    count: int,
    criteria: Criteria,
    records: Sequence[object],
    matched: Sequence[object],
    waited: float | None = None,
    refused: Sequence[Any] = (),
    causes: Sequence[Cause] = (),
    hints: Sequence[str] = (),
    transcript: str = "",
) -> str:
    """Return the text for a test that expected `count` matching records, but got `matched`.

    `records` are all records, oldest first, including `matched`. `waited` is in seconds. `refused`
    has the transactions in which something was refused. `causes` are possible explanations, the
    most likely first, and `hints` are further sentences. The first line names only the cause.
    """
    too_many = len(matched) > count
    seen = _look(criteria, records, matched)
    # If none was expected, none comes close.
    wanted = seen if count else ()
    cause, near = (None, None) if too_many else _reasons(wanted, causes, matched)
    refusals = [line for transaction in refused for line in _refusals(transaction)]
    if too_many:
        first = _too_many(count, criteria, matched)
    else:
        got = _got(criteria.kind.noun, records, matched, waited)
        first = _too_few(near, cause, count, criteria, matched, refused, got)
    has_transcript = not too_many and bool(refusals or not records)
    top = [[first], [_expected(count, criteria, len(matched), len(records))]]
    differing = explain.lines(near.differences) if near else []
    advice = _advice(cause, [*_also(causes, refusals), *hints] if near else hints)
    room = _room([*top, differing, advice]) - (_LEAST_TRANSCRIPT + 3) * has_transcript
    news = refusals if _is_news(refusals, cause) else []
    refused_ones = _latest("refused:", news, max(_REFUSALS, room // 3))
    most = max(_RECORDS, room - len(refused_ones) - 5)
    parts = [
        *top,
        [_closest(near, len(records), criteria.kind, most), *differing] if near else [],
        _listed(seen, len(records), criteria.kind, most, only_matching=too_many),
        refused_ones,
        advice,
    ]
    if has_transcript:
        parts.append(transcript_end(transcript, min(_room(parts), _MOST_TRANSCRIPT)))
    return assembled(parts)


def assembled(parts: Iterable[Sequence[str]]) -> str:
    """Join the paragraphs to a text, without the empty ones."""
    return "\n\n".join("\n".join(part) for part in parts if part)


def _reasons(
    seen: Sequence[Seen], causes: Sequence[Cause], matched: Sequence[object]
) -> tuple[Cause | None, Seen | None]:
    """Return the cause of what is missing, and the record that came closest."""
    near = closest(seen)
    enough = ("this",) if near else ("this", "something") if matched else get_args(Weight)
    cause = next((cause for cause in causes if cause.weight in enough), None)
    return cause, (None if cause and cause.weight == "this" else near)


def _also(causes: Sequence[Cause], refusals: Sequence[str]) -> list[str]:
    """Return the first cause of something missing, although a record came close.

    What was refused in a transaction is listed anyway.
    """
    also = next((cause for cause in causes if cause.weight == "something"), None)
    if also is None or any(also.text.rpartition(": ")[2] in line for line in refusals):
        return []
    return [": ".join(filter(None, (also.text, also.advice)))]


def _advice(cause: Cause | None, hints: Sequence[str]) -> list[str]:
    advice = [cause.advice] if cause and cause.advice else []
    return [f"hint: {hint}" for hint in (*advice, *hints)][:_HINTS]


def _room(parts: Iterable[Sequence[str]]) -> int:
    """Return how many lines these paragraphs leave to others."""
    return _LINES - sum(len(part) + 1 for part in parts if part)


def _too_few(
    near: Seen | None,
    cause: Cause | None,
    count: int,
    criteria: Criteria,
    matched: Sequence[object],
    refused: Sequence[Any],
    got: str,
) -> str:
    if cause:
        return explain.with_asides(cause.text, cause.aside, got)
    noun = criteria.kind.noun
    if matched:
        which = "match" if str(criteria) else "came"
        only = f"only {len(matched)} of {count} {noun}s {which}"
        return f"{only}; {explain.phrase(near.differences, got)}" if near else f"{only} ({got})"
    if near is None:
        return f"no {noun} came ({got})"
    replies = {shortened(str(reply)) for one in refused for _, reply in one.refused}
    also = f"refused with {replies.pop()}" if len(replies) == 1 and _is_about_rcpt(near) else ""
    return explain.phrase(near.differences, "; ".join(filter(None, (also, got))))


def _is_about_rcpt(near: Seen) -> bool:
    return any(difference.keyword == "rcpt_to" for difference in near.differences)


def _too_many(count: int, criteria: Criteria, matched: Sequence[Any]) -> str:
    noun, newest = criteria.kind.noun, criteria.kind.summarize(matched[-1])
    came = counted(len(matched), noun)
    if not count:
        return f"{came}, not none: {newest}"
    twice = len({getattr(one, "content", id(one)) for one in matched}) == 1
    return f"{came}, not {count}: {'all the same' if twice else f'the newest is {newest}'}"


def _is_news(refusals: Sequence[str], cause: Cause | None) -> bool:
    """Return whether the refusals say more than the first line does."""
    reply = refusals[0].rpartition(" with ")[2] if refusals else ""
    return bool(refusals) and not (len(refusals) == 1 and cause and reply in cause.text)


def _look(criteria: Criteria, records: Sequence[object], matched: Sequence[object]) -> list[Seen]:
    # Do not ask again about records that matched: a callable might answer otherwise, and the count
    # is decided.
    ids = {id(record) for record in matched}
    first = max(0, len(records) - _LOOKED_AT)
    return [
        Seen(number, record, () if id(record) in ids else criteria.differences(record))
        for number, record in enumerate(records, 1)
        if number > first or id(record) in ids
    ]


def _expected(count: int, criteria: Criteria, matched: int, total: int) -> str:
    noun = criteria.kind.noun
    what = counted(count, noun) if count else f"no {noun}"
    which = f" with {criteria}" if str(criteria) else ""
    among = f" of {total}" if total > matched else ""
    return f"expected {what}{which}; got {matched or 'none'}{among}"


def _got(
    noun: str, records: Sequence[object], matched: Sequence[object], waited: float | None
) -> str:
    if len(records) == len(matched):
        return f"waited {seconds(waited or 0)}"
    return f"{counted(len(records), noun)}{_in_time(waited)}"


def _in_time(waited: float | None) -> str:
    return "" if waited is None else f" in {seconds(waited)}"


def seconds(number: float) -> str:
    """Return a number of seconds in words: `2.0 s`, `10 ms`."""
    return f"{number:.1f} s" if number >= 0.1 else f"{number * 1000:.0f} ms"


def _closest(near: Seen, total: int, kind: RecordKind, most: int) -> str:
    """Return the title of the closest record, with its summary if it is not listed."""
    is_listed = near.number > total - most
    which = "" if is_listed else f" ({kind.summarize(near.record)})"
    return f"closest is {kind.noun} {near.number} of {total}{which}:"


def _listed(
    seen: Sequence[Seen], total: int, kind: RecordKind, most: int, *, only_matching: bool
) -> list[str]:
    matching = [one for one in seen if not one.differences]
    mixed = len(matching) < total
    rows, count = (matching, len(matching)) if only_matching else (seen, total)

    def line(one: Seen) -> str:
        mark = " (matches)" if mixed and not only_matching and not one.differences else ""
        return f"{one.number}. {kind.summarize(one.record)}{mark}"

    which = " matching" if mixed and only_matching else ""
    return _latest(f"{counted(count, kind.noun)}{which}:", rows, most, line, total=count)


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
    title = [TRANSCRIPT_TITLE] if rows else []
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
_WIDTH: Final = 180


def describe_mismatch(criteria: Criteria, record: object, differences: Sequence[Difference]) -> str:
    """Return the text for a record that does not meet the criteria; its first line says how."""
    noun = criteria.kind.noun
    expected = f"expected the {noun} to have {criteria}"
    about = f"the {noun}: {criteria.kind.summarize(record)}"
    return assembled(
        [[explain.phrase(differences)], [expected], explain.lines(differences), [about]]
    )


def describe_candidates(
    *,
    noun: str,
    which: str,
    found: Sequence[object],
    among: Sequence[tuple[object, str]] = (),
    of: str = "",
) -> str:
    """Return the text for a thing of which there must be exactly one.

    `noun` and `which` say what, such as `link` and `containing 'reset'`. `found` are those that
    fit; `among` are those that do not, each with the reason. `of` is the message.
    """
    rows = [(one, "") for one in found] or list(among)
    lines = [_candidate(*row) for row in enumerate(rows[:_CANDIDATES], 1)]
    more = len(rows) - len(lines)
    return assembled(
        [
            [_found(noun, which, found, among)],
            [f"expected exactly one {noun} {which}".rstrip()],
            [*lines, *([f"  ... {more} more"] if more else [])],
            [f"in {of}"] if of else [],
        ]
    )


def _found(
    noun: str, which: str, found: Sequence[object], among: Sequence[tuple[object, str]]
) -> str:
    if found:
        return f"{len(found)} {noun}s{f' {which}' if which else ''}, not 1: {_named(found)}"
    if not among:
        return f"there is no {noun}{f' (expected one {which})' if which else ''}"
    if len(among) == 1:
        ((only, why),) = among
        return f"the only {noun} is {_named([only])}: {why}"
    return f"none of {len(among)} {noun}s fits: {_named([one for one, _ in among])}"


def _named(candidates: Sequence[object]) -> str:
    # The most telling part of a link is its URL, that of an attachment its name.
    return listed(
        getattr(one, "url", "") or getattr(one, "filename", "") or one for one in candidates
    )


def _candidate(place: int, row: tuple[object, str]) -> str:
    value, why = row
    return f"  {place}. {shortened(repr(value), _WIDTH)}{f': {why}' if why else ''}"

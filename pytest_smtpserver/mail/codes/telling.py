"""The text of a failure: which candidates there were, and why each was or was not taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching.wording import printable

if TYPE_CHECKING:
    from .weighing import Weighed, Weighing

# As many as one screen holds with their reasons; arbitrary.
_CANDIDATES: Final = 8
_WIDTH: Final = 150


def describe(weighing: Weighing, message: str) -> str:
    """Return the failure's text for a message without exactly one code; `message` names it."""
    shown = weighing.candidates[:_CANDIDATES]
    text = [_first(weighing), "", f"in {_shortened(message)}"]
    for one in shown:
        text += ["", *_told(one, weighing)]
    more = len(weighing.candidates) - len(shown)
    return "\n".join([*text, *(["", f"... {more} more"] if more else [])])


def _first(weighing: Weighing) -> str:
    found, among = weighing.found, weighing.candidates
    if found:
        values = _listed(found)
        return f"{len(found)} one-time codes, not one: {values}"
    if not among:
        return "no one-time code: no number of 4 to 8 digits in subject or body"
    count = f"{len(among)} candidates" if len(among) > 1 else "1 candidate"
    why = among[0].against or among[0].reasons[0]
    return _shortened(f"no one-time code: {among[0].value!r}: {why} ({count}: {_listed(among)})")


def _listed(candidates: tuple[Weighed, ...]) -> str:
    names = [repr(one.value) for one in candidates[:_CANDIDATES]]
    return ", ".join([*names, *(["..."] if len(candidates) > _CANDIDATES else [])])


def _told(one: Weighed, weighing: Weighing) -> list[str]:
    verb = "may be the code" if one in weighing.found else "not taken"
    return [
        _shortened(f"  {one.value!r} {verb}: {'; '.join(one.reasons)}"),
        f"    {one.where}: {_around(one)}",
    ]


def _around(one: Weighed) -> str:
    """Return the part of its line around a candidate."""
    if len(one.line) <= _WIDTH:
        return printable(one.line)
    start = max(0, min(one.start - _WIDTH // 2, len(one.line) - _WIDTH))
    end = start + _WIDTH
    before, after = "..." if start else "", "..." if end < len(one.line) else ""
    return f"{before}{printable(one.line[start:end])}{after}"


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDTH + 40 else f"{text[: _WIDTH + 37]}..."

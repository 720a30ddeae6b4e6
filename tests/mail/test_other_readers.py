"""Where other readers of mail see something else, and what the standard says about it.

`docs/reference/records.md` has the same table for people.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.mail.comparing_readers import as_others_read, differences, generated, missing

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parent / "cases" / "mail"
PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "records.md"


@dataclass(frozen=True)
class Decided:
    """A row: the reader, the view, the standard that decides for ours, and how to tell."""

    library: str
    view: str
    source: str
    applies: Callable[[Any, Any], bool]


def files(found: list[list[str]], *, as_text: bool) -> list[tuple[str, str, bytes]]:
    """Return attachments with LF line ends and without the last; calendars as text if wanted."""
    tidy = []
    for name, kind, content in found:
        octets = base64.b64decode(content)
        if as_text and kind == "text/calendar":
            octets = octets.decode("utf-8", "replace").encode()
        tidy.append((name, kind, octets.replace(b"\r\n", b"\n").rstrip(b"\r\n")))
    return tidy


def same_but_for_line_ends(ours: Any, theirs: Any) -> bool:
    return files(ours, as_text=False) == files(theirs, as_text=False)


def same_but_for_calendars(ours: Any, theirs: Any) -> bool:
    same = files(ours, as_text=True) == files(theirs, as_text=True)
    return same and not same_but_for_line_ends(ours, theirs)


DECIDED = (
    Decided("postal-mime", "attachments", "RFC 2046 section 5.1.1", same_but_for_line_ends),
    Decided("postal-mime", "attachments", "RFC 2045 section 6.8", same_but_for_calendars),
    Decided(
        "postal-mime", "attachments", "RFC 8621 section 4.1.4",
        lambda ours, theirs: [kind for _, kind, _ in ours] == ["message/rfc822"] and not theirs,
    ),
    Decided(
        "postal-mime", "text", "RFC 8621 section 4.1.4",
        lambda ours, theirs: theirs.startswith(ours) and "Subject: inner" in theirs,
    ),
    Decided(
        "postal-mime", "text", "windows-1251 at IANA",
        lambda ours, theirs: theirs.split() == ours.replace("\ufffd", "\x98").split(),
    ),
    Decided(
        "postal-mime", "to", "RFC 5322 section 4.4",
        lambda ours, theirs: theirs == [f"@a.example,@b.example:{ours[0]}"],
    ),
    Decided(
        "postal-mime", "subject", "RFC 2047 section 6.3",
        lambda ours, theirs: "=?x-none?" in ours and "bad" in theirs,
    ),
    Decided(
        "mailparser", "subject", "RFC 2047 section 6.3",
        lambda ours, theirs: "=?x-none?" in ours and "bad" in theirs,
    ),
)  # fmt: skip


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_every_difference_from_other_readers_is_decided_by_the_standard() -> None:
    mails = generated(320) + [path.read_bytes() for path in sorted(CASES.glob("*.eml"))]
    assert len(set(mails)) >= 300
    seen: set[Decided] = set()
    undecided: list[object] = []
    for mail, others in zip(mails, as_others_read(mails), strict=True):
        for library, view, ours, theirs in differences(mail, others):
            rows = [row for row in DECIDED if (row.library, row.view) == (library, view)]
            deciding = [row for row in rows if row.applies(ours, theirs)]
            seen.update(deciding)
            if not deciding:
                undecided.append((library, view, ours, theirs))
    assert undecided == []
    assert seen == set(DECIDED)


@pytest.mark.parametrize("row", DECIDED, ids=lambda row: f"{row.library} {row.view} {row.source}")
def test_the_reference_names_each_difference(row: Decided) -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert any(
        f"`{row.library}`" in line and f"`{row.view}`" in line and row.source in line
        for line in lines
    )

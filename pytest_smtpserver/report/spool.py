"""Entries on disk until the end of the run: a file for each process, a line of JSON for each test.

Why on disk? The report is one HTML file, but under pytest-xdist its mail is received in several
processes, and it can be many megabytes. So each process writes the views of a test as soon as the
test ends, and forgets them. At the end one process reads all files and sorts the tests.

No locks are needed, because each process appends to its own file, named by its process id. A worker
that crashes, or a full disk, may leave half a line. So each line begins with a line end, and a line
that is not JSON is skipped: one test is lost, and not those before and after it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.mail.document import data_url
from pytest_smtpserver.mail.harmless import in_line
from pytest_smtpserver.records.transcript import render

from .entry import (
    Entry,
    File,
    bounded_transcript,
    is_picture,
    marks_of,
    summary_of,
    too_large,
    views_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_smtpserver.mail.parts import Attachment
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.transaction import Transaction

# All arbitrary. The octets of one message, and of all messages of a process, that are put into the
# page; a message beyond that has a row without its content. And the most rows of one test.
_LARGEST_MESSAGE: Final = 2 * 1024 * 1024
_LARGEST_TOTAL: Final = 64 * 1024 * 1024
_MOST_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test with its mail; the keys of `transcripts` are those of the sessions.

    `outcome` is pytest's word, `failure` the first line of the failure, and `started` orders the
    cases of several processes.
    """

    test: str
    outcome: str
    failure: str
    started: float
    entries: tuple[Entry, ...]
    transcripts: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0


class Spool:
    """Where one process writes its cases."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / f"{os.getpid()}.jsonl"
        self._room = _LARGEST_TOTAL
        self._keys = 0

    def add(
        self,
        test: str,
        outcome: str,
        failure: str,
        started: float,
        attempts: Sequence[tuple[str, Transaction]],
    ) -> None:
        """Write a test's transactions, each of them given with its server's URL."""
        shown = attempts[:_MOST_ROWS]
        transcripts: dict[str, str] = {}
        entries = tuple(self._entry(*attempt, transcripts) for attempt in shown)
        case = Case(
            test=in_line(test),
            outcome=outcome,
            failure=in_line(failure),
            started=started,
            entries=entries,
            transcripts=transcripts,
            left_out=len(attempts) - len(shown),
        )
        with self._path.open("a", encoding="utf-8") as file:
            # The previous line may be cut off, because the disk was full.
            file.write(f"\n{json.dumps(asdict(case))}\n")

    def _entry(self, url: str, transaction: Transaction, transcripts: dict[str, str]) -> Entry:
        self._keys += 1
        session = transaction.session
        # Two servers of a test may have the same address, one after the other.
        place = f"{os.getpid()}-{url}-{session.id}-{session.started_at.timestamp()}"
        if place not in transcripts:
            transcripts[place] = bounded_transcript(f"{url}\n{render(session, compact=True)}")
        key = f"{os.getpid()}-{self._keys}"
        summary = summary_of(transaction, key=key, session=place)
        return Entry(**summary, **self._views(transaction.message))

    def _views(self, message: Message | None) -> dict[str, Any]:
        if message is None:
            return {}
        size = len(message.content)
        if size > _LARGEST_MESSAGE:
            return {"cuts": (too_large(size),)}
        if size > self._room:
            return {"cuts": ("Its content is left out, because this file would be too large.",)}
        self._room -= size
        link = data_url("message/rfc822", message.content)
        return {**marks_of(message), **views_of(message, _link), "link": link}


def _link(number: int, part: Attachment) -> str:
    # A picture is shown by the same link, and needs its type for that. Anything else a browser must
    # save as a file.
    shown = is_picture(part.content_type)
    return data_url(part.content_type if shown else "application/octet-stream", part.content)


def cases(directory: Path) -> list[Case]:
    """Return the cases of all processes: failed tests first, otherwise in order of time."""
    found = [case for path in directory.glob("*.jsonl") for case in _read(path)]
    return sorted(found, key=lambda case: (case.outcome != "failed", case.started))


def _read(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            # Half a line: the process was killed, or the disk was full.
            with suppress(json.JSONDecodeError):
                yield _case(json.loads(line))


def _case(data: dict[str, Any]) -> Case:
    data["entries"] = tuple(_loaded(one) for one in data["entries"])
    return Case(**data)


def _loaded(data: dict[str, Any]) -> Entry:
    data["files"] = tuple(File(**one) for one in data["files"])
    return Entry(**data)

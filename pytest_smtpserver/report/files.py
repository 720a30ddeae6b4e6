"""The files that are written: the one HTML file of a run, and a folder for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.mail import harmless

from . import pages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_smtpserver.records.transaction import Transaction

    from .spool import Case

_TRANSCRIPT: Final = "transcript.txt"


def write_page(path: Path, cases: Sequence[Case]) -> None:
    """Write the report; missing folders are made. Raises `OSError` if it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pieces = pages.stream(
        "report.html",
        cases=cases,
        count=sum(len(case.entries) for case in cases),
        policy=pages.policy("img-src data:"),
    )
    try:
        # One character that cannot be encoded must not cost the whole report.
        with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(pieces)
    except BaseException:
        if path.is_file():
            path.unlink()
        raise


def write_folder(
    directory: Path, test: str, transactions: Sequence[Transaction], transcript: str
) -> Path:
    """Write the folder of a test, and return it; files of an earlier run are replaced.

    Each `.eml` file has the exact octets of a message. The name of a refused one says so. Raises
    `OSError` if something cannot be written.
    """
    folder = directory / harmless.folder_name(test)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.eml"), folder / _TRANSCRIPT):
        old.unlink(missing_ok=True)
    with_content = [one for one in transactions if one.message is not None]
    # Leading zeros, so that an alphabetical listing is in order.
    digits = max(2, len(str(len(with_content))))
    for number, transaction in enumerate(with_content, 1):
        assert transaction.message is not None
        accepted = transaction.outcome in ("accepted", None)
        subject = harmless.name(transaction.message.subject, "no-subject")
        name = f"{number:0{digits}}-{'' if accepted else f'{transaction.outcome}-'}{subject}.eml"
        (folder / name).write_bytes(transaction.message.content)
    text = f"{transcript}\n".encode("utf-8", "backslashreplace")
    (folder / _TRANSCRIPT).write_bytes(text)
    return folder

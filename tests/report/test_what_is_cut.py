"""What a report leaves out because of its size, and that it says so."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.report import files, spool
from tests.report.runs import texts

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smtpserver import Transaction

HEAD = b"Subject: large\r\n\r\n"
LINE = b"x" * 70 + b"\r\n"


def received(*contents: bytes) -> list[tuple[str, Transaction]]:
    with SMTPServer() as server:
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            for content in contents:
                client.sendmail("from@example.org", ["to@example.org"], content)
        return [("smtp://x", one) for one in server.transactions]


def page_of(directory: Path, attempts: list[tuple[str, Transaction]]) -> str:
    written = spool.Spool(directory)
    written.add("test_it.py::test_it", "passed", "", 0.0, attempts)
    files.write_page(directory / "mail.html", spool.cases(directory))
    return (directory / "mail.html").read_text(encoding="utf-8")


def test_a_very_large_message_has_its_row_and_its_envelope(tmp_path: Path) -> None:
    page = page_of(tmp_path, received(HEAD + LINE * 40_000))
    assert len(page) < 100_000
    assert "Its content is too large to be shown here" in texts(page)
    assert "to@example.org" in texts(page)


def test_the_beginning_of_a_long_text_is_shown(tmp_path: Path) -> None:
    page = page_of(tmp_path, received(HEAD + LINE * 5_000))
    assert "Only the first 200,000 characters of the text are shown." in texts(page)
    assert "Only the first 200,000 characters of the raw message are shown." in texts(page)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"X: y\r\n" * 500 + b"\r\n", "Only the first 200 of 500 header fields are shown."),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n" * 300
            + b"--b--\r\n",
            "Only the first 200 of 300 attachments are shown.",
        ),
    ],
)
def test_only_the_first_of_very_many_are_shown(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in texts(page_of(tmp_path, received(content)))


def test_when_there_is_too_much_in_all_contents_are_left_out(tmp_path: Path) -> None:
    [attempt] = received(HEAD + LINE * 25_000)
    page = page_of(tmp_path, [attempt] * 50)
    assert page.count('class="row"') == 50
    assert "left out, because this file would be too large" in texts(page)
    assert len(page) < 120_000_000


def test_the_rest_of_very_many_messages_of_a_test_is_counted(tmp_path: Path) -> None:
    [attempt] = received(HEAD)
    page = page_of(tmp_path, [attempt] * 2_003)
    assert page.count('class="row"') == 2_000
    assert "3 more messages of this test left out." in texts(page)


def test_of_a_long_dialogue_the_middle_is_left_out(tmp_path: Path) -> None:
    with SMTPServer() as server:
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            for number in range(4_000):
                client.docmd("NOOP", f"number {number}")
            client.sendmail("from@example.org", ["to@example.org"], HEAD)
        page = texts(page_of(tmp_path, [("smtp://x", one) for one in server.transactions]))
    assert "characters left out here ...]" in page
    assert "number 0\n" in page
    assert "number 2000\n" not in page
    assert "number 3999\n" in page


def test_html_with_very_large_pictures_is_not_shown(tmp_path: Path) -> None:
    head = b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: "
    html = b"text/html\r\n\r\n<img src=cid:x>\r\n--b\r\nContent-ID: <x>\r\nContent-Type: "
    picture = b"image/png\r\n\r\n" + LINE * 25_000 + b"--b--\r\n"
    page = page_of(tmp_path, received(head + html + picture))
    assert "The HTML and its pictures are too large to be shown: 2," in texts(page)


def test_half_a_line_of_a_killed_worker_is_skipped(tmp_path: Path) -> None:
    page_of(tmp_path, received(HEAD))
    [file] = tmp_path.glob("*.jsonl")
    with file.open("a") as lines:
        lines.write('{"test": "test_it.py::test_ki')
    [case] = spool.cases(tmp_path)
    assert case.test == "test_it.py::test_it"

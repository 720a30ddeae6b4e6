"""Runs of pytest with mail in them, and what they leave."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

#: The function that the tests of an inner run send with.
SENDING = """
import smtplib
from email.message import EmailMessage

import pytest


def send(server, content=b"Subject: hello\\r\\n\\r\\nHi!", to=("to@example.org",)):
    with smtplib.SMTP(*server.addr, timeout=5) as client:
        client.sendmail("from@example.org", list(to), content)
"""


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run these tests with a report and with artifacts, in this process."""
    pytester.makepyfile(SENDING + source)
    return pytester.runpytest_inprocess(
        "--smtpserver-report=mail.html", "--smtpserver-artifacts=mail", *arguments
    )


def report_of(pytester: pytest.Pytester, source: str, *arguments: str) -> str:
    """Run these tests, and return the report."""
    run(pytester, source, *arguments)
    return (pytester.path / "mail.html").read_text(encoding="utf-8")


def texts(page: str) -> str:
    """Return the text between the tags of a page."""
    return unescape(re.sub(r"<[^>]*>", " ", page))


def folders(pytester: pytest.Pytester) -> list[Path]:
    """Return the folders of the tests, in the order of their names."""
    return sorted((pytester.path / "mail").iterdir())

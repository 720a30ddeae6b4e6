"""What a page says that pytest prints is what pytest prints."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from pages import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = ROOT / "docs" / "examples"

# Ports, times and the time of the day are others in each run. A page shows a wait of the default
# two seconds; the tests do not wait for so long.
VOLATILE: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d\d:\d\d:\d\d\.\d+ UTC", "TIME UTC"),
    (r"\+\d+\.\d{3} ", "+SECONDS "),
    (r"in [\d.]+ s\b", "in SECONDS s"),
    (r"made at \S+:(\d+)", r"made at LINE \1"),
    # Which cipher suite it is, OpenSSL decides.
    (r"(TLSv1\.3) with \w+", r"\1 with SUITE"),
    # Which of them smtplib writes in capitals differs from one Python to the next.
    (r"C: (?i:ehlo|mail from|rcpt to|data)\b", lambda command: command[0].upper()),
]


def normalized(text: str) -> str:
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


@pytest.fixture
def printed_by_a_failure(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    monkeypatch.setenv("COLUMNS", "80")

    def run(source: str) -> str:
        pytester.makepyfile(source)
        result = pytester.runpytest_inprocess("-o", "smtpserver_wait_timeout=0.1")
        result.assert_outcomes(failed=1)
        return normalized(result.stdout.str())

    return run


def assert_shown(shown: str, printed: str) -> None:
    """Assert that pytest has printed this; `[...]` on a page stands for what is left out."""
    pieces = [piece for text in shown.split("[...]\n") if (piece := normalized(text))]
    assert pieces
    for piece in pieces:
        assert f"\n{piece}\n" in printed
        printed = "\n" + printed.partition(f"\n{piece}\n")[2]


def test_the_readme_shows_how_its_example_fails(
    printed_by_a_failure: Callable[[str], str],
) -> None:
    [block] = [one for one in blocks() if one.page.name == "README.md" and one.info == "text"]
    test = (ROOT / "examples" / "test_first_mail.py").read_text()
    printed = printed_by_a_failure(test.replace("Subject: Welcome", "Subject: Welcom"))
    assert_shown(block.text, printed)


def test_the_tutorial_shows_how_its_test_fails(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    printed_by_a_failure: Callable[[str], str],
) -> None:
    # The one of docs/examples may be there already.
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    application = (EXAMPLES / "shop.py").read_text()
    pytester.makepyfile(shop=application.replace('"Welcome"', '"Welcom"'))
    tests = (EXAMPLES / "test_tutorial.py").read_text()
    printed = printed_by_a_failure(tests.partition("\n\n\ndef test_a_customer_is_welcomed_once")[0])
    assert_shown((EXAMPLES / "misspelt_subject.txt").read_text(), printed)


def test_the_page_on_transcripts_shows_that_of_its_example(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makepyfile((EXAMPLES / "test_how_to_read_a_transcript.py").read_text())
    # Not in this process: what makes certificates can be imported once only.
    result = pytester.runpytest_subprocess(
        "-k", "test_a_session", "-rP", "--smtpserver-transcript=all"
    )
    result.assert_outcomes(passed=1, deselected=1)
    assert_shown((EXAMPLES / "transcript.txt").read_text(), normalized(result.stdout.str()))

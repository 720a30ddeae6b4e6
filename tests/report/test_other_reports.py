"""A failed test's mail is in the reports of pytest-html and allure-pytest, without settings."""

from __future__ import annotations

import json

import pytest

from tests.report.runs import SENDING

PYTEST_HTML = ("-p", "metadata", "-p", "html", "-p", "html_fixtures")

SUITE = (
    SENDING
    + r"""
def test_fails(smtpserver):
    send(smtpserver, b"Subject: <b>first</b>\r\n\r\n\xff\r\n")
    send(smtpserver, b"Subject: second\r\n\r\nHi!")
    assert 0

def test_passes(smtpserver):
    send(smtpserver, b"Subject: passed\r\n\r\n")
"""
)


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n1")], ids=["here", "in a worker"])
def test_pytest_html_has_it(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess(
        *PYTEST_HTML, "--html=out.html", "--self-contained-html", *workers
    )
    page = (pytester.path / "out.html").read_text(encoding="utf-8")
    assert "mail 1 b-first-b" in page
    assert "mail 2 second" in page
    assert "passed-" not in page
    assert "mail 1 passed" not in page


def test_pytest_html_has_it_as_files(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess(*PYTEST_HTML, "--html=out.html")
    texts = [path.read_text() for path in (pytester.path / "assets").glob("*.txt")]
    assert any("Subject: second" in text for text in texts)


def test_allure_has_it_octet_for_octet(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess("-p", "allure_pytest", "--alluredir=allure")
    results = [json.loads(path.read_text()) for path in pytester.path.glob("allure/*-result.json")]
    attached = {
        one["name"]: (pytester.path / "allure" / one["source"]).read_bytes()
        for result in results
        for one in result.get("attachments", ())
        if one["name"].startswith("mail")
    }
    assert attached == {
        "mail 1 b-first-b": b"Subject: <b>first</b>\r\n\r\n\xff\r\n",
        "mail 2 second": b"Subject: second\r\n\r\nHi!\r\n",
    }


def test_a_run_without_them_has_nothing_to_do(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)

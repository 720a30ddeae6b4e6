"""Other plugins' reports name the cause first, and have the transcript."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parent.parent.parent

SUITE = """
import smtplib

def test_it(smtpserver):
    with smtplib.SMTP(*smtpserver.addr, "client.example") as client:
        client.sendmail("shop@example.com", "ann@example.org", "Subject: Welcom")
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)

def test_compare(smtpserver):
    with smtplib.SMTP(*smtpserver.addr, "client.example") as client:
        client.sendmail("shop@example.com", "ann@example.org", "Subject: Welcom")
    assert smtpserver.messages == ()
"""

CAUSE = "subject is 'Welcom', not 'Welcome' (1 message in "
TRANSCRIPT = "C: RCPT TO:<ann@example.org>"


def run(tmp_path: Path, *args: str, width: str = "200", **env: str) -> str:
    """Return what pytest prints of the suite, with no plugin but ours and those in the arguments.

    It is a process of its own, and plugins load only by name: those of this test alter what pytest
    prints, and must not disturb other tests.
    """
    (tmp_path / "test_suite.py").write_text(SUITE)
    fresh = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    for name in ("CI", "BUILD_NUMBER"):
        fresh.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_smtpserver.plugin", *args, "test_suite.py"],
        cwd=tmp_path,
        env={
            **fresh,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": width,
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    # Without colours, and without the frames that rich draws.
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    return re.sub(r"(?i)rcpt to:", "RCPT TO:", text)


def test_the_summary_has_the_first_line_alone(tmp_path: Path) -> None:
    printed = run(tmp_path)
    assert f"FAILED test_suite.py::test_it - {CAUSE}" in printed
    # Once in the failure itself, and once in the summary.
    assert printed.count(CAUSE) == 2
    assert printed.count(TRANSCRIPT) == 2


def test_a_narrow_summary_shows_the_cause(tmp_path: Path) -> None:
    printed = run(tmp_path, width="80")
    assert "FAILED test_suite.py::test_it - subject is 'Welcom', not 'Welcome'" in printed


def test_on_a_build_server_too(tmp_path: Path) -> None:
    printed = run(tmp_path, CI="true")
    [line] = [
        one for one in printed.splitlines() if one.startswith("FAILED test_suite.py::test_it")
    ]
    assert line.startswith(f"FAILED test_suite.py::test_it - {CAUSE}")
    after = printed.splitlines()[printed.splitlines().index(line) + 1]
    assert after.startswith("FAILED test_suite.py::test_compare")


def test_xdist(tmp_path: Path) -> None:
    printed = run(tmp_path, "-p", "xdist", "-n", "1")
    assert f"FAILED test_suite.py::test_it - {CAUSE}" in printed
    assert TRANSCRIPT in printed


@pytest.mark.parametrize("name", ["icdiff", "clarity"])
def test_other_kinds_of_comparison_are_left_to_pytest(tmp_path: Path, name: str) -> None:
    plugin = {"icdiff": "pytest_icdiff", "clarity": "pytest_clarity.plugin"}[name]
    printed = run(tmp_path, "-p", plugin)
    assert f"FAILED test_suite.py::test_it - {CAUSE}" in printed
    assert "assert 1 message == ()" in printed
    assert "1. <Message 'Welcom': shop@example.com -> ann@example.org>" in printed


def test_sugar(tmp_path: Path) -> None:
    printed = run(tmp_path, "-p", "pytest_sugar", "--force-sugar")
    assert CAUSE in printed
    assert TRANSCRIPT in printed


def test_rich(tmp_path: Path) -> None:
    printed = run(tmp_path, "-p", "pytest_rich.plugin", "--rich")
    assert CAUSE in printed


def test_html(tmp_path: Path) -> None:
    plugins = ("-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin")
    run(
        tmp_path, *plugins, "-p", "pytest_html.fixtures", "--html=out.html", "--self-contained-html"
    )
    page = (tmp_path / "out.html").read_text("utf-8")
    assert "subject is &amp;#x27;Welcom&amp;#x27;, not" in page or "subject is &#39;Welcom" in page
    assert re.search(r"(?i)rcpt to:", page)


def test_junit(tmp_path: Path) -> None:
    run(tmp_path, "--junitxml=out.xml")
    [case] = [
        one
        for one in ET.parse(tmp_path / "out.xml").iter("testcase")
        if one.get("name") == "test_it"
    ]
    [failure] = case.iter("failure")
    message = failure.get("message") or ""
    assert message.startswith(CAUSE)
    assert "\n" not in message
    [value] = [one.get("value") or "" for one in case.iter("property")]
    assert [one.get("name") for one in case.iter("property")] == ["smtp_transcript"]
    assert re.search(r"(?i)C: rcpt to:<ann@example.org>", value)


def test_json_report(tmp_path: Path) -> None:
    plugins = ("-p", "pytest_metadata.plugin", "-p", "pytest_jsonreport.plugin")
    run(tmp_path, *plugins, "--json-report", "--json-report-file=out.json")
    test = json.loads((tmp_path / "out.json").read_text())["tests"][0]
    assert test["call"]["crash"]["message"].startswith(CAUSE)
    [value] = [one["smtp_transcript"] for one in test["user_properties"]]
    assert re.search(r"(?i)C: rcpt to:<ann@example.org>", value)


def test_allure(tmp_path: Path) -> None:
    run(tmp_path, "-p", "allure_pytest.plugin", "--alluredir=out")
    results = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*-result.json")]
    [result] = [one for one in results if one["name"] == "test_it"]
    assert result["statusDetails"]["message"].startswith(CAUSE)
    assert "\n" not in result["statusDetails"]["message"]
    [attached] = [one for one in result["attachments"] if one["name"] == "SMTP transcript"]
    text = (tmp_path / "out" / attached["source"]).read_text()
    assert re.search(r"(?i)C: rcpt to:<ann@example.org>", text)

"""Snapshots with the tools that people use for them, each in a run of its own."""

from __future__ import annotations

import sys

import pytest

TEST = """
import smtplib

def deliver(server, body="Hello Ann"):
    with smtplib.SMTP(*server.addr) as client:
        mail = f"Subject: Welcome\\r\\n\\r\\n{body}\\r\\n\\r\\nYour shop"
        client.sendmail("shop@x.test", ["ann@x.test"], mail)
    server.wait_closed()
"""

TEXT = """\
envelope:
  from: <shop@x.test>
  to: <ann@x.test>
  parameters: SIZE=<size>

header:
  Subject: Welcome

parts:
  text/plain

text:
  Hello Ann

  Your shop"""


class Suite:
    """A directory with tests that are run in a process of their own, with one plugin more."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def run(self, test: str, plugin: str, *options: str) -> pytest.RunResult:
        self.pytester.makepyfile(f"{TEST}\n{test}")
        plugins = ["-p", plugin] if plugin else []
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugins, *options]
        return self.pytester.run(*command, timeout=60)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    return Suite(pytester)


#: How pytest explains a difference in the body.
EXPLAINED = ["*-   Hello Ann", "*+   Hello Bob"]
SYRUPY = """
def test_it(smtpserver, snapshot):
    deliver(smtpserver{body})
    assert str(smtpserver.messages[0]) == snapshot
    assert smtpserver.sessions[0].dialogue() == snapshot
"""


def test_with_syrupy(suite: Suite) -> None:
    first = SYRUPY.format(body="")
    suite.run(first, "syrupy", "--snapshot-update").assert_outcomes(passed=1)
    suite.run(first, "syrupy").assert_outcomes(passed=1)
    failed = suite.run(SYRUPY.format(body=', "Hello Bob"'), "syrupy")
    failed.assert_outcomes(failed=1)
    failed.stdout.re_match_lines([".*- .*Hello Ann", ".*[+] .*Hello Bob"])


INLINE = """
from inline_snapshot import snapshot

def test_it(smtpserver):
    deliver(smtpserver{body})
    assert str(smtpserver.messages[0]) == snapshot({text})
"""


def test_with_inline_snapshot(suite: Suite) -> None:
    created = suite.run(
        INLINE.format(body="", text=""), "inline_snapshot.pytest_plugin", "--inline-snapshot=create"
    )
    assert "Hello Ann" in created.stdout.str()
    [written] = suite.pytester.path.glob("test_*.py")
    assert "  to: <ann@x.test>\n" in written.read_text()
    text = f'"""{TEXT}"""'
    plugin = "inline_snapshot.pytest_plugin"
    suite.run(INLINE.format(body="", text=text), plugin).assert_outcomes(passed=1)
    changed = INLINE.format(body=', "Hello Bob"', text=text)
    failed = suite.run(changed, plugin, "--inline-snapshot=disable")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(EXPLAINED)


APPROVED = """
from approvaltests import verify
from approvaltests.reporters import PythonNativeReporter

def test_it(smtpserver):
    deliver(smtpserver{body})
    verify(str(smtpserver.messages[0]), reporter=PythonNativeReporter())
"""


def test_with_approvaltests(suite: Suite) -> None:
    suite.pytester.makefile(".approved.txt", x=TEXT)
    suite.run(APPROVED.format(body=""), "").assert_outcomes(failed=1)
    [received] = suite.pytester.path.glob("*.received.txt")
    assert received.read_text().rstrip("\n") == TEXT
    received.rename(str(received).replace(".received.", ".approved."))
    suite.run(APPROVED.format(body=""), "").assert_outcomes(passed=1)
    failed = suite.run(APPROVED.format(body=', "Hello Bob"'), "")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["-  Hello Ann", "+  Hello Bob"])


PLAIN = '''
def test_it(smtpserver):
    deliver(smtpserver{body})
    assert str(smtpserver.messages[0]) == """{text}"""
'''


def test_with_a_plain_string(suite: Suite) -> None:
    suite.run(PLAIN.format(body="", text=TEXT), "").assert_outcomes(passed=1)
    failed = suite.run(PLAIN.format(body=', "Hello Bob"', text=TEXT), "")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(EXPLAINED)

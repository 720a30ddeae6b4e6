"""What a test costs in its own thread, in calls of functions: a clock would tell of the machine."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_COUNTING = """
import sys, pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    ours = signatures = 0

    def count(frame, event, _):
        nonlocal ours, signatures
        if event == "call":
            ours += frame.f_globals.get("__name__", "").startswith("pytest_smtpserver.")
            signatures += frame.f_code.co_name == "signature"

    sys.setprofile(count)
    try:
        return (yield)
    finally:
        sys.setprofile(None)
        print("counted", item.name, ours, signatures)
"""

# The first of each kind imports what it needs.
_TESTS = """
import smtplib

def test_1_nothing(): pass

def test_1_ordinary(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port, "client.test", 20) as client:
        client.sendmail("a@x.test", ["b@x.test"], "Subject: Hello\\n\\nHi\\n")
    message = smtpserver.messages[0]
    assert message.envelope.rcpt_to == ("b@x.test",)
    assert message.subject == "Hello"

def test_2_nothing(): pass

test_2_ordinary = test_1_ordinary
"""


class Counted(NamedTuple):
    """The calls of our functions, and how often pytest has read a function's signature."""

    ours: int
    signatures: int


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counted]:
    """What tests in a run of their own cost, by name."""
    directory: Path = tmp_path_factory.mktemp("counted")
    (directory / "conftest.py").write_text(_COUNTING)
    (directory / "test_both.py").write_text(_TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
         "-c", "/dev/null", "--rootdir", str(directory), str(directory)],
        capture_output=True, text=True, check=True, cwd=directory, timeout=120,
    )  # fmt: skip
    found = re.findall(r"counted (\w+) (\d+) (\d+)", done.stdout)
    return {name: Counted(int(ours), int(signatures)) for name, ours, signatures in found}


def test_a_test_without_a_server_costs_few_calls(counted: dict[str, Counted]) -> None:
    assert 0 < counted["test_2_nothing"].ours <= 37


def test_an_ordinary_test_costs_few_calls_in_its_own_thread(counted: dict[str, Counted]) -> None:
    # Up to ten fewer if the server's thread has seen the client leave before the test ends.
    assert 0 < counted["test_2_ordinary"].ours <= 180


def test_pytest_reads_no_signature_for_the_servers_fixtures(counted: dict[str, Counted]) -> None:
    # It would for each `request` that a fixture takes.
    assert counted["test_2_ordinary"].signatures == counted["test_2_nothing"].signatures

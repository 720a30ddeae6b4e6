"""`--smtpserver-inbox`: the mail of all servers of a run, while the run goes on."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request

import pytest

SUITE = """
import json
import smtplib
import urllib.request

import pytest
from pytest_smtpserver import SMTPServer

def send(server, subject):
    with smtplib.SMTP(*server.addr, timeout=5) as client:
        client.sendmail("from@example.org", ["to@example.org"], f"Subject: {subject}\\r\\n\\r\\n")

def listed(request):
    url = request.config.pluginmanager.get_plugin("smtpserver-inbox")._inbox.url
    with urllib.request.urlopen(f"{url}messages.json", timeout=5) as answer:
        return [(one["test"].rpartition("::")[2], one["subject"]) for one in json.load(answer)]
"""


def test_it_shows_the_mail_of_all_servers_by_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUITE
        + """
def test_one(smtpserver, smtpserver_factory, smtpserver_session, request):
    send(smtpserver, "fixture")
    send(smtpserver_factory(), "factory")
    send(smtpserver_session, "session")
    with SMTPServer() as own:
        send(own, "own")
    assert listed(request)[0] == ("test_one", "own")

def test_two(smtpserver_session, request):
    send(smtpserver_session, "later")
    assert listed(request) == [
        ("test_two", "later"), ("test_one", "own"), ("test_one", "session"),
        ("test_one", "factory"), ("test_one", "fixture"),
    ]
"""
    )
    result = pytester.runpytest_inprocess("--smtpserver-inbox=0")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["SMTP inbox: http://127.0.0.1:*/"])


def test_the_inbox_works_while_a_test_is_stopped_in_a_debugger(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUITE
        + """
def test_it(smtpserver):
    send(smtpserver, "before the breakpoint")
    breakpoint()
"""
    )
    run = pytester.popen(
        [sys.executable, "-m", "pytest", "--smtpserver-inbox=0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout
        url = ""
        for line in run.stdout:
            if line.startswith("SMTP inbox: "):
                url = line.partition(": ")[2].strip()
            if "breakpoint()" in line:
                break
        with urllib.request.urlopen(f"{url}messages.json", timeout=10) as answer:
            assert b"before the breakpoint" in answer.read()
        output, _ = run.communicate("continue\n", timeout=60)
    assert "1 passed" in output


def test_the_run_ends_though_pages_are_open(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUITE
        + """
import socket

OPEN = []

def test_it(smtpserver, request):
    port = request.config.pluginmanager.get_plugin("smtpserver-inbox")._inbox.port
    for _ in range(30):
        OPEN.append(socket.create_connection(("127.0.0.1", port), 5))
        OPEN[-1].sendall(b"GET /events HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
        assert OPEN[-1].recv(10)
"""
    )
    result = pytester.runpytest_subprocess("--smtpserver-inbox=0", timeout=60)
    result.assert_outcomes(passed=1)


def test_a_fault_of_the_page_itself_is_one_sentence_and_fails_no_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("our own fault")

    monkeypatch.setattr("pytest_smtpserver.inbox.site.Site.answer", fail)
    pytester.makepyfile(
        SUITE
        + """
import urllib.error

def test_it(smtpserver, request):
    send(smtpserver, "hello")
    with pytest.raises(urllib.error.HTTPError, match="500"):
        listed(request)
"""
    )
    result = pytester.runpytest_inprocess("--smtpserver-inbox=0")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["the inbox failed: ZeroDivisionError('our own fault')"])


def test_a_busy_port_of_the_inbox_is_one_sentence(pytester: pytest.Pytester) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = pytester.runpytest_inprocess(f"--smtpserver-inbox={port}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --smtpserver-inbox={port}: *"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--smtpserver-inbox=70000",), "70000: must be a port from 0 to 65535"),
        (("--smtpserver-inbox=-1",), "-1: must be a port from 0 to 65535"),
        (("--smtpserver-inbox=off",), "off: must be a port from 0 to 65535"),
        (("--smtpserver-inbox=0", "-p", "xdist", "-n1"), "0: *run without -n to look at them live"),
    ],
)
def test_an_impossible_value_is_one_sentence(
    pytester: pytest.Pytester, arguments: tuple[str, ...], said: str
) -> None:
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --smtpserver-inbox={said}"])

"""`python -m pytest_smtpserver`: the same server to send to by hand."""

from __future__ import annotations

import re
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

TIMEOUT = 60
PROGRAM = [sys.executable, "-m", "pytest_smtpserver"]
SECRET = "s3cret-enough"


class Terminal:
    """The running program; its output is read as it comes."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "--port=0", "--inbox-port=0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        where = self.until("listening at ")
        self.port = int(where.rpartition(":")[2])
        if "--inbox-port=off" not in arguments:
            self.inbox = self.until("inbox at ").partition("inbox at ")[2]
        self.until("Ctrl-C")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # It ends by itself, so that measuring it sees what it ran.
        self.process.terminate()
        try:
            self.process.communicate(timeout=TIMEOUT)
        finally:
            self.process.kill()

    def until(self, wanted: str) -> str:
        """Read lines until one contains this, and return that line."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if wanted in line:
                return self.said[-1]
        raise AssertionError(self.said)

    def send(self, content: str, *recipients: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=TIMEOUT) as client:
            client.sendmail("from@example.org", recipients or ["to@example.org"], content)


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    with Terminal("-v", f"--user=ann:{SECRET}", "--set", "hostname=mail.test") as running:
        yield running


def test_it_prints_a_line_for_each_message(terminal: Terminal) -> None:
    terminal.send("Subject: One line\r\n\r\n", "ann@example.org", "bob@example.org")
    line = terminal.until("from@example.org ->")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  from@example\.org -> ann@example\.org, bob@example\.org  One line", line
    )


def test_control_characters_are_visible(terminal: Terminal) -> None:
    terminal.send("Subject: =?utf-8?q?=1B[31mred=0Aalert=E2=80=AE?=\r\n\r\n")
    terminal.until(r"-> to@example.org  \x1b[31mred\nalert\u202e")


def test_the_dialogue_comes_before_the_line_of_its_message(terminal: Terminal) -> None:
    before = len(terminal.said)
    terminal.send("Subject: cause\r\n\r\n")
    terminal.until("-> to@example.org  cause")
    # Python's versions differ in smtplib's capitals.
    dialogue = "\n".join(terminal.said[before:]).casefold()
    for line in ("c: mail from:<from@example.org>", "c: data", "c: subject: cause"):
        assert line in dialogue


def test_the_dialogue_is_shown_with_its_secrets_masked(terminal: Terminal) -> None:
    with smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as client:
        client.user, client.password = "ann", SECRET
        client.ehlo()
        client.auth("PLAIN", client.auth_plain)
    terminal.until("AUTH PLAIN ***")
    terminal.until("235")
    assert SECRET not in "\n".join(terminal.said)


def test_settings_are_taken_by_name(terminal: Terminal) -> None:
    with smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as client:
        assert client.ehlo()[1].startswith(b"mail.test")
        assert client.has_extn("auth")


def test_the_inbox_has_what_came(terminal: Terminal) -> None:
    terminal.send("Subject: For the inbox\r\n\r\n")
    terminal.until("-> to@example.org  For the inbox")
    with urllib.request.urlopen(f"{terminal.inbox}messages.json", timeout=TIMEOUT) as answer:
        assert b"For the inbox" in answer.read()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_it_ends_at_once_without_a_traceback() -> None:
    with (
        Terminal() as terminal,
        socket.create_connection(("127.0.0.1", terminal.port), TIMEOUT),
        urllib.request.urlopen(f"{terminal.inbox}events", timeout=TIMEOUT),
    ):
        terminal.process.send_signal(signal.SIGINT)
        output, _ = terminal.process.communicate(timeout=TIMEOUT)
    assert terminal.process.returncode == 0
    assert output == ""


def test_the_inbox_can_be_left_out() -> None:
    with Terminal("--inbox-port=off") as terminal:
        assert not any("inbox at" in line for line in terminal.said)


def test_tls_is_a_setting_away() -> None:
    with Terminal("--tls=starttls") as terminal:
        with smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as client:
            client.ehlo()
            assert client.has_extn("starttls")
        assert any("certificate authority: /" in line for line in terminal.said)


def test_a_setting_can_be_switched_on_with_a_word() -> None:
    with (
        Terminal("--inbox-port=off", "--tls=starttls", "--set", "tls_required=Yes") as terminal,
        smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as client,
    ):
        client.ehlo()
        assert client.mail("from@example.org")[0] == 530


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port=70000"], "port=70000: must be a whole number"),
        (["--port=x"], "port='x': must be a whole number"),
        (["--inbox-port=x"], "'x' must be a port"),
        (["--set", "hostnam=x"], "unknown setting 'hostnam'"),
        (["--set", "strict"], "--set strict: must be NAME=VALUE"),
        (["--set", "strict=maybe"], "strict='maybe': must be true or false"),
        (["--set", "wait_timeout=-1"], "wait_timeout=-1.0: must be"),
        (["--user", SECRET], "--user number 1: must be NAME:PASSWORD"),
        (["--tls", "on"], "invalid choice: 'on'"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--prt", "25"], "unrecognized arguments: --prt; did you mean --port?"),
        (
            ["--hostname=x"],
            "unrecognized arguments: --hostname; did you mean --set hostname=VALUE?",
        ),
        (["--max-recipients", "3"], "did you mean --set max_recipients=VALUE?"),
        (["--password", SECRET], "--password; did you mean --user NAME:PASSWORD?"),
        (["--starttls"], "unrecognized arguments: --starttls; did you mean --tls?"),
        (["25"], "unrecognized arguments: 25"),
        (["--user", "ann:1", "--user", "ann:2"], "--user number 2: 'ann' is given twice"),
        (["--host", "203.0.113.1"], "cannot listen"),
    ],
)
def test_an_impossible_value_is_one_sentence_and_status_2(arguments: list[str], said: str) -> None:
    run = subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert run.returncode == 2
    assert run.stdout == ""
    [line] = run.stderr.splitlines()
    assert line.startswith("python -m pytest_smtpserver: ")
    assert said in line
    assert SECRET not in line


@pytest.mark.parametrize("option", ["--port", "--inbox-port"])
def test_a_busy_port_is_one_sentence_and_status_2(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [*PROGRAM, "--port=0", "--inbox-port=0", f"{option}={port}"],
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    assert run.returncode == 2
    [line] = run.stderr.splitlines()
    assert f"cannot listen on port {port} of 127.0.0.1" in line


def test_long_input_is_taken_line_by_line() -> None:
    with Terminal("--inbox-port=off") as terminal:
        with smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as client:
            for number in range(1_201):
                if number == 1_200:
                    # Now it forgets the messages before, of which it keeps a thousand.
                    terminal.until("number 1199")
                client.sendmail("a@x.test", ["b@x.test"], f"Subject: number {number}\r\n\r\n")
        terminal.until("number 1200")
        assert sum("number" in line for line in terminal.said) == 1_201


def test_no_line_of_content_that_arrives_slowly_is_missing() -> None:
    with (
        Terminal("-v", "--inbox-port=off") as terminal,
        smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as client,
    ):
        client.ehlo()
        client.mail("a@x.test")
        client.rcpt("b@x.test")
        client.docmd("DATA")
        client.send(b"Subject: slow\r\n")
        # The dialogue is shown whenever something has happened.
        with smtplib.SMTP("127.0.0.1", terminal.port, timeout=TIMEOUT) as other:
            other.ehlo("other.test")
        terminal.until("is not complete yet")
        client.send(b"From: a@x.test\r\n\r\nthe body\r\n.\r\n")
        assert client.getreply()[0] == 250
        terminal.until("-> b@x.test  slow")
    said = "\n".join(terminal.said)
    for line in ("C: Subject: slow", "C: From: a@x.test", "C: the body", "C: ."):
        assert line in said

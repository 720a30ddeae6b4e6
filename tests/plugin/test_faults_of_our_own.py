"""If something in us breaks, the test that met it fails with that reason, and no other test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Far more than the run takes on a busy machine.
TIMEOUT = 120

# What the tests of the inner run do: one meets a fault, and the next is well on three servers.
COMMON = """
import errno
import smtplib

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.network import background, listener, stream
from pytest_smtpserver.recording import recorder, session, transaction
from pytest_smtpserver.rules import book
from pytest_smtpserver.smtp import engine


def send(server):
    with smtplib.SMTP(*server.addr, timeout=60) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: hello")


def meet(server, timeout=3600):
    try:
        send(server)
    except (OSError, smtplib.SMTPException):
        pass
    server.wait_for_message(timeout=timeout)


def fail(*_, **__):
    raise ZeroDivisionError("our own fault")


def fail_with(error):
    def fail(*_, **__):
        raise error
    return fail


class Vicious(BaseException):
    pass


@pytest.fixture(scope="module")
def lasting():
    with SMTPServer() as server:
        yield server


def is_well(*servers):
    for server in servers:
        server.clear()
        send(server)
        assert len(server.messages) == 1
"""

# Each: what the test does, and what its line in pytest's short summary must have.
CRASH = "the SMTP server crashed: ZeroDivisionError"
FAULTS = {
    "engine_receives": (
        "monkeypatch.setattr(engine.SMTPEngine, 'receive', fail); meet(smtpserver)",
        CRASH,
    ),
    "engine_acts": (
        "monkeypatch.setattr(engine.SMTPEngine, 'next_action', fail); meet(smtpserver)",
        CRASH,
    ),
    "engine_ends": (
        (
            "monkeypatch.setattr(engine.SMTPEngine, 'end', fail); client = smtplib.SMTP("
            "*smtpserver.addr, timeout=60); smtpserver.stop(); client.close()"
        ),
        CRASH,
    ),
    "engine_is_asked_at_the_end": (
        (
            "monkeypatch.setattr(engine.SMTPEngine, 'awaits_goodbye', property(fail)); "
            "client = smtplib.SMTP(*smtpserver.addr, timeout=60); smtpserver.stop(); client.close()"
        ),
        CRASH,
    ),
    "session_begins": (
        "monkeypatch.setattr(recorder.Recorder, 'session_began', fail); meet(smtpserver)",
        CRASH,
    ),
    "session_is_answered": (
        "monkeypatch.setattr(session.SessionRecording, 'answered', fail); meet(smtpserver)",
        CRASH,
    ),
    "message_is_recorded": (
        "monkeypatch.setattr(recorder.Recorder, 'transaction_ended', fail); meet(smtpserver)",
        CRASH,
    ),
    "session_ends": (
        "monkeypatch.setattr(recorder.Recorder, 'session_ended', fail); send(smtpserver)",
        CRASH,
    ),
    "content_arrives": (
        "monkeypatch.setattr(transaction.TransactionRecording, 'received', fail); meet(smtpserver)",
        CRASH,
    ),
    "rules_are_asked": (
        (
            "monkeypatch.setattr(book.RuleBook, 'answering', fail); "
            "smtpserver.on('mail', optional=True).accept(); meet(smtpserver)"
        ),
        CRASH,
    ),
    "no_buffers": (
        (
            "monkeypatch.setattr(stream.ClearStream, 'send_at_once', "
            "fail_with(OSError(errno.ENOBUFS, 'No buffer space available'))); meet(smtpserver)"
        ),
        "the SMTP server crashed: OSError(105, 'No buffer space available')",
    ),
    "no_descriptors": (
        (
            "monkeypatch.setattr(listener, 'accept', "
            "fail_with(OSError(errno.EMFILE, 'Too many open files'))); "
            "client = smtplib.SMTP(timeout=60); client.sock = client._get_socket("
            "*smtpserver.addr, 60); smtpserver.wait_for_message(timeout=3600)"
        ),
        "the SMTP server crashed: OSError(24, 'Too many open files')",
    ),
    "dead_thread": (
        (
            "background().soon(fail_with(Vicious('our own fault'))); "
            "smtpserver.wait_for_message(timeout=3600)"
        ),
        "the SMTP server crashed: TrioInternalError",
    ),
    "callable_of_a_rule": (
        "smtpserver.on('mail').reply(fail); meet(smtpserver, timeout=0)",
        "ZeroDivisionError: our own fault",
    ),
    "where_of_a_rule": (
        "smtpserver.on('mail', where=fail).reply(550); meet(smtpserver, timeout=0)",
        "ZeroDivisionError: our own fault",
    ),
    "where_of_a_wait": (
        "send(smtpserver); smtpserver.wait_for_message(where=fail)",
        "the criterion where=fail raised ZeroDivisionError: our own fault",
    ),
    # The report applies the criteria of a wait once more, to mail that came later.
    "where_of_a_wait_that_is_over": (
        (
            "pytest.raises(AssertionError, smtpserver.wait_for_message, timeout=0, where=fail); "
            "send(smtpserver); assert 0, 'the reason'"
        ),
        "AssertionError: the reason",
    ),
    "transcript": (
        ("monkeypatch.setattr(recorder, 'render', fail); send(smtpserver); assert 0, 'the reason'"),
        "AssertionError: the reason",
    ),
}


def _source() -> str:
    tests = []
    for number, (name, (body, _)) in enumerate(FAULTS.items()):
        used = "smtpserver, monkeypatch"
        tests.append(f"def test_{number:02}_{name}({used}):\n    {body}\n")
        tests.append(
            f"def test_{number:02}_next(smtpserver, lasting):\n"
            "    lasting.start()\n"
            "    lasting.reset()\n"
            "    is_well(smtpserver, lasting)\n"
        )
    return "\n\n".join([COMMON, *tests])


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of one run in which each fault is met once."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "test_it.py").write_text(_source())
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "smtpserver", "."],
        cwd=folder,
        # So that no line of the summary is cut.
        env=os.environ | {"COLUMNS": "500", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    return run.stdout.splitlines()


@pytest.mark.parametrize("name", FAULTS)
def test_the_test_that_meets_a_fault_fails_with_that_reason(name: str, outcome: list[str]) -> None:
    said = [one for one in outcome if one.startswith(("FAILED", "ERROR")) and f"_{name} - " in one]
    assert any(FAULTS[name][1] in one for one in said)


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=list(FAULTS))
def test_the_next_test_and_another_server_are_well(number: int, outcome: list[str]) -> None:
    assert f"PASSED test_it.py::test_{number:02}_next" in outcome


def test_a_run_with_faults_ends_with_its_ordinary_output(outcome: list[str]) -> None:
    assert "INTERNALERROR" not in "\n".join(outcome)
    assert " failed, " in outcome[-1]

"""`--smtpserver-artifacts`: a folder for each test, and no file outside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies

from pytest_smtpserver.mail import harmless
from tests.report.runs import SENDING, folders, run

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_message_is_a_file_named_by_number_and_subject(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
def test_it(smtpserver):
    send(smtpserver, b"Subject: Your order\\r\\n\\r\\n")
    send(smtpserver, b"From: a@example.org\\r\\n\\r\\n")
""",
    )
    [folder] = folders(pytester)
    assert folder.name.endswith(".py--test_it")
    assert files(folder) == ["01-Your-order.eml", "02-no-subject.eml", "transcript.txt"]


def test_a_file_has_the_octets_that_were_sent(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        r"""
def test_it(smtpserver): send(smtpserver, b"Subject: x\r\n\r\n\xff\x00\r\n.dot\r\n")
""",
    )
    [folder] = folders(pytester)
    assert (folder / "01-x.eml").read_bytes() == b"Subject: x\r\n\r\n\xff\x00\r\n.dot\r\n"


def test_the_transcript_has_both_directions(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(smtpserver): send(smtpserver)")
    [folder] = folders(pytester)
    text = (folder / "transcript.txt").read_text()
    # smtplib has changed the case of its commands.
    assert "C: RCPT TO:<TO@EXAMPLE.ORG>" in text.upper()
    assert "S: 250" in text


def test_a_message_that_was_refused_says_so(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
def test_it(smtpserver):
    smtpserver.refuse("554 5.7.1 no", stage="message")
    with pytest.raises(smtplib.SMTPDataError):
        send(smtpserver)
""",
    )
    [folder] = folders(pytester)
    assert files(folder) == ["01-rejected-hello.eml", "transcript.txt"]


def test_a_second_run_replaces_the_first(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(smtpserver): [send(smtpserver) for _ in range(3)]")
    run(pytester, "def test_it(smtpserver): send(smtpserver)")
    [folder] = folders(pytester)
    assert files(folder) == ["01-hello.eml", "transcript.txt"]


def test_folders_can_be_had_without_a_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"{SENDING}\ndef test_it(smtpserver): send(smtpserver)")
    result = pytester.runpytest_inprocess("--smtpserver-artifacts=mail")
    result.assert_outcomes(passed=1)
    assert len(list(pytester.path.glob("mail/*/*.eml"))) == 1
    assert list(pytester.path.glob("*.html")) == []
    assert not any("SMTP report" in line for line in result.outlines)


def test_what_a_worker_could_not_write_is_said_at_the_end(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""{SENDING}
import pathlib, shutil

def test_it(smtpserver):
    shutil.rmtree("mail", ignore_errors=True)
    pathlib.Path("mail").write_text("no folder")
    send(smtpserver)
"""
    )
    result = pytester.runpytest_subprocess("--smtpserver-artifacts=mail", "-p", "xdist", "-n1")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["SMTP artifacts could not be written: *"])


def test_a_test_without_mail_has_no_folder(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(smtpserver): pass")
    assert not (pytester.path / "mail").exists()


@pytest.mark.parametrize("name", ["../../out", "/etc/x", "..", "a\\..\\..\\b", "", "\0", "con"])
def test_no_subject_and_no_test_id_leads_out_of_the_folder(
    pytester: pytest.Pytester, name: str
) -> None:
    run(
        pytester,
        f"""
NAME = {name!r}

@pytest.mark.parametrize("value", [1], ids=[NAME])
def test_it(smtpserver, value):
    mail = EmailMessage()
    mail["Subject"] = NAME.replace("\\0", "")
    send(smtpserver, mail.as_bytes())
""",
    )
    [folder] = folders(pytester)
    assert len(files(folder)) == 2
    everything = list(pytester.path.rglob("*.eml"))
    assert everything == list(folder.glob("*.eml"))


@given(strategies.text())
def test_a_safe_name_is_one_component_that_file_systems_take(text: str) -> None:
    name = harmless.name(text, "otherwise")
    assert name
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\\0:*?"<>|')
    assert len(name.encode()) <= 121


@given(strategies.text(min_size=1), strategies.text(min_size=1))
def test_different_tests_have_different_folders(one: str, other: str) -> None:
    tests = f"test_it.py::test_it[{one}]", f"test_it.py::test_it[{other}]"
    assert (one == other) is (harmless.folder_name(tests[0]) == harmless.folder_name(tests[1]))


def test_a_plain_test_id_is_kept_readable() -> None:
    assert (
        harmless.folder_name("tests/test_mail.py::TestIt::test_a")
        == "tests-test_mail.py--TestIt--test_a"
    )


def test_a_folder_that_is_not_there_is_not_said_to_be(pytester: pytest.Pytester) -> None:
    taken = pytester.makefile(".txt", taken="mine")
    result = run(
        pytester, "def test_it(smtpserver): send(smtpserver)", f"--smtpserver-artifacts={taken}"
    )
    result.stdout.no_fnmatch_line(f"SMTP artifacts: {taken}")
    result.stdout.fnmatch_lines(["SMTP artifacts could not be written: *"])


def test_without_mail_there_is_no_folder_to_name(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(smtpserver): pass", "--smtpserver-artifacts=mail")
    result.stdout.no_fnmatch_line("SMTP artifacts: *")

"""A report that cannot be written says so in one sentence, and hides no result of the run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pytest_smtpserver.plugin.mail_report  # noqa: F401  # or inner runs import another one
from pytest_smtpserver.report import pages
from tests.report.runs import SENDING, run

FULL = Path("/dev/full")
# Octets. What pytest prints and a short message are less, and the page without any mail is more.
LARGEST_FILE = 18_000

TESTS = """
def test_passes(smtpserver): send(smtpserver)
def test_fails(smtpserver):
    send(smtpserver)
    assert 0, "the reason"
"""


def sentences(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if " could not be written: " in line]


def assert_ordinary(result: pytest.RunResult) -> None:
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: the reason", "FAILED *::test_fails*"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which has no room for anything")
def test_there_is_no_room_for_the_report(pytester: pytest.Pytester) -> None:
    result = run(pytester, TESTS, f"--smtpserver-report={FULL}")
    assert_ordinary(result)
    assert sentences(result) == ["SMTP report could not be written: No space left on device"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits")
@pytest.mark.parametrize(
    "workers", [(), ("-p", "xdist", "-n", "1")], ids=["one process", "a worker"]
)
@pytest.mark.parametrize("size", [100, LARGEST_FILE])
def test_files_can_grow_no_larger(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    workers: tuple[str, ...],
) -> None:
    # If this run is measured, the file with what was measured would be cut off, too.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    pytester.makeconftest(f"""
        import resource
        import sys

        # It would be cut off as well, and stay so for all later runs.
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGEST_FILE}, resource.RLIM_INFINITY))
    """)
    large = f"Subject: hello\\r\\n\\r\\n{'x' * size}"
    pytester.makepyfile(SENDING + TESTS.replace("send(smtpserver)", f"send(smtpserver, {large!r})"))
    given = ("--smtpserver-report=mail.html", "--smtpserver-artifacts=mail", "--tb=line")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *given, *workers)
    assert_ordinary(result)
    what = {line.partition(" could not")[0] for line in sentences(result)}
    assert what == {"SMTP report"} | ({"SMTP artifacts"} if size == LARGEST_FILE else set())
    assert all("File too large" in line for line in sentences(result))


# Each breaks something in the making of report or folders; the sentence must name it.
BROKEN = {
    "template": ("report.files.pages.stream", "SMTP report"),
    "page": ("report.files.write_page", "SMTP report"),
    "entry": ("report.spool.summary_of", "SMTP report"),
    "spool": ("report.spool.cases", "SMTP report"),
    "folder": ("report.files.write_folder", "SMTP artifacts"),
    "transcripts": ("plugin.mail_report._transcripts", "SMTP artifacts"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_of_our_own_is_one_sentence(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("our own fault\nwith a second line")

    place, what = BROKEN[name]
    monkeypatch.setattr(f"pytest_smtpserver.{place}", fail)
    result = run(pytester, TESTS)
    assert_ordinary(result)
    assert sentences(result) == [f"{what} could not be written: ZeroDivisionError: our own fault"]


def test_an_error_in_a_template_is_one_sentence_and_leaves_no_half_page(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for template in pages._HERE.iterdir():
        text = template.read_text(encoding="utf-8")
        (tmp_path / template.name).write_text(text, encoding="utf-8")
    broken = tmp_path / "page.html"
    broken.write_text(broken.read_text(encoding="utf-8") + "{{ nonsense }}", encoding="utf-8")
    monkeypatch.setattr(pages, "_HERE", tmp_path)
    pages._environment.cache_clear()
    pages._module.cache_clear()
    try:
        result = run(pytester, TESTS)
    finally:
        pages._environment.cache_clear()
        pages._module.cache_clear()
    assert_ordinary(result)
    assert sentences(result) == [
        "SMTP report could not be written: UndefinedError: 'nonsense' is undefined"
    ]
    assert not (pytester.path / "mail.html").exists()


def test_a_failure_that_cannot_be_encoded_costs_no_report(pytester: pytest.Pytester) -> None:
    tests = """
def test_fails(smtpserver):
    send(smtpserver)
    pytest.fail("got \\udcff and \\x1b[31m")
"""
    result = run(pytester, tests)
    assert sentences(result) == []
    page = (pytester.path / "mail.html").read_text(encoding="utf-8")
    assert r"got \xff and \x1b[31m" in page

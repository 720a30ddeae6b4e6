"""pyfakefs may replace the file system for a module or a run; our files go to the real one."""

from __future__ import annotations

import pytest

TESTS = """
    import smtplib
    from pathlib import Path

    def test_mail({fixture}, smtpserver):
        with smtplib.SMTP(*smtpserver.addr, timeout=20) as client:
            client.sendmail("a@x.test", "b@x.test", "Subject: hello")

    def test_files({fixture}):
        fixture = {fixture}
        names = [one.name for one in Path("/").rglob("*")]
        assert not [one for one in names if "smtp" in one or "mails" in one]
        fixture.create_file("/of-the-test")
        assert Path("/of-the-test").exists()

    def test_more_mail({fixture}, smtpserver):
        test_mail({fixture}, smtpserver)
        assert Path("/of-the-test").exists()
"""


@pytest.mark.parametrize("fixture", ["fs_module", "fs_session"])
def test_all_mail_is_there_and_no_test_sees_our_files(
    pytester: pytest.Pytester, fixture: str
) -> None:
    pytester.makepyfile(TESTS.format(fixture=fixture))
    result = pytester.runpytest_subprocess(
        "-p", "fakefs", "--smtpserver-report=mails.html", "--smtpserver-artifacts=mails"
    )
    result.assert_outcomes(passed=3)
    assert len(list(pytester.path.glob("mails/**/*.eml"))) == 2
    page = (pytester.path / "mails.html").read_text("utf-8")
    assert "test_mail" in page
    assert "test_more_mail" in page
    result.stdout.no_fnmatch_line("*could not be written*")

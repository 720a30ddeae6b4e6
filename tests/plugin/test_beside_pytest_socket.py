"""pytest-socket forbids sockets: loopback must be allowed, and a failure says how."""

from __future__ import annotations

import pytest

SUITE = """
    import smtplib

    def test_it(smtpserver):
        with smtplib.SMTP(smtpserver.host, smtpserver.port, timeout=5) as client:
            client.sendmail("from@example.org", "to@example.org", "Subject: hello")
        smtpserver.wait_for_message()
"""


def test_it_works_where_loopback_is_allowed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess(
        "-p", "socket", "--disable-socket", "--allow-hosts=127.0.0.1"
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("args", [(), ("--allow-unix-socket",)])
def test_one_sentence_says_that_loopback_must_be_allowed(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-p", "socket", "--disable-socket", *args)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["smtpserver: cannot listen on port 0 of 127.0.0.1: *--allow-hosts=127.0.0.1*"]
    )
    result.stdout.no_fnmatch_line("*plugin.py*")

"""Tests that run pytest in their own process: pytester forgets what such a run imports first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

# Without these each run would load its own, which no plugin can prevent.
CONFTEST = """
import trio, trustme
pytest_plugins = ["pytester"]
"""

SEND = """
import smtplib

def send(server):
    with smtplib.SMTP(server.host, server.port) as client:
        client.sendmail("a@x.test", ["b@x.test"], "Subject: hi\\n\\nYour login code is 123456.")
"""

USES = """
import pytest
from pytest_smtpserver import SMTPAssertionError, Reply

def test_a_message(smtpserver):
    send(smtpserver)
    assert smtpserver.wait_for_message().code() == "123456"
    smtpserver.on("rcpt").reply(Reply(550, "no"))
    with pytest.raises(smtplib.SMTPException):
        send(smtpserver)
    with pytest.raises(SMTPAssertionError):
        smtpserver.wait_for_message(header={"Subject": "no"}, timeout=0.01)

@pytest.mark.smtpserver_faults("greylisted")
def test_a_fault(smtpserver, smtpserver_fault):
    with pytest.raises(smtplib.SMTPException):
        send(smtpserver)
    smtpserver_fault.check(sent=None)

@pytest.mark.smtpserver(tls="starttls", auth="optional", users={"ann": "secret"})
def test_a_login(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.starttls(context=smtpserver.client_context())
        client.login("ann", "secret")
    assert smtpserver.sessions[0].username == "ann"
"""

RUNS = f"""
INNER = {SEND + USES!r}

def test_a_run(pytester):
    pytester.makepyfile(INNER)
    result = pytester.runpytest_inprocess("-p", "smtpserver", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)

def test_another_run(pytester):
    test_a_run(pytester)
"""

IMPORTS = """
from pytest_smtpserver import SMTPAssertionError
"""


@pytest.mark.parametrize(
    ("parts", "passed"),
    [
        ([RUNS], 2),
        ([IMPORTS, RUNS], 2),
        ([SEND, RUNS, USES], 5),
        ([SEND, USES, RUNS], 5),
    ],
    ids=["runs only", "runs below an import", "runs first", "runs last"],
)
def test_no_test_meets_a_part_of_us_that_a_run_has_forgotten(
    pytester: pytest.Pytester, parts: Sequence[str], passed: int
) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("".join(parts))
    pytester.runpytest_subprocess().assert_outcomes(passed=passed)


def test_where_nothing_uses_us_nothing_is_imported_for_a_run(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["pytester"]')
    pytester.makepyfile("""
        import sys

        # In pieces: a file that has our name in it is taken for one that uses us.
        NAME = "smtp" + "server"

        def test_a_run(pytester):
            pytester.makepyfile("def test_nothing(): pass")
            pytester.runpytest_inprocess("-p", NAME).assert_outcomes(passed=1)
            assert not {"trio", f"pytest_{NAME}.server"} & set(sys.modules)
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)

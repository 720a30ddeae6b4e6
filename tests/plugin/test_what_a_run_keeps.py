"""What a run keeps of its tests' servers: pytest itself keeps every test until the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MANY = 30


def test_servers_and_records_of_tests_that_are_over_are_not_kept(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import gc
        import smtplib

        import pytest
        from pytest_smtpserver.records.message import Message
        from pytest_smtpserver.server.core import Core

        @pytest.mark.parametrize("number", range({MANY}))
        def test_mail(number, smtpserver):
            with smtplib.SMTP(*smtpserver.addr, timeout=10) as client:
                client.sendmail("shop@x.test", "ann@x.test", "Subject: Welcome\\n\\nHi\\n")
            assert smtpserver.messages[0].subject == "Welcome"

        def test_what_is_left():
            gc.collect()
            kept = [one for one in gc.get_objects() if isinstance(one, (Core, Message))]
            assert len(kept) <= 2, kept
        """
    )
    # In this process there are servers of other tests.
    pytester.runpytest_subprocess().assert_outcomes(passed=MANY + 1)


def test_a_test_that_is_run_again_has_its_servers_in_the_report(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from _pytest.runner import runtestprotocol

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, nextitem=item, log=False)
            for report in runtestprotocol(item, nextitem=nextitem, log=False):
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        """
    )
    pytester.makepyfile(
        """
        import socket

        def test_fails(smtpserver):
            with socket.create_connection(smtpserver.addr, timeout=10) as client:
                client.recv(1000)
            assert False
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SMTP transcript*", "*220 smtpserver.test*"])

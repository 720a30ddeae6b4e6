"""`strict`: what a client did against the protocol fails the test that was running."""

from __future__ import annotations

import pytest

RUDE_CLIENT = """
    import socket
    import pytest

    @pytest.fixture
    def rude_client(smtpserver):
        with socket.create_connection(smtpserver.addr, 5) as client:
            assert client.recv(100)
            client.sendall(b"MAIL FROM:<a@example.org>\\r\\n")
            assert client.recv(100)
            client.sendall(b"EHLO my_host\\r\\n")
            assert client.recv(1000)
        smtpserver.wait_closed()
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(RUDE_CLIENT)
    pytester.makeini("[pytest]\nsmtpserver_strict = true\n")
    return pytester


def test_violations_fail_the_test_at_its_end_and_are_listed(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(rude_client): pass")
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "E   *SMTPAssertionError: out-of-order: *",
            "*session 1: out-of-order: *MAIL FROM:<a@example.org> (RFC 5321 section 4.1.4)",
            "*session 1: bad-helo-domain: *EHLO my_host (RFC 5321 section 4.1.1.1)",
            "*session 1: no-quit: the client left without QUIT (RFC 5321 section 4.1.1.10)",
            "*SMTP transcript*",
        ]
    )


def test_a_test_that_failed_itself_does_not_fail_twice(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(rude_client): assert False")
    suite.runpytest_inprocess().assert_outcomes(failed=1)


def test_a_marker_makes_one_test_lenient(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(strict=False)
        def test_it(rude_client, smtpserver):
            codes = [one.code for one in smtpserver.sessions[0].violations]
            assert codes == ["out-of-order", "bad-helo-domain", "no-quit"]
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_client_that_keeps_to_the_protocol_passes(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import smtplib

        def test_it(smtpserver):
            with smtplib.SMTP(smtpserver.host, smtpserver.port, "client.example") as client:
                client.sendmail("a@example.org", "b@example.org", b"Subject: hello")
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_many_violations_are_counted_and_not_all_listed(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import socket

        def test_it(smtpserver):
            with socket.create_connection(smtpserver.addr, 5) as client:
                assert client.recv(100)
                client.sendall(b"HALO\\r\\n" * 999 + b"QUIT\\r\\n")
                while client.recv(65536):
                    pass
        """
    )
    result = suite.runpytest_inprocess("--smtpserver-transcript=off")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*expected no violation of the protocol (strict), got 999:", "*and 979 more"]
    )
    assert len(result.outlines) < 60


def test_a_violation_is_held_against_one_test_only(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import smtplib
        import pytest

        @pytest.fixture(scope="module")
        def client(smtpserver_session):
            client = smtplib.SMTP(smtpserver_session.host, smtpserver_session.port)
            yield client
            client.quit()

        def test_first(client):
            client.docmd("MAIL FROM:<a@example.org>")

        def test_second(client): pass
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_first*"])

"""A failed test's report shows what passed on the wire."""

from __future__ import annotations

import sys

import pytest

SUITE = """
    import smtplib
    import pytest

    def send(server):
        with smtplib.SMTP(server.host, server.port, timeout=5) as client:
            client.sendmail("from@example.org", "to@example.org", b"Subject: hello")

    def test_passes(smtpserver):
        send(smtpserver)

    def test_fails(smtpserver):
        send(smtpserver)
        assert smtpserver.messages == ()

    @pytest.fixture
    def fails_at_teardown(smtpserver):
        yield
        assert 0

    def test_teardown(smtpserver, fails_at_teardown):
        send(smtpserver)

    @pytest.fixture
    def fails_at_setup(smtpserver):
        send(smtpserver)
        assert 0

    def test_setup(fails_at_setup):
        pass

    def test_several(smtpserver_factory, smtpserver_session):
        for server in (smtpserver_factory(), smtpserver_factory(), smtpserver_session):
            send(server)
        assert 0

    def test_without():
        assert 0
"""


def sections(result: pytest.RunResult) -> int:
    return sum("SMTP transcript" in line for line in result.outlines)


def lines(result: pytest.RunResult, text: str) -> int:
    return sum(text in line for line in result.outlines)


@pytest.mark.parametrize(
    ("test", "servers"),
    [
        ("test_passes", 0),
        ("test_fails", 1),
        ("test_teardown", 1),
        ("test_setup", 1),
        ("test_several", 3),
        ("test_without", 0),
    ],
)
def test_a_test_that_fails_in_any_phase_shows_each_of_its_servers(
    pytester: pytest.Pytester, test: str, servers: int
) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-k", test)
    assert sections(result) == (servers > 0)
    assert lines(result, "S: 250 2.0.0 message accepted") == servers
    assert lines(result, "C: Subject: hello") == servers


@pytest.mark.parametrize("name", ["smtpserver", "smtpserver_session"])
def test_a_failing_check_after_the_last_test_of_a_run_shows_the_server(
    pytester: pytest.Pytester, name: str
) -> None:
    pytester.makepyfile(f"def test_it({name}): {name}.on('rcpt').reply('550 no')")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*SMTP transcript*", "smtp://127.0.0.1:*", "no client connected"])
    assert lines(result, "smtp://127.0.0.1:") == 1


def test_it_passes_through_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-p", "xdist", "-n", "1", "-k", "not without")
    assert sections(result) == 4
    assert lines(result, "S: 250 2.0.0 message accepted") == 6


def test_a_summary_names_the_cause_of_a_failure_that_a_task_group_wraps(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        test_it="""
        def test_it(smtpserver):
            try:
                smtpserver.wait_for_message(timeout=0)
            except AssertionError as error:
                raise ExceptionGroup("unhandled errors in a TaskGroup", [error]) from None
        """
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["FAILED *::test_it - no client connected to 127.0.0.1:*"])


def test_it_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-k", "test_fails", "--smtpserver-transcript=off")
    assert sections(result) == 0


def test_it_can_be_had_of_tests_that_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-k", "passes", "-rP", "-o", "smtpserver_transcript=all")
    assert sections(result) == 1


def test_a_server_without_clients_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(smtpserver): assert 0")
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["*SMTP transcript*", "smtp://127.0.0.1:*", "no client connected"])


def test_a_server_that_could_not_start_does_not_spoil_the_report(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("""
        import smtplib, socket
        import pytest

        @pytest.mark.parametrize("name", ["smtpserver_factory", "smtpserver_session_factory"])
        def test_it(name, request):
            factory = request.getfixturevalue(name)
            with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
                factory(port=taken.getsockname()[1])
            server = factory()
            with smtplib.SMTP(*server.addr) as client:
                client.ehlo("client.test")
            assert False
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*C: *client.test*", "*C: *client.test*"])
    result.stdout.no_fnmatch_line("*cannot be shown*")


def test_the_runs_server_is_not_shown_for_a_test_that_does_not_use_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        def test_first(smtpserver_session): pass
        def test_second(): assert 0
        """
    )
    assert sections(pytester.runpytest_inprocess()) == 0


def test_the_runs_server_is_shown_wherever_a_client_came_to_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import smtplib
        import pytest

        @pytest.fixture(scope="session")
        def send(smtpserver_session):
            return lambda: smtplib.SMTP(smtpserver_session.host, smtpserver_session.port).quit()

        def test_first(send): pass

        def test_second(request):
            request.getfixturevalue("send")()
            assert 0
        """
    )
    assert sections(pytester.runpytest_inprocess()) == 1


def test_the_last_of_many_sessions_are_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import smtplib

        def test_it(smtpserver):
            for _ in range(23):
                smtplib.SMTP(smtpserver.host, smtpserver.port).quit()
            assert 0
        """
    )
    result = pytester.runpytest_inprocess()
    assert lines(result, " from 127.0.0.1:") == 20
    result.stdout.fnmatch_lines(
        ["smtp://*", "... 3 more before; `transcript` has them all", "", "session 4 from *"]
    )


LATE = """
    import smtplib
    import threading
    import pytest

    def send(server):
        with smtplib.SMTP(*server.addr, timeout=5) as client:
            client.sendmail("from@example.org", "to@example.org", b"Subject: hello")

    def test_before_the_report(smtpserver):
        try:
            smtpserver.wait_for_message(timeout=0)
        finally:
            send(smtpserver)

    @pytest.fixture
    def application(smtpserver):
        yield
        send(smtpserver)

    def test_at_teardown(smtpserver, application):
        smtpserver.wait_for_message(timeout=0)
"""


@pytest.mark.parametrize("args", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "xdist"])
def test_mail_that_came_after_the_wait_stands_first(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    pytester.makepyfile(LATE)
    result = pytester.runpytest_subprocess(*args)
    came = "<Message 'hello': from@example.org -> to@example.org> came * s after the wait had *"
    result.stdout.fnmatch_lines(
        [
            "*_ test_before_the_report _*",
            "*SMTP transcript*",
            came,
            "",
            "smtp://127.0.0.1:*",
            "*_ test_at_teardown _*",
            "*SMTP mail that came until teardown*",
            came,
        ]
    )
    assert lines(result, "after the wait had ended: use a longer timeout") == 2


def test_a_server_that_a_test_makes_itself_is_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import smtplib
        from pytest_smtpserver import SMTPServer

        def test_passes():
            with SMTPServer():
                pass

        def test_fails():
            with SMTPServer() as server:
                smtplib.SMTP(*server.addr, "client.example").quit()
            assert server.messages
        """
    )
    result = pytester.runpytest_inprocess()
    assert sections(result) == 1
    assert lines(result, "smtp://127.0.0.1:") == 1
    # What a server offers is one line.
    assert lines(result, "session ended by QUIT") == 1


def test_the_end_of_the_transcript_is_not_shown_twice(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import smtplib

        def test_it(smtpserver):
            client = smtplib.SMTP(*smtpserver.addr, "client.example")
            client.ehlo()
            client.quit()
            smtpserver.wait_for_message(timeout=0)
        """
    )
    result = pytester.runpytest_inprocess()
    assert lines(result, "S: 250 smtpserver.test: PIPELINING, SIZE 33554432, ") == 1
    assert lines(result, "end of the transcript") == 0
    alone = pytester.runpytest_inprocess("--show-capture=no")
    assert lines(alone, "S: 250 smtpserver.test: PIPELINING, SIZE 33554432, ") == 1
    assert lines(alone, "end of the transcript") == 1


def test_python_finds_no_comparison_of_octets_with_text(pytester: pytest.Pytester) -> None:
    # `-bb` makes an error of each.
    pytester.makepyfile("""
        import smtplib

        def test_fails(smtpserver):
            with smtplib.SMTP(*smtpserver.addr, timeout=20) as client:
                client.sendmail("a@x.test", "b@x.test", b"Subject: hello\\r\\n\\r\\nHi\\r\\n")
            smtpserver.wait_for_message(subject="other", timeout=0.01)
    """)
    result = pytester.run(
        sys.executable, "-bb", "-m", "pytest", "--smtpserver-report=mail.html",
        "--smtpserver-artifacts=mails",
    )  # fmt: skip
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *subject is 'hello', not 'other'*", "*C: Hi*", "SMTP report: *"]
    )
    result.stdout.no_fnmatch_line("*BytesWarning*")

"""What a test leaves on a server of the run: clients, rules, an outage; the next is not harmed."""

from __future__ import annotations

import math
import smtplib
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer
from pytest_smtpserver.clock import monotonic
from tests.plugin.inner import run
from tests.servers_thread import until_it_has_acted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Message

# Clients have a moment to leave; here it is generous, because the machine may be busy.
GENEROUS = """
    from contextlib import suppress
    from pytest_smtpserver.plugin import lasting
    lasting._MOMENT = 20

    def send_slowly(server):
        with suppress(smtplib.SMTPException), smtplib.SMTP(*server.addr, timeout=20) as client:
            client.sendmail("shop@x.test", ["ann@x.test"], "Subject: of the test before")
            time.sleep(0.3)

    def begin(server):
        threading.Thread(target=send_slowly, args=(server,)).start()
"""


def test_a_client_says_quit_in_its_own_test(pytester: pytest.Pytester) -> None:
    tests = """
    def test_of_a_client_that_is_about_to_say_quit(smtpserver_session):
        begin(smtpserver_session)
        smtpserver_session.wait_for_message()

    def test_that_waits_for_a_session(smtpserver_session):
        smtpserver_session.on("quit").reply(221)
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            client.ehlo("own.x.test")
        assert smtpserver_session.wait_for_session().helo == "own.x.test"
        assert len(smtpserver_session.sessions) == 1
"""
    run(pytester, GENEROUS + tests).assert_outcomes(passed=2)


@pytest.mark.parametrize("stage", ["connect", "mail", "data", "message"])
def test_the_mail_of_a_client_that_is_held_comes_before_the_next_test(
    pytester: pytest.Pytester, stage: str
) -> None:
    tests = f"""
    def test_that_forgets_to_release_it(smtpserver_session):
        rule = smtpserver_session.on({stage!r}).hold()
        begin(smtpserver_session)
        rule.wait_held(timeout=20)

    def test_of_no_mail(smtpserver_session):
        smtpserver_session.assert_no_message(within=0.1)
        assert smtpserver_session.sessions == ()
"""
    run(pytester, GENEROUS + tests).assert_outcomes(passed=2)


def test_a_delay_ends_with_its_test(pytester: pytest.Pytester) -> None:
    tests = """
    def test_that_delays(smtpserver_session):
        begun = threading.Event()
        smtpserver_session.on("rcpt", where=lambda _: not begun.set()).delay(3600)
        begin(smtpserver_session)
        assert begun.wait(20)

    def test_of_no_mail(smtpserver_session):
        smtpserver_session.assert_no_message(within=0.1)
        assert smtpserver_session.sessions == ()
"""
    run(pytester, GENEROUS + tests).assert_outcomes(passed=2)


def test_what_a_delayed_callable_raises_is_told_to_its_own_test(pytester: pytest.Pytester) -> None:
    tests = """
    def test_whose_callable_raises(smtpserver_session):
        begun = threading.Event()
        rule = smtpserver_session.on("rcpt", where=lambda _: not begun.set())
        rule.delay(3600).reply(lambda command: 1 / 0)
        begin(smtpserver_session)
        assert begun.wait(20)

    def test_without_mail():
        pass
"""
    result = run(pytester, GENEROUS + tests)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines("ERROR *::test_whose_callable_raises*")


def test_what_goes_wrong_while_clients_leave_is_told_to_their_test(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    def test_whose_callable_raises_late(smtpserver_session):
        smtpserver_session.on("quit").delay(0.3).reply(lambda command: 1 / 0)
        begin(smtpserver_session)
        smtpserver_session.wait_for_message()

    def test_of_mail(smtpserver_session):
        send(smtpserver_session)
"""
    result = run(pytester, GENEROUS + tests)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines("ERROR *::test_whose_callable_raises_late*")


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer(wait_timeout=0.1) as server:
        yield server


@pytest.fixture
def client(server: SMTPServer) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(*server.addr, timeout=20) as client:
        client.ehlo()
        client.mail("shop@example.com")
        client.rcpt("ann@example.org")
        yield client


def wait_for_content(server: SMTPServer) -> None:
    """Wait until some of the content has come."""
    (transaction,) = server._core.recorder.open_transactions()
    until = monotonic() + 20
    while not transaction.session_recording.progress[1] and monotonic() < until:
        time.sleep(0.01)


def test_nobody_is_waited_for_twice(server: SMTPServer, client: smtplib.SMTP) -> None:
    server._core.let_clients_leave(monotonic() + 0.1)
    # This would never end.
    server._core.let_clients_leave(math.inf)
    assert client.noop()[0] == 250
    with smtplib.SMTP(*server.addr, timeout=20) as another:
        another.noop()
        assert server._core.recorder.take_newcomers() == [2]


def test_a_client_that_an_earlier_test_has_left_may_be_silent_until_it_goes_on(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    assert server._core.listener
    (connection,) = server._core.listener._connections
    server._core.note_left_over()
    until_it_has_acted()
    assert connection._deadline.at == math.inf
    client.noop()
    until_it_has_acted()
    assert connection._deadline.at < math.inf


def test_a_connection_that_is_being_closed_is_closed_in_time(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    assert server._core.listener
    (connection,) = server._core.listener._connections
    # The client does not close its end.
    assert client.docmd("QUIT")[0] == 221
    server._core.note_left_over()
    until_it_has_acted()
    assert connection._deadline.at < math.inf
    client.close()


def test_mail_that_an_earlier_test_has_left_in_the_middle_is_not_in_flight(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    server._core.note_left_over()
    server.assert_no_message()
    # Its client goes on, and is left again within the content.
    client.docmd("DATA")
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    server._core.note_left_over()
    server.assert_no_message()
    client.send(b"Subject: late\r\n")
    wait_for_content(server)
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    client.close()


def test_nor_is_mail_that_is_left_within_a_chunk(server: SMTPServer, client: smtplib.SMTP) -> None:
    client.send(b"BDAT 20 LAST\r\nSubject")
    wait_for_content(server)
    server._core.note_left_over()
    server.assert_no_message()
    client.send(b": ")
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        for _ in range(1000):
            server.assert_no_message(within=0.01)
    client.close()


def test_mail_of_an_earlier_test_that_is_being_answered_is_in_flight(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    rule = server.on("message").hold()
    client.docmd("DATA")
    client.send(b"Subject: late\r\n\r\n.\r\n")
    rule.wait_held(timeout=20)
    server._core.note_left_over()
    with pytest.raises(SMTPAssertionError, match="is still held by the rule"):
        server.assert_no_message()
    rule.release()
    assert client.getreply()[0] == 250


def test_what_is_cleared_within_a_test_is_still_in_flight(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    server.reset()
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    assert client.rset()[0] == 250


def test_a_server_that_its_fixture_has_stopped_is_not_started_again(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="class", params=[1, 2])
    def relay(smtpserver_session_factory):
        path = pathlib.Path(tempfile.mkdtemp())
        relay = smtpserver_session_factory(host=f"unix:{path / 'socket'}")
        yield relay
        relay.stop()
        path.rmdir()

    class TestOfARelay:
        def test_that_stops_it(self, relay):
            assert relay.accepting
            relay.stop()

        def test_that_stops_it_again(self, relay):
            assert relay.accepting
            relay.stop()

    @pytest.fixture
    def own(smtpserver_session_factory):
        own = smtpserver_session_factory()
        yield own
        own.stop()
        stopped.append(own)

    stopped = []

    def test_of_a_server_of_its_own(own):
        send(own)

    def test_of_another_server(smtpserver_session):
        send(smtpserver_session)
        assert not stopped[0].accepting
"""
    run(pytester, tests).assert_outcomes(passed=6)


def test_what_a_test_or_its_own_fixtures_stop_is_started_again(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture(autouse=True)
    def late(request):
        request.getfixturevalue("smtpserver_session")

    def test_that_is_the_first(request):
        request.getfixturevalue("smtpserver_session").stop()

    def test_of_mail(smtpserver_session):
        send(smtpserver_session)

    @pytest.fixture
    def stopped(smtpserver_session):
        smtpserver_session.stop()

    @pytest.fixture
    def stopped_at_the_end(smtpserver_session):
        yield
        smtpserver_session.stop()

    @pytest.mark.parametrize("name", ["stopped", "stopped_at_the_end"])
    def test_with_a_fixture(request, name):
        request.getfixturevalue(name)

    def test_of_mail_again(smtpserver_session):
        send(smtpserver_session)

    class TestWithATeardown:
        def teardown_method(self):
            server.stop()

        def test_it(self, smtpserver_session):
            global server
            server = smtpserver_session
            send(server)

    def test_of_mail_for_the_last_time(smtpserver_session):
        send(smtpserver_session)
"""
    run(pytester, tests).assert_outcomes(passed=7)


def test_an_outage_lasts_as_long_as_the_fixture_that_makes_it(pytester: pytest.Pytester) -> None:
    tests = """
    def test_that_stops_it(smtpserver_session):
        smtpserver_session.stop()

    @pytest.fixture(scope="class")
    def outage(smtpserver_session):
        smtpserver_session.stop()
        yield
        smtpserver_session.start()

    @pytest.mark.usefixtures("outage")
    class TestOutage:
        def test_first(self, smtpserver_session):
            assert not smtpserver_session.accepting

        @pytest.mark.skip
        def test_second(self, smtpserver_session):
            pass

        def test_third(self, smtpserver_session):
            assert not smtpserver_session.accepting

    def test_of_mail(smtpserver_session):
        send(smtpserver_session)
"""
    run(pytester, tests).assert_outcomes(passed=4, skipped=1)


@pytest.mark.parametrize(
    "wait",
    [
        "smtpserver.wait_for_message(timeout=600)",
        "smtpserver.on('mail', optional=True).hold().wait_held(timeout=600)",
        "asyncio.run(AsyncSMTPServer(smtpserver).wait_for_message(timeout=600))",
        "trio.run(AsyncSMTPServer(smtpserver).wait_closed)",
    ],
)
def test_a_thread_that_still_waits_fails_with_the_test_that_has_begun_it(
    pytester: pytest.Pytester, wait: str
) -> None:
    tests = f"""
    import asyncio, trio
    from pytest_smtpserver import AsyncSMTPServer
    from pytest_smtpserver.waiting import awaiting
    # Generous, because the machine may be busy.
    awaiting._MOMENT = 20
    THREADS = []

    def begin_to_wait(smtpserver):
        client = smtplib.SMTP(*smtpserver.addr)
        thread = threading.Thread(target=lambda: {wait})
        thread.start()
        THREADS.append(thread)
        while not smtpserver._core.recorder.wakers:
            time.sleep(0.01)
        client.close()
        return thread

    def test_with_the_fixture(smtpserver):
        begin_to_wait(smtpserver)

    def test_with_a_server_of_its_own():
        with SMTPServer() as server:
            thread = begin_to_wait(server)
        thread.join()

    def test_of_something_else():
        assert not any(thread.is_alive() for thread in THREADS)
"""
    result = run(pytester, tests)
    if "closed" in wait:
        result.assert_outcomes(passed=3)
    else:
        result.assert_outcomes(passed=2, failed=1, errors=1)
        result.stdout.fnmatch_lines(["*the server is stopped*", "ERROR *::test_with_the_fixture*"])


def test_what_has_come_before_the_end_is_seen(server: SMTPServer) -> None:
    looking, may_go_on, found = threading.Event(), threading.Event(), []

    def is_second(message: Message) -> bool:
        looking.set()
        may_go_on.wait(20)
        return message.subject == "second"

    def wait() -> None:
        found.append(server.wait_for_message(where=is_second, timeout=600).subject)

    def send(subject: str) -> None:
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            client.sendmail("shop@x.test", ["ann@x.test"], f"Subject: {subject}")

    thread = threading.Thread(target=wait)
    with server:
        thread.start()
        send("first")
        assert looking.wait(20)
        send("second")
        server.stop()
        threading.Timer(0.1, may_go_on.set).start()
    thread.join(20)
    assert found == ["second"]


def test_a_thread_that_tries_again_has_to_wait_again(server: SMTPServer) -> None:
    tries, is_over = [], threading.Event()

    def wait() -> None:
        while not is_over.is_set():
            tries.append(1)
            with suppress(SMTPAssertionError):
                server.wait_for_message(timeout=0.2)

    thread = threading.Thread(target=wait)
    with server:
        thread.start()
        while not server._core.recorder.wakers:
            time.sleep(0.01)
    before = len(tries)
    is_over.wait(0.5)
    is_over.set()
    thread.join(20)
    assert len(tries) - before < 10

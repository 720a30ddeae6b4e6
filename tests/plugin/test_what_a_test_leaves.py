"""What a test leaves on a server of the run: clients, rules, an outage; the next is not harmed."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer
from tests.plugin.inner import run

if TYPE_CHECKING:
    from collections.abc import Iterator

# Clients have a moment to leave; here it is generous, because the machine may be busy.
GENEROUS = """
    from pytest_smtpserver.server import core
    core._MOMENT = 20

    def send_slowly(server):
        with smtplib.SMTP(*server.addr, timeout=20) as client:
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


def test_a_client_that_stays_gets_no_second_moment(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    recorder = server._core.recorder
    server._core.let_clients_leave()
    assert client.noop()[0] == 250
    assert recorder.newcomers() == []
    with smtplib.SMTP(*server.addr, timeout=20) as another:
        another.noop()
        assert [one.id for one in recorder.newcomers()] == [2]


def test_mail_that_an_earlier_test_has_left_in_the_middle_is_not_in_flight(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    server._core.let_clients_leave()
    server.reset()
    server.assert_no_message()
    # Its client goes on.
    client.docmd("DATA")
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    client.close()


def test_what_is_cleared_within_a_test_is_still_in_flight(
    server: SMTPServer, client: smtplib.SMTP
) -> None:
    server.reset()
    with pytest.raises(SMTPAssertionError, match="still being sent"):
        server.assert_no_message()
    assert client.rset()[0] == 250


def test_a_server_that_a_fixture_has_stopped_is_not_started_again(
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
        def test_that_it_runs(self, relay):
            assert relay.accepting

    def test_of_another_server(smtpserver_session):
        send(smtpserver_session)
"""
    run(pytester, tests).assert_outcomes(passed=3)


def test_an_outage_lasts_as_long_as_the_fixture_that_makes_it(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture(scope="class")
    def outage(smtpserver_session):
        smtpserver_session.stop()
        yield
        smtpserver_session.start()

    @pytest.mark.usefixtures("outage")
    class TestOutage:
        def test_first(self, smtpserver_session):
            assert not smtpserver_session.accepting

        def test_second(self, smtpserver_session):
            assert not smtpserver_session.accepting

    def test_of_mail(smtpserver_session):
        send(smtpserver_session)

    @pytest.fixture
    def forgotten_outage(smtpserver_session):
        smtpserver_session.stop()

    def test_that_leaves_it_stopped(smtpserver_session, forgotten_outage):
        pass

    def test_of_mail_again(smtpserver_session):
        send(smtpserver_session)
"""
    run(pytester, tests).assert_outcomes(passed=5)

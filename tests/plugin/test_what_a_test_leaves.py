"""What a test leaves on a server of the run: clients, rules, an outage; the next is not harmed."""

from __future__ import annotations

import pytest

from tests.plugin.inner import run


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

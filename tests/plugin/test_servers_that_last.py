"""Servers that last longer than a test."""

from __future__ import annotations

import textwrap

import pytest

SENDING = textwrap.dedent(
    """
    import smtplib
    import pytest

    def send(server, subject="Welcome"):
        with smtplib.SMTP(*server.addr, timeout=10) as client:
            client.sendmail("shop@x.test", "ann@x.test", f"Subject: {subject}\\n\\nHi\\n")
    """
)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(SENDING)
    return pytester


def test_mail_of_a_wider_fixture_is_gone_when_the_test_begins(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from conftest import send

        @pytest.fixture(scope="module")
        def application(smtpserver_session):
            send(smtpserver_session, "from the application's start")
            smtpserver_session.wait_for_message()
            smtpserver_session.on("mail").reply(550)

        @pytest.fixture
        def order(smtpserver_session):
            assert smtpserver_session.messages == ()
            send(smtpserver_session, "order")

        def test_with_a_fixture_of_its_own(application, order, smtpserver_session):
            assert smtpserver_session.wait_for_message().subject == "order"

        def test_without_one(application, smtpserver_session):
            assert smtpserver_session.messages == ()
            assert smtpserver_session.sessions == ()
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_test_without_fixtures_of_its_own_begins_with_nothing_too(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import pytest
        from conftest import send

        @pytest.fixture(scope="module")
        def application(smtpserver_session):
            send(smtpserver_session)

        def test_it(application, smtpserver_session):
            assert smtpserver_session.messages == ()
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_factory_for_the_run_gives_servers_to_fixtures_of_any_scope(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import pytest
        from conftest import send

        @pytest.fixture(scope="session")
        def relay(smtpserver_session_factory):
            return smtpserver_session_factory(protocol="smtp", max_recipients=7)

        @pytest.fixture(scope="module")
        def strict_relay(smtpserver_session_factory):
            return smtpserver_session_factory(strict=True)

        @pytest.mark.parametrize("number", [1, 2])
        def test_each_is_emptied(relay, strict_relay, number):
            assert relay.port != strict_relay.port
            assert (relay.settings.max_recipients, strict_relay.settings.strict) == (7, True)
            for server in (relay, strict_relay):
                send(server)
                assert len(server.messages) == 1

        def test_each_is_checked(relay):
            relay.on("mail").reply(550)

        def test_the_next_is_clean(relay):
            assert relay.messages == ()
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_each_is_checked*", "*never used: the rule on('mail')*"]
    )


def test_a_setting_without_effect_is_an_error_for_the_run_too(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        def test_it(smtpserver_session_factory):
            with pytest.raises(ValueError, match="has no effect with tls='off'"):
                smtpserver_session_factory(certificate="expired")
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_marker_has_no_effect_on_the_runs_server_asked_for_late(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(tls="starttls")
        def test_late(request):
            request.getfixturevalue("smtpserver_session")

        @pytest.mark.smtpserver(tls="starttls")
        def test_both(request, smtpserver):
            request.getfixturevalue("smtpserver_session")
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*test_late*", "*this test uses smtpserver_session only*"])


@pytest.mark.parametrize("scope", ["function", "module"])
def test_settings_of_a_narrower_fixture_are_said_to_be_for_the_whole_run(
    pytester: pytest.Pytester, scope: str
) -> None:
    pytester.makeconftest(
        f"""
        import pytest

        @pytest.fixture(scope={scope!r})
        def smtpserver_settings():
            return {{"hostname": "shop.test"}}
        """
    )
    pytester.makepyfile("def test_it(smtpserver_session): pass")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ['smtpserver_settings is for the whole run: write @pytest.fixture(scope="session") *']
    )


@pytest.mark.parametrize("fixture", ["smtpserver", "smtpserver_factory"])
def test_a_wider_fixture_that_asks_for_a_tests_server_is_told_what_to_use(
    suite: pytest.Pytester, fixture: str
) -> None:
    suite.makepyfile(
        f"""
        import pytest

        @pytest.fixture(scope="module")
        def application({fixture}): pass

        def test_it(application): pass
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*use smtpserver_session, or smtpserver_session_factory*", "*ScopeMismatch*"]
    )


def test_a_server_that_a_test_makes_itself_is_in_its_report(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from conftest import send
        from pytest_smtpserver import SMTPServer

        def helper():
            with SMTPServer(hostname="made.test") as server:
                send(server)

        def test_before():
            with SMTPServer(hostname="before.test") as server:
                send(server)

        def test_it(smtpserver):
            send(smtpserver)
            helper()
            assert False
        """
    )
    result = suite.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    shown = result.stdout.str()
    assert "220 made.test" in shown
    assert "220 smtpserver.test" in shown
    assert "before.test" not in shown


def test_a_server_that_a_wider_fixture_makes_is_in_the_report_of_a_test_that_uses_it(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import pytest
        from conftest import send
        from pytest_smtpserver import SMTPServer

        @pytest.fixture(scope="module")
        def relay():
            with SMTPServer(hostname="relay.test") as server:
                yield server

        def test_uses_it(relay):
            send(relay)
            assert False
        """
    )
    result = suite.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    assert "220 relay.test" in result.stdout.str()


OF_PYTEST = """
def test_it(smtpserver, subtests):
    smtpserver.on("mail").reply(550)
    with subtests.test("one"):
        assert False
"""

OF_UNITTEST = """
import unittest
import pytest

class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def rule(self, smtpserver):
        smtpserver.on("mail").reply(550)

    def test_it(self):
        with self.subTest("one"):
            assert False
"""


@pytest.mark.parametrize("body", [OF_PYTEST, OF_UNITTEST], ids=["pytest", "unittest"])
@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="pytest 9 brought subtests")
def test_a_failed_subtest_is_a_failed_test(suite: pytest.Pytester, body: str) -> None:
    suite.makepyfile(body)
    shown = suite.runpytest_inprocess().stdout.str()
    assert "assert False" in shown
    assert "never used" not in shown


def test_clients_trust_the_trusted_server_without_being_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import os, smtplib, ssl, subprocess, sys
        import pytest

        @pytest.mark.smtpserver(tls="starttls")
        def test_in_this_process(smtpserver_trusted, smtpserver):
            assert smtpserver_trusted is smtpserver
            assert os.environ["SSL_CERT_FILE"] == str(smtpserver.ca.bundle_file)
            with smtplib.SMTP(*smtpserver.addr, timeout=10) as client:
                client.starttls(context=ssl.create_default_context())

        @pytest.mark.smtpserver(tls="implicit")
        def test_in_another(smtpserver_trusted):
            host, port = smtpserver_trusted.addr
            code = (
                "import smtplib, ssl\\n"
                f"smtplib.SMTP_SSL({host!r}, {port}, context=ssl.create_default_context()).quit()"
            )
            subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

        def test_without_tls(smtpserver_trusted, before):
            assert os.environ.get("SSL_CERT_FILE") == before

        @pytest.fixture
        def before():
            return os.environ.get("SSL_CERT_FILE")
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=3)


def test_what_a_test_changes_of_our_trust_is_put_back(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import os
        from unittest import mock
        import pytest

        BEFORE = os.environ.get("SSL_CERT_FILE")

        @pytest.fixture(autouse=True)
        def patched_first(monkeypatch):
            monkeypatch.setenv("HTTP_PROXY", "")

        @pytest.mark.smtpserver(tls="starttls")
        def test_it(smtpserver_trusted, monkeypatch):
            monkeypatch.delenv("SSL_CERT_FILE")

        def test_afterwards():
            assert os.environ.get("SSL_CERT_FILE") == BEFORE

        @pytest.fixture
        def changed_before(monkeypatch):
            with mock.patch.dict(os.environ, SSL_CERT_FILE="/no/such/file"):
                yield

        @pytest.mark.smtpserver(tls="starttls")
        def test_another(changed_before, smtpserver_trusted, monkeypatch):
            monkeypatch.undo()
            assert os.environ["SSL_CERT_FILE"] == str(smtpserver_trusted.ca.bundle_file)

        def test_after_that():
            assert os.environ.get("SSL_CERT_FILE") == BEFORE
        """
    )
    suite.runpytest_subprocess().assert_outcomes(passed=4)


def test_authorities_that_the_environment_trusts_stay_trusted(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    import trustme

    theirs = suite.path / "theirs.pem"
    trustme.CA().cert_pem.write_to_path(theirs)
    monkeypatch.setenv("SSL_CERT_FILE", str(theirs))
    suite.makepyfile(
        f"""
        import os
        import pytest

        @pytest.mark.smtpserver(tls="starttls")
        def test_it(smtpserver_trusted):
            bundle = open(os.environ["SSL_CERT_FILE"]).read()
            theirs, ours = open({str(theirs)!r}).read(), smtpserver_trusted.ca.cert_file.read_text()
            assert bundle == theirs + ours

        def test_afterwards():
            assert os.environ["SSL_CERT_FILE"] == {str(theirs)!r}
        """
    )
    suite.runpytest_subprocess().assert_outcomes(passed=2)


def test_an_item_that_has_no_list_of_fixtures_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        class Check(pytest.Item):
            fixturenames = None
            def runtest(self): pass

        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".check":
                return Checks.from_parent(parent, path=file_path)

        class Checks(pytest.File):
            def collect(self):
                yield Check.from_parent(self, name="check")
        """
    )
    pytester.makefile(".check", "")
    pytester.makepyfile("def test_it(smtpserver_session): pass")
    pytester.runpytest_inprocess().assert_outcomes(passed=2)

"""The fixtures as a user's suite uses them, in runs of pytest of their own."""

from __future__ import annotations

import socket

import pytest

HELPERS = """
    import smtplib
    import pytest

    def send(server, subject="hello"):
        with smtplib.SMTP(server.host, server.port, timeout=5) as client:
            client.sendmail("from@example.org", "to@example.org", f"Subject: {subject}\\r\\n\\r\\n")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(helpers=HELPERS)
    pytester.syspathinsert()
    return pytester


def test_smtpserver_gives_each_test_a_server_of_its_own(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from helpers import send
        ports = set()

        def test_one(smtpserver):
            ports.add(smtpserver.port)
            send(smtpserver)
            assert smtpserver.wait_for_message().email["Subject"] == "hello"

        def test_two(smtpserver):
            assert smtpserver.messages == ()
            ports.add(smtpserver.port)
            assert len(ports) == 2
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_factory_gives_as_many_servers_as_wanted_and_stops_them(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from helpers import send
        kept = []

        def test_two_servers(smtpserver_factory):
            one, other = smtpserver_factory(), smtpserver_factory(hostname="other.example.org")
            kept.extend([one, other])
            send(one)
            assert (len(one.messages), len(other.messages)) == (1, 0)
            assert other.hostname == "other.example.org"

        def test_they_were_stopped():
            for server in kept:
                with pytest.raises(ConnectionRefusedError):
                    send(server)
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=2)


def test_the_runs_server_keeps_its_port_and_is_emptied_before_each_test(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import pytest
        from helpers import send
        ports = set()

        @pytest.fixture
        def application(smtpserver_session):
            assert smtpserver_session.messages == ()
            send(smtpserver_session)

        @pytest.mark.parametrize("number", range(3))
        def test_mail(application, smtpserver_session, number):
            ports.add(smtpserver_session.port)
            assert len(ports) == 1
            assert len(smtpserver_session.messages) == 1
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=3)


def test_a_marker_on_a_test_that_has_the_runs_server_only_is_an_error(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(max_recipients=1)
        def test_mail(smtpserver_session):
            pass
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*smtpserver_session only*"])


def test_names_of_a_projects_own_are_none_of_our_business(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.fixture
        def smtpserver_session():
            return 7

        @pytest.mark.smtpserver("anything")
        def test_it(smtpserver_session):
            assert smtpserver_session == 7
        """
    )
    suite.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_closest_setting_wins(suite: pytest.Pytester) -> None:
    suite.makeini(
        """
        [pytest]
        smtpserver_hostname = ini.example.org
        smtpserver_max_recipients = 1
        smtpserver_max_connections = 1
        smtpserver_max_message_size = 1
        smtpserver_wait_timeout = 1
        smtpserver_extensions = -SIZE
            -SMTPUTF8
        """
    )
    suite.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smtpserver_settings():
            return dict(max_recipients=2, max_connections=2, max_message_size=2, wait_timeout=2)
        """
    )
    suite.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.smtpserver(max_connections=3, max_message_size=3, wait_timeout=3)

        @pytest.mark.smtpserver(max_message_size=4)
        class TestIt:
            @pytest.mark.smtpserver(wait_timeout=5)
            @pytest.mark.parametrize(
                "_", [pytest.param(1, marks=pytest.mark.smtpserver(wait_timeout=6))]
            )
            def test_mail(self, smtpserver, smtpserver_factory, _):
                settings = smtpserver.settings
                assert settings.hostname == "ini.example.org"
                assert settings.max_recipients == 2
                assert settings.max_connections == 3
                assert settings.max_message_size == 4
                assert settings.wait_timeout == 6.0
                offered = settings.offered_extensions
                assert "8BITMIME" in offered
                assert not {"SIZE", "SMTPUTF8"}.intersection(offered)
                assert smtpserver_factory(wait_timeout=7).settings.wait_timeout == 7.0
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_closest_of_markers_on_a_class_and_its_bases_wins(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        class Base:
            pytestmark = pytest.mark.smtpserver(
                max_recipients=1, max_connections=1, wait_timeout=1, idle_timeout=1
            )

        @pytest.mark.smtpserver(max_connections=2, wait_timeout=2, idle_timeout=2)
        class Derived(Base):
            pass

        @pytest.mark.smtpserver(idle_timeout=4)
        @pytest.mark.smtpserver(wait_timeout=3, idle_timeout=3)
        class TestIt(Derived):
            def test_outside(self, smtpserver):
                settings = smtpserver.settings
                assert (settings.max_recipients, settings.max_connections) == (1, 2)
                assert (settings.wait_timeout, settings.idle_timeout) == (3.0, 3.0)

            @pytest.mark.smtpserver(idle_timeout=5)
            class TestInside(Base):
                def test_inside(self, smtpserver):
                    settings = smtpserver.settings
                    assert (settings.max_connections, settings.wait_timeout) == (1, 1.0)
                    assert settings.idle_timeout == 5.0
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=2)


def test_settings_of_several_markers_are_checked_together(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.smtpserver(tls_required=True)

        @pytest.mark.smtpserver(tls="starttls")
        def test_mail(smtpserver):
            assert smtpserver.settings.tls_required
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_so_are_frames_below_every_place_with_a_call(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smtpserver_settings():
            return dict(auth="required", mechanisms=["SCRAM-SHA-256"])
        """
    )
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(tls_required=True)
        def test_mail(smtpserver_factory):
            settings = smtpserver_factory(tls="starttls", users={"ann": "secret"}).settings
            assert (settings.tls_required, settings.auth) == (True, "required")

        @pytest.mark.smtpserver(tls_required=True, users={"ann": "secret"})
        def test_that_cannot_be(smtpserver):
            pass
        """
    )
    # In a process of its own: cryptography cannot be imported twice.
    result = suite.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*smtpserver: tls_required=True with tls='off': no client *"])


def test_settings_of_a_conftest_that_are_not_a_mapping_are_named(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smtpserver_settings():
            return None
        """
    )
    suite.makepyfile("def test_it(smtpserver): pass")
    result = suite.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*smtpserver_settings: *a mapping of names to values, not None"])


def test_a_setting_can_be_given_on_the_command_line(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(smtpserver): assert smtpserver.settings.max_recipients == 7")
    suite.runpytest_inprocess("-o", "smtpserver_max_recipients=7").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "abc"),
        ("port", "70000"),
        ("hostname", "two words"),
        ("max_recipients", "0"),
        ("wait_timeout", "soon"),
        ("extensions", "NOPE"),
        ("transcript", "sometimes"),
    ],
)
def test_a_wrong_ini_value_is_one_sentence_before_any_test(
    suite: pytest.Pytester, key: str, value: str
) -> None:
    suite.makepyfile("def test_it(): pass")
    result = suite.runpytest_inprocess("-o", f"smtpserver_{key}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (sentence,) = [line for line in result.errlines if line]
    assert f"smtpserver_{key}" in sentence
    assert value in sentence
    assert "must be" in sentence


@pytest.mark.parametrize(
    ("marker", "culprit"),
    [
        ("max_recipient=3", "'max_recipient': did you mean 'max_recipients'"),
        ("port='x'", "port='x': must be"),
        ("25", "settings must be given by name, not 25"),
    ],
)
def test_a_wrong_marker_is_one_sentence_as_the_tests_set_up_error(
    suite: pytest.Pytester, marker: str, culprit: str
) -> None:
    suite.makepyfile(
        f"""
        import pytest

        @pytest.mark.smtpserver({marker})
        def test_it(smtpserver): pass
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at setup of test_it*", f"*@pytest.mark.smtpserver: *{culprit}*"]
    )
    result.stdout.no_fnmatch_line("*plugin.py*")
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


@pytest.mark.parametrize("fixture", ["smtpserver", "smtpserver_session"])
def test_a_busy_port_is_one_sentence(suite: pytest.Pytester, fixture: str) -> None:
    suite.makepyfile(f"def test_it({fixture}): pass")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = suite.runpytest_inprocess("-o", f"smtpserver_port={port}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"{fixture}: *cannot listen on port {port} of 127.0.0.1*in use*"])
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_the_plugin_can_be_switched_off(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile("def test_it(smtpserver): pass")
    # As in a run of its own, where pytest finds the plugins of the environment.
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_ADDOPTS")
    result = suite.runpytest_subprocess("-p", "no:smtpserver", "-p", "no:localserver")
    result.stdout.fnmatch_lines(["*fixture 'smtpserver' not found*"])


def test_a_run_that_does_not_use_it_starts_no_thread_and_imports_nothing_costly(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import sys
        import threading

        def test_it():
            for name in ("trio", "ssl", "email.policy", "cryptography", "selectolax"):
                assert name not in sys.modules, name
            assert threading.active_count() == 1
        """
    )
    suite.runpytest_subprocess().assert_outcomes(passed=1)


def test_each_xdist_worker_has_its_own_servers(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from helpers import send

        @pytest.mark.parametrize("number", range(20))
        def test_mail(smtpserver, smtpserver_session, number):
            for server in (smtpserver, smtpserver_session):
                send(server, f"number {number}")
                assert server.wait_for_message().email["Subject"] == f"number {number}"
        """
    )
    suite.runpytest_subprocess("-p", "xdist", "-n", "2").assert_outcomes(passed=20)


def test_a_fixed_port_with_xdist_is_refused_before_any_test(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(smtpserver): pass")
    result = suite.runpytest_subprocess("-p", "xdist", "-n", "2", "-o", "smtpserver_port=2525")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*smtpserver_port=2525: *pytest-xdist*use 0*"])


def test_a_path_that_all_workers_of_xdist_would_share_is_refused_before_any_test(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile("def test_it(smtpserver): pass")
    host = "smtpserver_host=unix:/run/smtp"
    result = suite.runpytest_subprocess("-p", "xdist", "-n", "2", "-o", host)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{host}: *pytest-xdist*smtpserver_factory(host=...)*tmp_path*"])


def test_a_run_that_an_xdist_worker_starts_can_have_a_fixed_port(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    suite.makepyfile("def test_it(smtpserver): pass")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    result = suite.runpytest_subprocess("-p", "xdist", "-o", f"smtpserver_port={port}")
    result.assert_outcomes(passed=1)


def test_a_fixed_port_that_a_test_asks_for_with_xdist_is_a_set_up_error(
    suite: pytest.Pytester,
) -> None:
    suite.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smtpserver_settings():
            return dict(port=2525)
        """
    )
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(port=2526)
        def test_by_its_marker(smtpserver): pass

        def test_by_the_settings_of_the_run(smtpserver_session): pass
        """
    )
    result = suite.runpytest_subprocess("-p", "xdist", "-n", "1")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines_random(
        [f"*port={port}: *pytest-xdist*use port=0*" for port in (2525, 2526)]
    )


def test_a_coroutine_test_waits_without_blocking_its_loop(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\ntrio_mode = true")
    suite.makepyfile(
        """
        import trio
        from helpers import send

        async def test_it(smtpserver_async):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.to_thread.run_sync, send, smtpserver_async)
                message = await smtpserver_async.wait_for_message()
            assert message is smtpserver_async.messages[0]

        async def test_under_a_mock_clock(smtpserver_async, autojump_clock):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.to_thread.run_sync, send, smtpserver_async)
                # A loop with such a clock never sleeps, and leaves little to other threads.
                await smtpserver_async.wait_for_message(timeout=30)
        """
    )
    suite.runpytest_inprocess("-p", "trio").assert_outcomes(passed=2)


def test_a_crash_of_any_server_is_the_tests_teardown_error(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import smtplib
        import pytest
        from pytest_smtpserver.smtp.dialogue import Dialogue

        def crash(server, monkeypatch):
            monkeypatch.setattr(Dialogue, "begin", lambda *args: 1 / 0)
            with smtplib.SMTP(server.host, server.port) as client:
                client.ehlo()
                assert client.mail("from@example.org")[0] == 421

        def test_it(smtpserver_factory, monkeypatch):
            crash(smtpserver_factory(), monkeypatch)
            crash(smtpserver_factory(), monkeypatch)

        def test_the_runs(smtpserver_session, monkeypatch):
            crash(smtpserver_session, monkeypatch)

        def test_next(smtpserver_session):
            pass
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        ["E * ZeroDivisionError: division by zero", "E *ServerCrashed: *", "    ServerCrashed: *"]
    )


def test_what_is_replaced_while_the_first_server_starts_is_not_kept_by_later_ones(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        from unittest import mock
        import pytest
        from helpers import send

        @pytest.fixture
        def no_programs():
            with mock.patch("subprocess.Popen"):
                yield

        def test_without_programs(no_programs, smtpserver):
            send(smtpserver)
            smtpserver.wait_for_message()

        def test_later(smtpserver):
            send(smtpserver)
            smtpserver.wait_for_message()
        """
    )
    suite.runpytest_subprocess().assert_outcomes(passed=2)

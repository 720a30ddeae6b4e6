"""What one test does to the process, its threads or its servers; the next one does not notice."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from tests.plugin.inner import HELPERS, run


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="needs SIGPIPE")
def test_a_client_that_has_left_ends_no_process_that_has_given_sigpipe_back(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    def test_of_a_program(smtpserver_factory):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        # The path of pytester's directory is too long for a socket.
        path = pathlib.Path(tempfile.mkdtemp(), "socket")
        server = smtpserver_factory(host=f"unix:{path}")
        asked, gone = threading.Event(), threading.Event()

        def late(command):
            asked.set()
            assert gone.wait(20)

        server.on("noop").reply(late)
        # A reply to a peer that has left is an error at once there, on TCP only the next one.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"NOOP\\r\\n")
            assert asked.wait(20)
        gone.set()
        server.wait_closed()
        server.stop()
        path.parent.rmdir()
"""
    run(pytester, tests).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("fixture", "goes_on"), [("smtpserver", False), ("smtpserver_session", True)]
)
def test_a_test_may_wait_for_all_threads(
    pytester: pytest.Pytester, fixture: str, goes_on: bool
) -> None:
    tests = f"""
    def test_of_mail({fixture}):
        send({fixture})

    def test_that_waits_for_all_threads():
        [ours] = [one for one in threading.enumerate() if "smtpserver" in one.name]
        ours.join()
        assert ours.is_alive() == {goes_on}

    def test_of_mail_again({fixture}):
        send({fixture})
"""
    run(pytester, tests).assert_outcomes(passed=3)


def test_a_callable_that_never_returns_costs_no_other_server_its_clients(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    def test_before(smtpserver_session, own):
        send(smtpserver_session)
        send(own)

    def test_that_blocks(smtpserver):
        keep_thread(smtpserver, threading.Event().wait)

    def test_after(smtpserver, smtpserver_session, own):
        send(smtpserver_session)
        send(smtpserver)
        send(own)
"""
    run(pytester, tests).assert_outcomes(passed=3)


@pytest.mark.parametrize("users", ["block", "{'ann': 'secret'}"], ids=["users", "a rule"])
def test_a_callable_that_never_returns_leaves_the_runs_server_to_the_next_test(
    pytester: pytest.Pytester, users: str
) -> None:
    tests = f"""
    asked = threading.Event()

    def block(*_):
        asked.set()
        threading.Event().wait()

    @pytest.fixture(scope="session")
    def smtpserver_settings():
        return {{"auth": "optional", "users": {users}}}

    def test_that_blocks(smtpserver_session):
        smtpserver_session.on("mail", optional=True).reply(block)
        client = smtplib.SMTP(*smtpserver_session.addr)
        client.ehlo()
        client.putcmd("auth", "plain AGFubgBzZWNyZXQ=")
        client.putcmd("mail", "from:<ann@x.test>")
        assert asked.wait(20)
        client.close()

    def test_after(smtpserver_session):
        send(smtpserver_session)

    def test_without_mail():
        pass
"""
    run(pytester, tests).assert_outcomes(passed=3)


def test_a_callable_that_is_only_slow_costs_no_client_of_another_server_its_connection(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="module")
    def client(smtpserver_session):
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            yield client

    def test_before(client):
        client.noop()

    def test_of_a_slow_reply(smtpserver):
        keep_thread(smtpserver, lambda: time.sleep(2))

    def test_after(smtpserver_session, client):
        client.sendmail("shop@x.test", ["ann@x.test"], "Subject: Welcome")
        assert smtpserver_session.wait_for_message(timeout=20)
"""
    run(pytester, tests).assert_outcomes(passed=3)


def test_the_runs_server_leaves_a_thread_that_another_servers_callable_keeps(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="module")
    def own():
        yield SMTPServer().start()

    def test_before(smtpserver_session):
        send(smtpserver_session)

    def test_that_blocks(own):
        keep_thread(own, threading.Event().wait)

    def test_after(smtpserver_session):
        send(smtpserver_session)
"""
    run(pytester, tests).assert_outcomes(passed=3)


def test_who_calls_all_exit_handlers_ends_no_server(pytester: pytest.Pytester) -> None:
    tests = """
    def test_before(smtpserver_session, own):
        send(smtpserver_session)
        send(own)

    def test_of_an_exit_handler():
        said = []
        atexit.register(said.append, "bye")
        atexit._run_exitfuncs()
        assert said == ["bye"]

    def test_after(smtpserver_session, own):
        send(smtpserver_session)
        send(own)
"""
    run(pytester, tests).assert_outcomes(passed=3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_test_that_is_run_in_a_forked_process_starts_no_server_of_the_other(
    pytester: pytest.Pytester,
) -> None:
    # What pytest-forked does.
    pytester.makeconftest("""
        import os
        import pytest
        from _pytest.runner import runtestprotocol

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item, nextitem):
            if item.get_closest_marker("forked") is None:
                return None
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            child = os.fork()
            if not child:
                reports = runtestprotocol(item, log=False, nextitem=nextitem)
                os._exit(sum(report.failed for report in reports))
            failed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert failed == 0
            return True
    """)
    tests = """
    def test_before(smtpserver_session):
        send(smtpserver_session)

    @pytest.mark.forked
    def test_forked():
        pass

    @pytest.mark.forked
    def test_forked_with_the_server(smtpserver_session):
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            client.noop()

    def test_after(smtpserver_session):
        send(smtpserver_session)
"""
    pytester.makepyfile(HELPERS + tests)
    ignored = "-Wignore:This process:DeprecationWarning"
    pytester.runpytest_subprocess(ignored).assert_outcomes(passed=2)


def test_only_tests_that_use_the_runs_server_suffer_if_its_port_is_taken(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    taken = []

    def test_of_an_outage(smtpserver_session):
        smtpserver_session.stop()
        taken.append(socket.create_server(smtpserver_session.addr))

    def test_without_mail():
        pass

    def test_of_mail(smtpserver_session):
        pass

    def test_that_gives_it_back():
        taken.pop().close()

    def test_of_mail_again(smtpserver_session):
        send(smtpserver_session)
"""
    run(pytester, tests).assert_outcomes(passed=4, errors=1)


@pytest.mark.parametrize("name", ["close", "recv", "send", "recv_into", "shutdown"])
def test_a_method_of_sockets_that_raises_does_so_in_one_test_only(
    pytester: pytest.Pytester, name: str
) -> None:
    tests = f"""
    @pytest.fixture(scope="module")
    def client(smtpserver_session):
        client = smtplib.SMTP(*smtpserver_session.addr, timeout=20)
        yield client
        client.close()

    def test_before(smtpserver_session, client):
        send(smtpserver_session)

    def test_with_a_failing_socket(smtpserver, smtpserver_session):
        with mock.patch.object(socket.socket, "{name}", side_effect=RuntimeError("boom")):
            server = SMTPServer().start()
            server.stop()
            smtpserver.stop()
            smtpserver_session.disconnect_clients()

    def test_without_mail():
        pass

    def test_after(smtpserver_session):
        send(smtpserver_session)
        assert len([one for one in threading.enumerate() if "smtpserver" in one.name]) == 1
"""
    run(pytester, tests).assert_outcomes(passed=4)


def test_a_violation_in_an_older_session_is_said_to_be_of_one(pytester: pytest.Pytester) -> None:
    tests = """
    clients = []

    @pytest.fixture(scope="session")
    def smtpserver_settings():
        return {"strict": True}

    def test_that_leaves_a_client(smtpserver_session):
        clients.append(smtplib.SMTP(*smtpserver_session.addr))
        clients[0].ehlo()

    def test_in_which_it_leaves(smtpserver_session):
        clients.pop().close()
        smtpserver_session.wait_closed()
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*session 1, begun before clear() or the test: no-quit*"])


def test_threads_that_seem_to_be_dead_are_not_left_behind(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.parametrize("number", range(3))
    def test_of_a_watchdog(number, monkeypatch, smtpserver_factory):
        monkeypatch.setattr(threading.Thread, "is_alive", lambda self: False)
        send(smtpserver_factory())

    def test_without_mail():
        assert threading.active_count() == 2
"""
    run(pytester, tests).assert_outcomes(passed=4)


def test_a_client_that_leaves_late_is_not_the_fault_of_a_test_without_mail(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    clients = []

    @pytest.fixture(scope="session")
    def smtpserver_settings():
        return {"strict": True}

    def test_that_leaves_a_client(smtpserver_session):
        clients.append(smtplib.SMTP(*smtpserver_session.addr))
        clients[0].ehlo()
        clients.append(smtpserver_session)

    def test_without_mail():
        clients.pop(0).close()
        clients.pop().wait_closed()
"""
    run(pytester, tests).assert_outcomes(passed=2)


def test_a_test_answers_for_its_own_rules_and_clients_however_it_got_the_server(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="session")
    def smtpserver_settings():
        return {"strict": True}

    @pytest.fixture(scope="session")
    def late(request):
        return request.getfixturevalue("smtpserver_session")

    def test_that_is_the_first_to_ask(late):
        pass

    def test_with_a_rule(late):
        late.on("rcpt").reply(550)

    def test_with_a_client(late):
        with smtplib.SMTP(*late.addr) as client:
            client.docmd("FOO")
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(["ERROR *::test_with_a_rule", "ERROR *::test_with_a_client"])


def test_what_an_earlier_test_did_on_a_connection_that_stays_is_forgotten(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="session")
    def smtpserver_settings():
        return {"users": {"ann": "secret"}, "auth": "optional", "auth_needs_tls": False}

    @pytest.fixture(scope="module")
    def client(smtpserver_session):
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            client.ehlo()
            yield client

    def test_that_does_wrong(client):
        assert client.docmd("FOO")[0] == 500
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("ann", "wrong")
        client.login("ann", "secret")

    def test_that_does_right(smtpserver_session, client):
        client.sendmail("shop@x.test", ["ann@x.test"], "Subject: Welcome")
        session = smtpserver_session.wait_for_message(timeout=20).session
        session.assert_no_violations()
        session.assert_authenticated("ann")
        assert [attempt.succeeded for attempt in session.auth] == [True]
"""
    run(pytester, tests).assert_outcomes(passed=2)


@pytest.mark.parametrize("server", ["smtpserver", "smtpserver_factory()"])
def test_a_fixture_that_looks_for_what_a_test_leaves_finds_nothing_of_ours(
    pytester: pytest.Pytester, server: str
) -> None:
    tests = f"""
    import os

    @pytest.fixture(autouse=True)
    def nothing_is_left():
        threads, descriptors = set(threading.enumerate()), len(os.listdir("/dev/fd"))
        yield
        assert set(threading.enumerate()) <= threads
        assert len(os.listdir("/dev/fd")) <= descriptors

    def test_the_first({server.removesuffix("()")}):
        send({server})

    def test_that_forks():
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)

    def test_after_it({server.removesuffix("()")}):
        send({server})
"""
    run(pytester, tests).assert_outcomes(passed=3)


def test_a_connection_may_be_silent_while_wider_fixtures_end(pytester: pytest.Pytester) -> None:
    tests = """
    import math
    from pytest_smtpserver.network.background import background

    @pytest.fixture(scope="module")
    def client(smtpserver_session):
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            client.noop()
            yield client
            (connection,) = smtpserver_session._core.listener._connections
            has_acted = threading.Event()
            background().soon(has_acted.set)
            assert has_acted.wait(20)
            assert connection._deadline.at == math.inf

    def test_it(client):
        client.noop()
        client.noop()
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_server_that_others_can_reach_is_started_again_without_another_warning(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import warnings

    @pytest.fixture(scope="session")
    def public(smtpserver_session_factory):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return smtpserver_session_factory(host="0.0.0.0")

    def test_of_an_outage(public):
        public.stop()

    def test_after_it(public):
        assert public.accepting
"""
    run(pytester, tests).assert_outcomes(passed=2)


@pytest.mark.parametrize("hook", ["settrace", "setprofile"])
def test_a_tracer_of_a_tests_threads_is_not_one_of_the_servers(
    pytester: pytest.Pytester, hook: str
) -> None:
    tests = f"""
    traced = set()

    @pytest.fixture
    def tracer():
        threading.{hook}(lambda *_: traced.add(threading.current_thread().name))
        yield
        threading.{hook}(None)

    def test_that_traces(tracer, smtpserver):
        send(smtpserver)
        thread = threading.Thread(target=len, args=([],), name="of the test")
        thread.start()
        thread.join()
        assert "of the test" in traced
        assert not any("smtpserver" in name for name in traced)
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_size_for_the_stacks_of_a_tests_threads_is_not_one_of_the_servers(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture
    def small():
        before = threading.stack_size(32 * 1024)
        yield
        threading.stack_size(before)

    deep = []
    for _ in range(800):
        deep = [deep]

    def test_of_small_threads(small, smtpserver):
        smtpserver.on("noop").reply(lambda _: f"250 {len(repr(deep))}")
        with smtplib.SMTP(*smtpserver.addr, timeout=20) as client:
            assert client.noop() == (250, b"1602")
        assert threading.stack_size() == 32 * 1024
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_run_within_a_test_takes_no_mock_for_the_standard_library(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import os

    def test_of_mail(smtpserver):
        send(smtpserver)

    def test_that_runs_pytest(monkeypatch, tmp_path):
        def nobody(*_, **__):
            raise RuntimeError("there are no sockets")

        inner = tmp_path / "test_inner.py"
        inner.write_text("from pytest_smtpserver import SMTPServer\\ndef test_it(): pass")
        monkeypatch.setattr(socket, "socket", nobody)
        assert pytest.main(["-p", "no:cacheprovider", str(inner)]) == 0

    def test_after_a_fork(smtpserver_factory):
        from pytest_smtpserver.network.background import shut_down

        shut_down()
        send(smtpserver_factory())
"""
    run(pytester, tests).assert_outcomes(passed=3)


@pytest.mark.parametrize("library", ["idna", "cryptography", "trustme"])
def test_a_stand_in_for_a_library_under_tls_does_no_harm(
    pytester: pytest.Pytester, library: str
) -> None:
    tests = f"""
    import sys

    @pytest.fixture
    def stand_in():
        with mock.patch.dict(sys.modules, {{{library!r}: mock.MagicMock()}}):
            yield

    def test_with_it(stand_in, smtpserver_factory):
        assert isinstance(sys.modules[{library!r}], mock.MagicMock)
        smtpserver_factory(tls="starttls")
        assert isinstance(sys.modules[{library!r}], mock.MagicMock)

    def test_without_it(smtpserver_factory):
        server = smtpserver_factory(tls="starttls")
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            client.starttls(context=server.client_context())
"""
    run(pytester, tests).assert_outcomes(passed=2)


def test_where_a_library_cannot_be_imported_a_run_within_a_test_is_none_of_its_business(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import sys
    pytest_plugins = "pytester"

    def test_of_mail(smtpserver):
        send(smtpserver)

    @pytest.fixture(scope="module")
    def without_h11():
        with mock.patch.dict(sys.modules, {"h11": None}):
            yield

    def test_without_it(without_h11):
        pass

    def test_of_a_plugin(without_h11, pytester):
        pytester.makepyfile("def test_it(): pass")
        pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
"""
    run(pytester, tests).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    "told",
    [
        "on('mail', optional=True).reply('550 no')",
        "on('mail', optional=True).ignore()",
        "on('xyzzy', optional=True).reply('250 ok')",
        "on('mail', optional=True).reply('451 later').times(1)",
        "on('rcpt', optional=True).reply(lambda _: 1 / 0)",
        "stop()",
    ],
)
def test_a_wider_fixture_that_ends_meets_a_server_that_the_test_has_not_changed(
    pytester: pytest.Pytester, told: str
) -> None:
    tests = f"""
    @pytest.fixture(scope="module")
    def application(smtpserver_session):
        yield
        send(smtpserver_session)
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            assert client.docmd("xyzzy")[0] == 500

    def test_it(application, smtpserver_session):
        smtpserver_session.{told}
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_rule_that_only_a_wider_fixture_meets_was_never_used(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture(scope="module")
    def application(smtpserver_session):
        yield
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            client.sendmail("shop@x.test", ["ann@x.test"], "Subject: Bye")

    def test_it(application, smtpserver_session):
        smtpserver_session.refuse("550 no")
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*never used: the rule on('mail') made at *"])


def test_a_wider_fixture_may_give_rules_to_a_server_for_its_own_end(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="module")
    def application(smtpserver_session):
        yield
        smtpserver_session.refuse("550 no")
        with smtplib.SMTP(*smtpserver_session.addr, timeout=20) as client:
            with pytest.raises(smtplib.SMTPSenderRefused):
                client.sendmail("shop@x.test", ["ann@x.test"], "Subject: Bye")

    def test_it(application):
        pass
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_test_does_not_answer_for_what_wider_fixtures_do_while_they_end(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nsmtpserver_strict = true")
    tests = """
    @pytest.fixture(scope="module")
    def application(smtpserver_session):
        client = smtplib.SMTP(*smtpserver_session.addr, timeout=20)
        yield client
        client.close()
        smtpserver_session.wait_closed(timeout=20)

    def test_it(application, smtpserver_session):
        application.noop()

    def test_that_does_wrong(smtpserver_session):
        client = smtplib.SMTP(*smtpserver_session.addr, timeout=20)
        client.noop()
        client.close()

    def test_of_something_else(smtpserver_session):
        smtpserver_session.assert_no_message()
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_that_does_wrong*", "*no-quit*"])


def test_a_module_with_a_marker_may_have_a_test_without_mail(pytester: pytest.Pytester) -> None:
    tests = """
    pytestmark = pytest.mark.smtpserver(hostname="mx.x.test")

    @pytest.fixture(scope="session", autouse=True)
    def application(smtpserver_session):
        pass

    @pytest.fixture
    def mail(smtpserver_session):
        return smtpserver_session

    def test_of_mail(smtpserver):
        assert smtpserver.settings.hostname == "mx.x.test"

    def test_of_something_else():
        pass

    def test_of_the_runs_server(smtpserver_session):
        pass

    def test_with_a_fixture_for_it(mail):
        pass

    @pytest.mark.smtpserver(hostname="mx2.x.test")
    def test_with_a_marker_of_its_own():
        pass
"""
    run(pytester, tests).assert_outcomes(passed=2, errors=3)


def test_settings_of_all_tests_cannot_be_changed_by_one(pytester: pytest.Pytester) -> None:
    tests = """
    def test_it(smtpserver_settings):
        assert smtpserver_settings == {}
        with pytest.raises(TypeError, match="does not support item assignment"):
            smtpserver_settings["auth"] = "required"
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_mail_after_a_wait_of_another_test_is_not_called_late(pytester: pytest.Pytester) -> None:
    tests = """
    def test_that_waits(own):
        with pytest.raises(AssertionError):
            own.wait_for_message(timeout=0.05)
        with smtplib.SMTP(*own.addr, timeout=20) as client:
            client.sendmail("shop@x.test", ["ann@x.test"], "Subject: Reminder")

    def test_that_fails(own):
        assert 1 + 1 == 3
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*longer timeout*")


def test_the_server_that_has_a_port_is_named(pytester: pytest.Pytester) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tests = f"""
    def test_that_forgets_its_server():
        SMTPServer(port={port}).start()

    def test_with_the_same_port():
        SMTPServer(port={port}).start()
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [f"*port={port}: another server of this process, started at test_*.py:*, listens there*"]
    )


def test_a_server_that_the_plugin_starts_again_is_named_as_before(
    pytester: pytest.Pytester,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tests = f"""
    @pytest.fixture(scope="session")
    def application(smtpserver_session_factory):
        return smtpserver_session_factory(port={port})

    def test_of_an_outage(application):
        application.stop()

    def test_with_the_same_port():
        SMTPServer(port={port}).start()
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*of this process, started at test_*.py:*, listens there*"])

"""What a test mocks or takes away while it uses a server: the next test does not notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

HELPERS = """
    import smtplib
    import pytest
    from pytest_smtpserver import SMTPAssertionError

    MAIL = b"\\r\\n".join((
        b"From: ann@x.test",
        b"Subject: =?utf-8?q?caf=C3=A9?=",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/alternative; boundary=xyz",
        b"",
        b"--xyz",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: base64",
        b"",
        b"WW91ciBsb2dpbiBjb2RlIGlzIDEyMzQ1Ni4=",
        b"--xyz",
        b"Content-Type: text/html; charset=iso-8859-1",
        b"",
        b"<p>Your login code is 123456. <a href='https://x.test/a'>Open</a>",
        b"--xyz--",
        b"",
    ))

    def use(factory):
        server = factory(tls="starttls", auth="required", users={"ann": "secret"})
        with smtplib.SMTP(server.host, server.port, timeout=20) as client:
            client.starttls(context=server.client_context())
            client.login("ann", "secret")
            client.sendmail("ann@x.test", ["bob@x.test"], MAIL)
        message = server.wait_for_message(subject="caf\\u00e9", timeout=20)
        assert message.code() == "123456"
        assert message.link() == "https://x.test/a"
        assert "login code" in message.html_text
        assert str(message) and message.problems
        assert server.ca.bundle_file.exists()
        server.refuse(550, rcpt_to="no@x.test", optional=True)
        with pytest.raises(SMTPAssertionError, match="subject is"):
            server.wait_for_message(subject="other", timeout=0.01)
"""

MOCKS = """
    from contextlib import ExitStack, suppress
    from unittest import mock

    def test_with_mocks(smtpserver_factory):
        with suppress(Exception), ExitStack() as stack:
            for name in {names}:
                stack.enter_context(mock.patch(name))
            use(smtpserver_factory)

    def test_without(smtpserver_factory):
        use(smtpserver_factory)
"""


@pytest.mark.parametrize(
    "names",
    [
        ["re.compile"],
        ["re.escape", "codecs.lookup"],
        ["functools.lru_cache", "functools.cache", "functools.cached_property"],
        ["base64.b64decode", "base64.urlsafe_b64encode"],
        ["pathlib.Path", "tempfile.NamedTemporaryFile", "tempfile.mkdtemp"],
        ["builtins.open", "os.path.exists", "os.path.join"],
        ["contextlib.contextmanager", "dataclasses.dataclass"],
        ["collections.defaultdict", "collections.namedtuple"],
        ["datetime.datetime", "email.utils.parseaddr", "json.loads", "logging.getLogger"],
    ],
    ids=lambda names: names[0],
)
def test_no_mock_of_the_standard_library_outlives_its_test(
    pytester: pytest.Pytester, names: Sequence[str]
) -> None:
    pytester.makepyfile(HELPERS + MOCKS.format(names=names))
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


LATE = {
    "by a fixture": """
    @pytest.fixture
    def late(request):
        return partial(use, request.getfixturevalue("smtpserver_factory"))
""",
    "by an import": """
    @pytest.fixture
    def late():
        def factory(**settings):
            from pytest_smtpserver import SMTPServer
            return stack.enter_context(SMTPServer(**settings))

        with ExitStack() as stack:
            yield partial(use, factory)
""",
}
IMPORTS = """
    import sys
    from contextlib import ExitStack, suppress
    from functools import partial
    from unittest import mock
"""
LATE_MOCKS = """
    def test_with_mocks(late):
        with suppress(Exception), {mocks}:
            late()

    def test_without(late):
        late()
"""


@pytest.mark.parametrize("how", LATE)
@pytest.mark.parametrize("place", ["conftest", "test_it"])
@pytest.mark.parametrize(
    "mocks",
    [
        "mock.patch('re.compile'), mock.patch('base64.b64decode')",
        "mock.patch.dict(sys.modules, {'redis': mock.Mock()})",
    ],
    ids=["functions", "modules"],
)
def test_nor_if_the_server_is_asked_for_when_the_test_runs(
    pytester: pytest.Pytester, how: str, place: str, mocks: str
) -> None:
    fixtures, tests = IMPORTS + HELPERS + LATE[how], LATE_MOCKS.format(mocks=mocks)
    if place == "conftest":
        pytester.makeconftest(fixtures)
        pytester.makepyfile(IMPORTS + tests)
    else:
        pytester.makepyfile(fixtures + tests)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_plugin_of_the_project_may_ask_for_a_server(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["late_servers"]')
    pytester.makepyfile(
        late_servers=IMPORTS + HELPERS + LATE["by a fixture"],
        test_it=IMPORTS + LATE_MOCKS.format(mocks="mock.patch('re.compile')"),
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_plugins_of_any_kind_and_an_ordinary_word_are_left_alone(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        class Odd:
            def __getattr__(self, name):
                return None

        class conftest:
            pass

        def pytest_configure(config):
            for plugin in Odd(), conftest, conftest():
                config.pluginmanager.register(plugin)
        """
    )
    pytester.makepyfile(
        """
        import sys

        def connect(smtpserver="localhost"):
            return smtpserver

        def test_it():
            assert connect() == "localhost"
            assert "trio" not in sys.modules
        """
    )
    (pytester.path / "space" / "conftest").mkdir(parents=True)
    result = pytester.runpytest_subprocess("-p", "space.conftest")
    result.assert_outcomes(passed=1)


def test_a_server_under_tls_starts_where_the_class_of_times_is_a_mock(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        HELPERS
        + """
    from unittest import mock

    def test_it(smtpserver_factory):
        with mock.patch("datetime.datetime"):
            use(smtpserver_factory)
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("name", ["os.getpid", "socket.socket.setblocking", "time.strftime"])
def test_a_server_starts_and_does_its_work_where_a_test_mocks(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    temporary = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    pytester.makepyfile(
        HELPERS
        + f"""
    from unittest import mock

    def test_first(smtpserver_session_factory, request):
        with mock.patch({name!r}):
            request.getfixturevalue("smtpserver_session")
            use(smtpserver_session_factory)

    def test_second(smtpserver_session_factory, smtpserver_session):
        use(smtpserver_session_factory)
        with pytest.raises(SMTPAssertionError):
            smtpserver_session.wait_for_message(timeout=0.01)
"""
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)
    assert list(temporary.glob("pytest-smtpserver-*")) == []


def test_a_code_is_found_where_files_cannot_be_read(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        HELPERS
        + """
    from unittest import mock

    def test_it(smtpserver):
        with smtplib.SMTP(smtpserver.host, smtpserver.port, timeout=20) as client:
            client.sendmail("ann@x.test", ["bob@x.test"], MAIL)
        with mock.patch("pathlib.Path.read_text"), mock.patch("pathlib.Path.open"):
            assert smtpserver.wait_for_message().code() == "123456"
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "name",
    [
        "contextlib.suppress",
        "selectors.DefaultSelector",
        "signal.signal",
        "threading.Event",
        "threading.Thread.run",
    ],
)
def test_the_thread_of_the_servers_starts_whatever_its_first_test_mocks(
    pytester: pytest.Pytester, name: str
) -> None:
    pytester.makepyfile(
        HELPERS
        + f"""
    import gc
    from unittest import mock

    @pytest.fixture
    def mocked():
        with mock.patch({name!r}):
            yield

    def test_first(mocked, smtpserver):
        pass

    def test_second(smtpserver_factory):
        use(smtpserver_factory)
        gc.collect()
"""
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)


TAKES_AWAY = """
    import sys
    import threading

    def take_away():
        for name in list(sys.modules):
            if name.partition(".")[0] in {names}:
                del sys.modules[name]

    def threads():
        return [one.name for one in threading.enumerate() if "smtpserver" in one.name]
"""

AFTER = """
    @pytest.mark.parametrize("number", [1, 2])
    def test_after(number, smtpserver_factory, smtpserver_session):
        use(smtpserver_factory)
        with pytest.raises(SMTPAssertionError):
            smtpserver_session.wait_for_message(timeout=0.01)
        assert len(threads()) == 1
"""

OURS = ["pytest_smtpserver"]
ALL = ["pytest_smtpserver", "trio", "trustme", "cryptography", "selectolax"]


@pytest.mark.parametrize("names", [OURS, ALL], ids=len)
def test_modules_that_a_test_takes_away_are_there_for_the_next_one(
    pytester: pytest.Pytester, names: Sequence[str]
) -> None:
    takes_away = """
    def test_that_takes_away(smtpserver_factory, smtpserver_session):
        use(smtpserver_factory)
        take_away()
"""
    pytester.makepyfile(HELPERS + TAKES_AWAY.format(names=names) + takes_away + AFTER)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_the_library_for_certificates_is_imported_once_though_a_test_forgets_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("""
        import sys
        from unittest import mock
        import pytest

        @pytest.fixture
        def without_stripe():
            # All that is imported meanwhile is forgotten at the end.
            with mock.patch.dict(sys.modules, {"stripe": None}):
                yield

        @pytest.mark.smtpserver(tls="starttls")
        def test_that_is_the_first_to_need_it(without_stripe, smtpserver):
            assert smtpserver.ca.cert_file.exists()

        def test_that_knows_no_mail():
            from cryptography.fernet import Fernet
            fernet = Fernet(Fernet.generate_key())
            assert fernet.decrypt(fernet.encrypt(b"x")) == b"x"

        def test_another_certificate(smtpserver_factory):
            smtpserver_factory(tls="starttls", certificate="untrusted")

        @pytest.fixture(scope="class")
        def without_it():
            with mock.patch.dict(sys.modules, {"cryptography": None}):
                yield

        @pytest.mark.usefixtures("without_it")
        class TestWhereItIsNotInstalled:
            @pytest.mark.parametrize("number", [1, 2])
            def test_it_is_not_put_back(self, number):
                with pytest.raises(ImportError):
                    from cryptography import x509
    """)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=5)


@pytest.mark.parametrize("names", [OURS, ALL], ids=len)
def test_the_thread_of_a_second_copy_of_the_package_ends_with_its_test(
    pytester: pytest.Pytester, names: Sequence[str]
) -> None:
    imports_again = """
    def test_that_imports_again(smtpserver_factory):
        use(smtpserver_factory)
        take_away()
        from pytest_smtpserver import SMTPServer
        with SMTPServer():
            assert len(threads()) == 2
"""
    pytester.makepyfile(HELPERS + TAKES_AWAY.format(names=names) + imports_again + AFTER)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_a_test_that_fails_without_our_modules_is_reported_and_the_next_one_passes(
    pytester: pytest.Pytester,
) -> None:
    fails = """
    def test_that_fails(smtpserver):
        take_away()
        smtpserver.wait_for_message(timeout=0.01)
"""
    pytester.makepyfile(HELPERS + TAKES_AWAY.format(names=OURS) + fails + AFTER)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["E *no client connected to *"])
    result.stdout.fnmatch_lines(["*- SMTP transcript -*"])


def test_the_loop_over_tests_may_run_again(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        def pytest_runtestloop(session):
            if not hasattr(session, "again"):
                session.again = True
                session.config.hook.pytest_runtestloop(session=session)
    """)
    pytester.makepyfile("def test_it(smtpserver): pass")
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_test_may_take_away_all_finders_of_modules_but_pythons_own(
    pytester: pytest.Pytester,
) -> None:
    takes_away = """
    import sys
    from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

    def test_takes_away(smtpserver):
        sys.meta_path[:] = [BuiltinImporter, FrozenImporter, PathFinder]

    def test_after(smtpserver_factory):
        use(smtpserver_factory)
"""
    pytester.makepyfile(HELPERS + takes_away)
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert not result.errlines

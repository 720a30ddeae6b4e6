"""pytest's door: options, marker, fixtures, report section.

It is imported in every test run of every environment that has the plugin installed, so it
imports nothing but pytest and the settings; the server comes with the first fixture.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from .settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from .server.asynchronous import AsyncSMTPServer
    from .server.certificates import CertificateAuthority
    from .server.server import SMTPServer
    from .settings import Settings

_PACKAGE = "pytest_smtpserver"
_PREFIX = "smtpserver_"
_TRANSCRIPT_CHOICES = ("failed", "all", "off")

_from_ini = pytest.StashKey["Settings | None"]()
_transcript = pytest.StashKey[str]()
#: Of the run: the server of `smtpserver_session`. Of a test: the servers that it started.
_session_server = pytest.StashKey["SMTPServer"]()
_servers = pytest.StashKey["list[SMTPServer]"]()
_passed = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini keys."""
    group = parser.getgroup("smtpserver")
    group.addoption(
        "--smtpserver-transcript",
        choices=_TRANSCRIPT_CHOICES,
        help="in which tests' reports the SMTP transcript is shown (default: failed)",
    )
    parser.addini(
        f"{_PREFIX}transcript",
        "in which tests' reports the SMTP transcript is shown: failed, all, off",
        default="failed",
    )
    for name, setting in SETTINGS.items():
        parser.addini(
            f"{_PREFIX}{name}",
            f"SMTP test server: {setting.help} "
            f"(default: {setting.default_text or _as_in_a_file(setting.default)})",
            type=setting.ini_type,  # type: ignore[arg-type]  # the table holds pytest's names
            default=None,
        )


def _as_in_a_file(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Let `smtpserver` be ours, and not pytest-localserver's, if one of the two has to win.

    Of plugins' fixtures with one name pytest uses that of the plugin registered last, and the
    order of entry points is an accident. So ours is registered once more after theirs, and before
    any conftest: a fixture of the user's own is used as ever.
    """
    manager = early_config.pluginmanager
    rivals = [plugin for _, plugin in manager.list_name_plugin() if hasattr(plugin, "smtpserver")]
    if rivals and getattr(rivals[-1], "__name__", "") == "pytest_localserver.plugin":
        again = ModuleType(f"{__name__}.smtpserver")
        # `pytest --fixtures` cannot sort two fixtures of one name and module.
        function = FunctionType(_smtpserver.__code__, globals())
        function.__module__ = again.__name__
        again.smtpserver = pytest.fixture(function, name="smtpserver")  # type: ignore[attr-defined]
        manager.register(again)


def pytest_configure(config: pytest.Config) -> None:
    """Read all settings once, so that a wrong one is named before any test runs."""
    config.addinivalue_line(
        "markers",
        "smtpserver(**settings): settings of the SMTP servers of this test, by the names of the "
        f"ini keys without {_PREFIX}",
    )
    config.stash[_from_ini] = _settings_from_ini(config)
    config.stash[_transcript] = _transcript_choice(config)


def pytest_unconfigure() -> None:
    """End the servers' thread, if there ever was one."""
    if network := sys.modules.get("pytest_smtpserver.network"):
        network.shut_down()


def _settings_from_ini(config: pytest.Config) -> Settings | None:
    read = {name: _ini_value(config, name) for name in SETTINGS}
    given = {name: value for name, value in read.items() if value is not None}
    if not given:
        return None
    from .settings import DEFAULTS, SettingsError

    try:
        settings = DEFAULTS.changed(given)
    except SettingsError as error:
        raise pytest.UsageError(f"{_PREFIX}{error}") from None
    if settings.port and _is_distributed(config):
        raise pytest.UsageError(
            f"{_PREFIX}port={settings.port}: with pytest-xdist each worker has servers of its own; "
            "use 0, and smtpserver.port for the one that was chosen"
        )
    return settings


def _settings_of_run(config: pytest.Config) -> Settings:
    from .settings import DEFAULTS

    return config.stash[_from_ini] or DEFAULTS


def _ini_value(config: pytest.Config, name: str) -> Any:
    setting = SETTINGS[name]
    try:
        value = config.getini(f"{_PREFIX}{name}")
    except (TypeError, ValueError, pytest.UsageError) as error:
        # Whichever it is in this pytest: it names the value, but not always the key.
        why = "it cannot be read" if setting.is_secret else error
        raise pytest.UsageError(f"{_PREFIX}{name}: {why}; allowed is {setting.allowed}") from None
    if value is None:
        return None
    from .settings import ini

    from_ini = getattr(ini, setting.from_ini)
    try:
        return from_ini(value, config.inipath.parent if config.inipath else Path.cwd())
    except ValueError as error:
        raise pytest.UsageError(f"{_PREFIX}{setting.wrong(name, value, str(error))}") from None


def _is_distributed(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput") or bool(getattr(config.option, "tx", None))


def _transcript_choice(config: pytest.Config) -> str:
    choice: str = config.getoption("--smtpserver-transcript") or config.getini(
        f"{_PREFIX}transcript"
    )
    if choice not in _TRANSCRIPT_CHOICES:
        raise pytest.UsageError(
            f"{_PREFIX}transcript={choice!r}: allowed is one of {', '.join(_TRANSCRIPT_CHOICES)}"
        )
    return choice


@pytest.fixture(scope="session")
def smtpserver_settings() -> Mapping[str, Any]:
    """Settings for all servers of the run, `{}` unless a conftest overrides this fixture."""
    return {}


@pytest.fixture
def smtpserver_factory(
    request: pytest.FixtureRequest, smtpserver_settings: Mapping[str, Any]
) -> Iterator[Callable[..., SMTPServer]]:
    """`factory(**settings)` gives a started `SMTPServer`; all are stopped after the test."""
    from .server.server import SMTPServer

    run, given = _settings_of_run(request.config), _given(request.node, smtpserver_settings)
    servers = request.node.stash.setdefault(_servers, [])

    def factory(**changes: Any) -> SMTPServer:
        __tracebackhide__ = True
        server = SMTPServer.from_settings(run.changed({**given, **changes})).start()
        servers.append(server)
        return server

    yield factory
    for server in servers:
        server.stop()


def _smtpserver(smtpserver_factory: Callable[..., SMTPServer]) -> SMTPServer:
    """A fresh, running `SMTPServer` with a port of its own."""
    with _one_sentence("smtpserver"):
        return smtpserver_factory()


smtpserver = pytest.fixture(_smtpserver, name="smtpserver")


@pytest.fixture
def smtpserver_async(smtpserver: SMTPServer) -> AsyncSMTPServer:
    """The test's `smtpserver` with coroutines for its waiting methods."""
    from .server.asynchronous import AsyncSMTPServer

    return AsyncSMTPServer(smtpserver)


@pytest.fixture
def smtpserver_django(smtpserver: SMTPServer) -> Iterator[SMTPServer]:
    """The test's `smtpserver`, to which Django's mail goes as long as the test lasts."""
    from . import django

    with _one_sentence("smtpserver_django"):
        django.require()
    with django.mail_goes_to(smtpserver):
        yield smtpserver


@pytest.fixture(scope="session")
def smtpserver_ca() -> CertificateAuthority:
    """The `CertificateAuthority` of the run: `.cert_file` and `.client_context()`."""
    from .server.certificates import authority

    return authority()


@pytest.fixture(scope="session")
def smtpserver_session(
    request: pytest.FixtureRequest, smtpserver_settings: Mapping[str, Any]
) -> Iterator[SMTPServer]:
    """One `SMTPServer` for the whole run; its records are emptied before each test."""
    from .server.server import SMTPServer

    with _one_sentence("smtpserver_settings"):
        settings = _settings_of_run(request.config).changed(smtpserver_settings)
    server = SMTPServer.from_settings(settings)
    with _one_sentence("smtpserver_session"):
        server.start()
    request.config.stash[_session_server] = server
    yield server
    del request.config.stash[_session_server]
    server.stop()


def _given(item: pytest.Item, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given for a test; only what comes of all of it can exclude each other."""
    from .settings import check_each

    with _one_sentence("smtpserver_settings"):
        check_each(overrides)
    with _one_sentence("@pytest.mark.smtpserver"):
        marked = _merged(_markers(item))
        check_each(marked)
    return {**overrides, **marked}


def _merged(markers: Sequence[pytest.Mark]) -> dict[str, Any]:
    """Return the settings of markers, the closest first; they are checked together later."""
    from .settings import SettingsError

    merged: dict[str, Any] = {}
    for marker in reversed(markers):
        if marker.args:
            raise SettingsError(f"settings go by name, not {marker.args[0]!r}")
        merged |= marker.kwargs
    return merged


def _markers(item: pytest.Item) -> list[pytest.Mark]:
    """Return the markers of a test, the closest first."""
    # pytest gives the marks of a parameter after the function's own, and those of a class after
    # those of its bases, though they are closer.
    parameters = getattr(getattr(item, "callspec", None), "marks", ())
    chain = item.listchain()

    def distance(found: tuple[Any, pytest.Mark]) -> tuple[bool, int, int]:
        node, marker = found
        is_farther = all(marker is not one for one in parameters)
        return is_farther, -chain.index(node), _classes_between(node, marker)

    return [mark for _, mark in sorted(item.iter_markers_with_node("smtpserver"), key=distance)]


def _classes_between(node: Any, marker: pytest.Mark) -> int:
    """Return how many classes are between that of a node and the one that has the marker."""
    for number, cls in enumerate(getattr(getattr(node, "obj", None), "__mro__", ())):
        marks = vars(cls).get("pytestmark", [])
        # A list, or what an assignment has made of it.
        one_by_one = marks if isinstance(marks, list) else [marks]
        if any(marker is getattr(one, "mark", one) for one in one_by_one):
            return number
    return 0


@contextmanager
def _one_sentence(where: str) -> Iterator[None]:
    # A traceback would lead through the plugin, where there is nothing to see, and an exception
    # that was handled would be shown as the first of two.
    from .settings import SettingsError

    try:
        yield
    except (SettingsError, OSError, RuntimeError) as error:
        raise pytest.fail.Exception(f"{where}: {error}", pytrace=False) from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Empty the records of the run's server before the test's own fixtures are set up."""
    # A test that is run again, as pytest-rerunfailures does, begins anew.
    item.stash[_servers] = []
    item.stash[_passed] = False
    if server := item.config.stash.get(_session_server, None):
        server.reset()
    names = getattr(item, "fixturenames", ())
    only_the_runs = "smtpserver_session" in names and "smtpserver_factory" not in names
    if only_the_runs and item.get_closest_marker("smtpserver"):
        pytest.fail(
            "@pytest.mark.smtpserver: this test uses smtpserver_session only, whose settings "
            "are made once for the run; override the fixture smtpserver_settings",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Check the servers of the test, once all of its fixtures are done."""
    __tracebackhide__ = True
    # The report comes later, and after the last test without the run's server.
    servers = item.stash[_servers] = _servers_of(item)
    try:
        return (yield)
    finally:
        if servers:
            from .server.final_checks import check

            check(servers, passed=item.stash.get(_passed, False))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what passed on the wire to a failed test's report."""
    report = yield
    if report.when == "teardown" and call.excinfo:
        _leave_out_the_hint_at_hidden_entries(report, call.excinfo.value)
    if report.when == "call":
        item.stash[_passed] = report.passed
    choice = item.config.stash[_transcript]
    wanted = (choice == "all" and report.when == "call") or (choice != "off" and report.failed)
    if wanted and (servers := _servers_to_show(item)):
        texts = [
            f"{server.shown_url}\n{server.shown_transcript or 'no client connected'}"
            for server in servers
        ]
        report.sections.append(("SMTP transcript", "\n\n".join(texts)))
    if report.failed and (notes := [n for s in _servers_of(item) for n in s.rule_notes]):
        report.sections.append(("SMTP rules", "\n".join(notes)))
    return report


def _leave_out_the_hint_at_hidden_entries(report: pytest.TestReport, error: object) -> None:
    # A check at the end has no line of the test, so pytest says that all entries are hidden, and
    # advises to look at them: there is nothing to see.
    if type(error).__module__ == _PACKAGE and (
        shown := getattr(report.longrepr, "reprtraceback", None)
    ):
        shown.extraline = None


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain why records of ours are not equal; of other values pytest knows more."""
    # Whoever has a record to compare has imported the package that it is of.
    if op != "==" or "pytest_smtpserver.records.message" not in sys.modules:
        return None
    from .comparing import explain

    return explain(left, right)


def _servers_to_show(item: pytest.Item) -> list[SMTPServer]:
    """Return the servers of a test, and that of the run if the test had to do with it."""
    shared = item.config.stash.get(_session_server, None)
    named = "smtpserver_session" in getattr(item, "fixturenames", ())
    return [
        server for server in _servers_of(item) if server is not shared or named or server.sessions
    ]


def _servers_of(item: pytest.Item) -> list[SMTPServer]:
    """Return the servers that ran during a test."""
    servers = item.stash.get(_servers, [])
    shared = item.config.stash.get(_session_server, None)
    return servers if shared is None or shared in servers else [*servers, shared]

"""The hooks: what happens when, before, during and after the tests of a run."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import _OurModules

from . import lasting, options
from .fixtures import (
    FACTORIES,
    FAULT,
    SERVERS,
    cores_of,
    forget_servers,
    is_ours,
    names_of,
    note_set_up,
    servers_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator

_MODULES = "smtpserver-modules"
_PACKAGE = "pytest_smtpserver"
_NETWORK = f"{_PACKAGE}.network"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make our `smtpserver` win over pytest-localserver's."""
    if "pytest_localserver.plugin" in sys.modules:
        from . import localserver

        localserver.register(early_config.pluginmanager)


def pytest_configure(config: pytest.Config) -> None:
    """Read all settings once, so that a wrong one is reported before any test runs."""
    options.read(config)
    run = ExitStack()
    config.add_cleanup(run.close)
    run.enter_context(_OurModules())
    if "PYTEST_XDIST_WORKER" in os.environ and not hasattr(config, "workerinput"):
        from pytest_smtpserver.server import ports

        # A test in a worker started this run. It has the worker's environment, but is no worker.
        ports.ignore_inherited_worker()
    if not _has_thread():
        # A run within a run (pytester, or `pytest.main` in a test) leaves the outer run's thread
        # alone.
        config.add_cleanup(_end_thread)
    page, folder = options.path_given(config, "report"), options.path_given(config, "artifacts")
    if page or folder:
        from .mail_report import MailReport

        config.pluginmanager.register(MailReport(config, page, folder), "smtpserver-report")
    if (port := options.inbox_port(config)) is not None:
        from .live_inbox import LiveInbox

        config.pluginmanager.register(LiveInbox(port), "smtpserver-inbox")


def _end_thread() -> None:
    if _has_thread():
        sys.modules[_NETWORK].shut_down()


def _has_thread() -> bool:
    network = sys.modules.get(_NETWORK)
    return network is not None and network.is_running()


def _start_thread() -> None:
    # Before the test, because a fixture may look whether its test leaves a thread or a descriptor.
    # An error shows where a server starts: it starts the same.
    with suppress(Exception):
        from pytest_smtpserver.server.core import import_network

        import_network()
        sys.modules[_NETWORK].background()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `smtpserver_fault` once for each fault."""
    if FAULT in metafunc.fixturenames and is_ours(FAULT, metafunc._arg2fixturedefs):
        from . import faults

        faults.parametrize(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Import what a server needs, if a test uses one, before a test replaces a part of it.

    A module that is imported while `subprocess.Popen`, for example, is a mock may keep the mock.
    """
    if session.config.option.collectonly or not _takes_a_server(session):
        return
    from . import modules

    # An error shows at the test that uses a server: it imports the same.
    with suppress(Exception):
        modules.import_for_tests()
    # A plugin may run the loop again.
    if not session.config.pluginmanager.hasplugin(_MODULES):
        session.config.pluginmanager.register(modules.SameModules(), _MODULES)


def _takes_a_server(session: pytest.Session) -> bool:
    # A file of tests may have imported `SMTPServer`, to start one itself.
    is_imported = "pytest_smtpserver.server.server" in sys.modules
    if is_imported or not all(map(FACTORIES.isdisjoint, map(names_of, session.items))):
        return True
    # A fixture or test may ask for one with `getfixturevalue`, or import us when it runs.
    plugins = session.config.pluginmanager.get_plugins()
    files = {str(item.path) for item in session.items} | set(filter(None, map(_file_of, plugins)))
    return any(map(_may_ask_later, files))


def _file_of(plugin: object) -> str | None:
    """Return the file of a conftest, or of a plugin of the project; `None` of all others."""
    file = getattr(plugin, "__file__", None)
    if not isinstance(plugin, ModuleType) or not isinstance(file, str):
        return None
    is_installed = "site-packages" in file or plugin.__name__.startswith(_PACKAGE)
    return None if is_installed else file


def _may_ask_later(file: str) -> bool:
    with suppress(OSError, ValueError):
        text = Path(file).read_bytes()
        return b"pytest_smtpserver" in text or (
            b"getfixturevalue" in text and b"smtpserver" in text
        )
    return False


# The outermost wrapper: nothing uses the test's servers after it.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Forget the test's servers once all of its reports are made."""
    try:
        return (yield)
    finally:
        forget_servers(item)


# The innermost wrapper: all other wrappers have begun by now, so they see what this one raises.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Empty the records of servers that last, before each test."""
    __tracebackhide__ = True
    names = names_of(item)
    if "pytester" in names:
        from . import modules

        # An error shows where the same is imported again.
        with suppress(Exception):
            modules.import_all()
    if not (FACTORIES.isdisjoint(names) or _has_thread()):
        _start_thread()
    lasting.begin(item)
    try:
        return (yield)
    except pytest.fail.Exception as error:
        lasting.explain_wider_scope(error)
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> None:
    """Empty the run's servers before the test's first function-scoped fixture."""
    if fixturedef.scope == "function":
        note_set_up(request.node)
        lasting.empty(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Empty the run's servers, if the test had no function-scoped fixture."""
    lasting.empty(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Check the servers of the test once all of its fixtures are torn down."""
    __tracebackhide__ = True
    # Kept for the report, which is made later: after the last test the run's servers are gone.
    servers = item.stash[SERVERS] = servers_of(item)
    if servers:
        lasting.end_late(item)
    useless = lasting.useless_marker(item)
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        # The whole run ends: no failure of one test may take the place of that.
        servers, useless = [], None
        raise
    finally:
        if replacing := sys.modules.get("pytest_smtpserver.plugin.replacing"):
            replacing.put_back_again()
        if servers:
            from pytest_smtpserver.server.final_checks import check

            cores = [one._core for one in servers]
            passed, violations = lasting.has_passed(item), lasting.take_violations(item)
            check(cores, passed=passed, of_run=True, violations=violations)
        if useless:
            pytest.fail(useless, pytrace=False)


# The innermost wrapper: other plugins see the complete report.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failed test's report name the cause first, and show the transcript."""
    if call.excinfo and (same := item.config.pluginmanager.get_plugin(_MODULES)):
        # The test may have taken out what our part of the report needs.
        same.put_back()
    # Where this is not imported, there is neither a server nor a failure of ours.
    is_in_use = "pytest_smtpserver.matching" in sys.modules
    if is_in_use and call.excinfo:
        from . import report

        with report.said_once(item, call, cores_of(item)):
            made = yield
    else:
        made = yield
    if is_in_use and _says_more(item, made):
        from . import report

        report.complete(made, call, item, cores_of(item))
    lasting.note_outcome(item, made)
    return made


def _says_more(item: pytest.Item, made: pytest.TestReport) -> bool:
    # Most reports are of a phase that passed, and need nothing from the servers.
    is_late = made.when == "teardown" and not lasting.has_passed(item)
    return made.failed or is_late or item.config.stash[options.TRANSCRIPT] == "all"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once for each marker that is almost ours how it is spelt."""
    warnings = [one.message for one in terminalreporter.stats.get("warnings", ())]
    if not any("pytest.mark." in warning for warning in warnings):
        return
    from .misspelt import sentences

    for sentence in sentences(warnings):
        terminalreporter.write_line(sentence, yellow=True)


@pytest.hookimpl(tryfirst=True)
def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain why two of our records are not equal; leave other values to pytest."""
    # Without this module there are no records to compare.
    if op != "==" or "pytest_smtpserver.records.message" not in sys.modules:
        return None
    from .comparing import explain

    return explain(left, right)

"""pytest's door: options, marker, fixtures, report sections.

It is imported in every test run of every environment that has the plugin installed, so this file,
`options` and `fixtures` import nothing but pytest and the settings' table. All else is imported
when it is needed.

* `options`: options and ini keys, read before any test runs
* `fixtures`: the fixtures, and the settings that markers give them
* `lasting`: the servers that last longer than a test, from one test to the next
* `faults`: tests that run once for each fault
* `report`: what a test's report gets from the servers that ran during it
* `mail_report`: the mail of a run as one HTML file, and as folders of `.eml` files
* `other_reports`: the mail of a failed test for pytest-html and allure-pytest
* `live_inbox`: the mail of a run on a web page, while it goes on
* `misspelt`: markers that are almost ours
* `comparing`: what a bare `assert` says of records
* `django`: Django's mail settings, pointed at a server
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from . import faults, lasting, misspelt, options
from .fixtures import (
    SERVERS,
    cores_of,
    forget_servers,
    instead_of_localservers,
    is_used_instead_of_localservers,
    servers_of,
    smtpserver,
    smtpserver_async,
    smtpserver_ca,
    smtpserver_django,
    smtpserver_factory,
    smtpserver_fault,
    smtpserver_session,
    smtpserver_session_factory,
    smtpserver_settings,
    smtpserver_trusted,
)
from .options import TRANSCRIPT, pytest_addoption

if TYPE_CHECKING:
    import warnings
    from collections.abc import Generator

#: Whether the servers' thread is this run's: there was none when it began.
_ENDS_THREAD = pytest.StashKey[bool]()

#: What pytest finds here beside the hooks below.
__all__ = [
    "pytest_addoption",
    "smtpserver",
    "smtpserver_async",
    "smtpserver_ca",
    "smtpserver_django",
    "smtpserver_factory",
    "smtpserver_fault",
    "smtpserver_session",
    "smtpserver_session_factory",
    "smtpserver_settings",
    "smtpserver_trusted",
]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Let `smtpserver` be ours, and not pytest-localserver's, if one of the two has to win."""
    instead_of_localservers(early_config.pluginmanager)


def pytest_configure(config: pytest.Config) -> None:
    """Read all settings once, so that a wrong one is named before any test runs."""
    options.read(config)
    if "PYTEST_XDIST_WORKER" in os.environ and not hasattr(config, "workerinput"):
        from pytest_smtpserver.server import ports

        # A worker's test has started this run, and it has the worker's environment.
        ports.is_no_worker()
    config.stash[_ENDS_THREAD] = not _has_thread()
    misspelt.forget()
    page, folder = options.path_given(config, "report"), options.path_given(config, "artifacts")
    if page or folder:
        from .mail_report import MailReport

        config.pluginmanager.register(MailReport(config, page, folder), "smtpserver-report")
    if (port := options.inbox_port(config)) is not None:
        from .live_inbox import LiveInbox

        config.pluginmanager.register(LiveInbox(port), "smtpserver-inbox")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say whose fixture `smtpserver` is, where pytest-localserver has one, too."""
    if not is_used_instead_of_localservers(config.pluginmanager):
        return None
    return (
        "smtpserver: this fixture is pytest-smtpserver's; for pytest-localserver's write "
        "`from pytest_localserver.plugin import smtpserver` in conftest.py"
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers' thread, if one was started in this run.

    A run within a run (pytester's, `pytest.main` in a test) leaves that of the outer one alone.
    """
    if config.stash.get(_ENDS_THREAD, False) and _has_thread():
        sys.modules["pytest_smtpserver.network"].shut_down()


def _has_thread() -> bool:
    network = sys.modules.get("pytest_smtpserver.network")
    return network is not None and network.is_running()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a test that takes `smtpserver_fault` run once for each fault."""
    if faults.FIXTURE in metafunc.fixturenames:
        faults.parametrize(metafunc)


# The outermost wrapper: nothing uses the test's servers after it.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let go of the test's servers, once all of its reports are made."""
    try:
        return (yield)
    finally:
        forget_servers(item)


# The innermost wrapper: what it raises passes through all others, which have begun by then.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Let each test begin with empty records."""
    __tracebackhide__ = True
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
    """Empty the run's servers before the first fixture that is a test's own."""
    if fixturedef.scope == "function":
        lasting.empty(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Empty the run's servers, if no fixture was the test's own."""
    lasting.empty(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Check the servers of the test, once all of its fixtures are done."""
    __tracebackhide__ = True
    # The report comes later, and after the last test without the run's servers.
    servers = item.stash[SERVERS] = servers_of(item)
    useless = lasting.useless_marker(item)
    try:
        return (yield)
    finally:
        if servers:
            from pytest_smtpserver.server.final_checks import check

            cores = [one._core for one in servers]
            check(cores, passed=lasting.has_passed(item), of_run=True)
        if useless:
            pytest.fail(useless, pytrace=False)


# The innermost wrapper: what others see of the report is complete.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failed test's report name the cause first, and show what passed on the wire."""
    servers = cores_of(item)
    may_be_ours = "pytest_smtpserver.matching" in sys.modules
    if not servers and not (call.excinfo and may_be_ours):
        made = yield
    else:
        from . import report

        with report.said_once(item, call, servers):
            made = yield
        report.complete(made, call, item, servers, choice=item.config.stash[TRANSCRIPT])
    lasting.note_outcome(item, made)
    return made


def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Keep what pytest says of unknown markers."""
    if issubclass(warning_message.category, pytest.PytestUnknownMarkWarning):
        misspelt.note(str(warning_message.message))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once of a marker that is almost ours how it is spelt."""
    for sentence in misspelt.sentences():
        terminalreporter.write_line(sentence, yellow=True)


@pytest.hookimpl(tryfirst=True)
def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain why records of ours are not equal; of other values pytest knows more."""
    # Whoever has a record to compare has imported the package that it is of.
    if op != "==" or "pytest_smtpserver.records.message" not in sys.modules:
        return None
    from .comparing import explain

    return explain(left, right)

"""Between two tests: clients leave the servers of the run, which are emptied and started again.

The outcome of each test is noted as well.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.clock import monotonic

from .fixtures import (
    SERVERS,
    SESSION_SERVER,
    SESSION_SERVERS,
    is_ours,
    names_of,
    note_servers,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_smtpserver.server.final_checks import Checked, Violations
    from pytest_smtpserver.server.server import SMTPServer

_IS_EMPTIED: pytest.StashKey[bool] = pytest.StashKey()
_HAS_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_HAS_PASSED: pytest.StashKey[bool] = pytest.StashKey()
# Which servers of the run were running when a test began.
_WAS_RUNNING: pytest.StashKey[dict[SMTPServer, bool]] = pytest.StashKey()
# Those that a test has stopped, each with how often it had been stopped by then.
_STOPPED: pytest.StashKey[dict[SMTPServer, int]] = pytest.StashKey()
# Of each strict server of the run: the violations for which the test answers.
_VIOLATIONS: pytest.StashKey[dict[Checked, Violations]] = pytest.StashKey()

# The fixtures for servers of the run.
_OF_RUN = frozenset({"smtpserver_session", "smtpserver_session_factory"})

# Seconds that clients have to say QUIT after their test; arbitrary, as long as at a server's stop.
_MOMENT = 0.1

_USELESS_MARKER = (
    "@pytest.mark.smtpserver: this test uses smtpserver_session only, whose settings "
    "are made once for the run; override the fixture smtpserver_settings, or give the settings to "
    "smtpserver_session_factory"
)

_WIDER_SCOPE = (
    "smtpserver is made for each test, and a fixture of a wider scope asks for it: use "
    "smtpserver_session, or smtpserver_session_factory for a server with settings of its own"
)

_NARROW_SETTINGS = (
    'smtpserver_settings is for the whole run: write @pytest.fixture(scope="session") above yours; '
    "settings of one test belong in @pytest.mark.smtpserver(...)"
)


def begin(item: pytest.Item) -> None:
    """Prepare a test. It may be one that ran before: pytest-rerunfailures runs it again."""
    item.stash[SERVERS] = []
    item.stash[_HAS_FAILED] = item.stash[_HAS_PASSED] = item.stash[_IS_EMPTIED] = False
    note_servers(item)
    if servers := item.config.stash.get(SESSION_SERVERS, ()):
        _empty_all(servers)
        _start_all(item)
    if _is_useless(item, names_of(item)) and _is_at_fault(item):
        pytest.fail(_USELESS_MARKER, pytrace=False)


def empty(item: pytest.Item) -> None:
    """Empty the servers of the run, once for each test.

    A wider fixture may have sent mail during this test's set-up, because this test was the first to
    ask for it. That mail is forgotten too: any other test with that fixture would not see it.
    """
    if not item.stash.get(_IS_EMPTIED, True):
        item.stash[_IS_EMPTIED] = True
        if servers := item.config.stash.get(SESSION_SERVERS, ()):
            _let_clients_leave(servers)
            _empty_all(servers)
            item.stash[_WAS_RUNNING] = {server: server.accepting for server in servers}
            # After the teardown of the test's function-scoped fixtures, before that of wider ones.
            item.addfinalizer(partial(_end, item))


def end_late(item: pytest.Item) -> None:
    """End a test that had begun already when it was the first to ask for a server of the run."""
    has_begun = item.stash.get(_IS_EMPTIED, False)
    if has_begun and _WAS_RUNNING not in item.stash and item.config.stash.get(SESSION_SERVERS, ()):
        _end(item)


def _end(item: pytest.Item) -> None:
    servers = item.config.stash.get(SESSION_SERVERS, ())
    _note_stopped(item, servers)
    _let_clients_leave(servers)
    # The test does not answer for what wider fixtures do while they end, and its rules do not
    # answer their clients.
    item.stash[_VIOLATIONS] = _violations(item, servers)
    for server in servers:
        server._core.rules.retire()
        # How long they take is not up to a client that stays.
        server._core.forgive_silence()
        if not server.accepting and _should_run(item, server):
            # As before each test; if it cannot start, the next one with it says so.
            with suppress(Exception):
                _start_again(item, server)


def _note_stopped(item: pytest.Item, servers: Iterable[SMTPServer]) -> None:
    # An application expects the servers that a test has stopped, so they are started again. What a
    # wider fixture stops stays so: it may be an outage, or the end of a server. So does one that
    # the test has made for itself with the factory.
    was_running = item.stash.get(_WAS_RUNNING, {})
    asked_late = item.config.stash.get(SESSION_SERVER, None)
    stopped = item.config.stash.setdefault(_STOPPED, {})
    for server in servers:
        if was_running.get(server, server is asked_late) and not server.accepting:
            stopped[server] = server._core.stops


def _violations(item: pytest.Item, servers: Iterable[SMTPServer]) -> dict[Checked, Violations]:
    from pytest_smtpserver.server.registry import test_began

    strict = [server._core for server in servers if server.settings.strict]
    # A test without a fixture for servers of the run answers for later clients only.
    names = getattr(getattr(item, "_request", None), "fixturenames", names_of(item))
    began = 0.0 if _OF_RUN.intersection(names) else test_began()
    return {
        core: tuple(one for one in core.violations if one[0].started_at.timestamp() >= began)
        for core in strict
    }


def take_violations(item: pytest.Item) -> Mapping[Checked, Violations]:
    """Return the violations for which a test answers, of each strict server of the run.

    Only once: pytest keeps the test until the end of the run.
    """
    found, item.stash[_VIOLATIONS] = item.stash.get(_VIOLATIONS, {}), {}
    return found


def _let_clients_leave(servers: Iterable[SMTPServer]) -> None:
    until = monotonic() + _MOMENT
    for server in servers:
        server._core.let_clients_leave(until)


def _empty_all(servers: Iterable[SMTPServer]) -> None:
    for server in servers:
        server.reset()
        server._core.note_left_over()


def _start_all(item: pytest.Item) -> None:
    is_used = "smtpserver_session_factory" in names_of(item)
    for server in item.config.stash.get(SESSION_SERVERS, ()):
        if _should_run(item, server):
            # If it cannot start, because something else has the port, only its tests suffer.
            with nullcontext() if is_used else suppress(Exception):
                _start_again(item, server)


def _start_again(item: pytest.Item, server: SMTPServer) -> None:
    try:
        # A callable of a test before may never return.
        server._core.leave_blocked_thread()
    finally:
        # If a signal's handler raises here or below, the next test starts it.
        item.config.stash.setdefault(_STOPPED, {})[server] = server._core.stops
    server.start()


def _should_run(item: pytest.Item, server: SMTPServer) -> bool:
    core = server._core
    # pytest-forked runs a test in a process of its own; the server serves in the other one.
    if core.is_inherited:
        return False
    was_stopped_by_test = item.config.stash.get(_STOPPED, {}).get(server) == core.stops
    return was_stopped_by_test or core.is_serving or core.has_lost_thread


def useless_marker(item: pytest.Item) -> str | None:
    """Return what is wrong with a marker if the test used only servers of the run.

    That is known only at its end: it may have called `getfixturevalue`.
    """
    if not item.config.stash.get(SESSION_SERVERS, ()):
        return None
    request = getattr(item, "_request", None)
    names = getattr(request, "fixturenames", ())
    asked_at_once = "smtpserver_session" in names_of(item)
    return _USELESS_MARKER if not asked_at_once and _is_useless(item, names) else None


def _is_at_fault(item: pytest.Item) -> bool:
    """Return whether the marker is the test's own, or the test asks for the server of the run.

    A module with a marker may have tests without mail, and a wider fixture that starts an
    application for all of them.
    """
    if not isinstance(item, pytest.Function) or any(
        marker.name == "smtpserver" for marker in item.own_markers
    ):
        return True
    info = item._fixtureinfo
    narrow = [
        one[-1] for one in info.name2fixturedefs.values() if one and one[-1].scope == "function"
    ]
    asked = (info.argnames, *(one.argnames for one in narrow))
    return any("smtpserver_session" in names for names in asked)


def _is_useless(item: pytest.Item, names: Collection[str]) -> bool:
    only_the_runs = "smtpserver_session" in names and "smtpserver_factory" not in names
    if not only_the_runs or item.get_closest_marker("smtpserver") is None:
        return False
    found = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return "smtpserver_session" not in found or is_ours("smtpserver_session", found)


def explain_wider_scope(error: BaseException) -> None:
    """If a wider fixture asked for `smtpserver`, say what to use instead, before pytest's text.

    The same for settings that the user's own fixture makes anew for each test.
    """
    text = str(error)
    if "ScopeMismatch" not in text or "scoped fixture smtpserver" not in text:
        return
    are_settings = "scoped fixture smtpserver_settings" in text
    said = _NARROW_SETTINGS if are_settings else _WIDER_SCOPE
    raise pytest.fail.Exception(f"{said}\n\n{text}", pytrace=False) from None


def note_outcome(item: pytest.Item, report: pytest.TestReport) -> None:
    """Note whether the test itself passed, including all of its subtests."""
    if report.when == "call":
        # Each subtest has a report of its own, whether pytest, a plugin or unittest makes it.
        item.stash[_HAS_FAILED] = item.stash.get(_HAS_FAILED, False) or report.failed
        item.stash[_HAS_PASSED] = report.passed and not item.stash[_HAS_FAILED]


def has_passed(item: pytest.Item) -> bool:
    """Return whether the test itself passed."""
    return item.stash.get(_HAS_PASSED, False)

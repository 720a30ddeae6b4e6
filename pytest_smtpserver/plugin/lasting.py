"""Between two tests: servers that last are emptied, and the outcome of a test is noted."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import pytest

from .fixtures import SERVERS, SESSION_SERVERS, names_of, note_servers

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_smtpserver.server.server import SMTPServer

_IS_EMPTIED: pytest.StashKey[bool] = pytest.StashKey()
_HAS_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_HAS_PASSED: pytest.StashKey[bool] = pytest.StashKey()
# The servers of the run that ran when a test began, and those that it has stopped.
_RAN: pytest.StashKey[list[SMTPServer]] = pytest.StashKey()
_STOPPED: pytest.StashKey[list[SMTPServer]] = pytest.StashKey()

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
    if item.config.stash.get(SESSION_SERVERS, ()):
        _empty_all(item)
        _start_all(item)
    if _is_useless(item, names_of(item)):
        pytest.fail(_USELESS_MARKER, pytrace=False)


def empty(item: pytest.Item) -> None:
    """Empty the servers of the run, once for each test.

    A wider fixture may have sent mail during this test's set-up, because this test was the first to
    ask for it. That mail is forgotten too: any other test with that fixture would not see it.
    """
    if not item.stash.get(_IS_EMPTIED, True):
        item.stash[_IS_EMPTIED] = True
        if of_run := item.config.stash.get(SESSION_SERVERS, ()):
            _empty_all(item)
            item.stash[_RAN] = [server for server in of_run if server.accepting]


def note_stopped(item: pytest.Item) -> None:
    """Note which servers of the run a test has stopped, before its fixtures are torn down.

    An application expects these at their ports, so they are started before the next test. What a
    fixture has stopped stays so: it may be the end of a server, or an outage for several tests.
    """
    ran = [*item.stash.get(_RAN, ()), *item.config.stash.get(_STOPPED, ())]
    item.config.stash[_STOPPED] = [server for server in ran if not server.accepting]


def _empty_all(item: pytest.Item) -> None:
    for server in item.config.stash.get(SESSION_SERVERS, ()):
        server._core.let_clients_leave()
        server.reset()


def _start_all(item: pytest.Item) -> None:
    is_used = "smtpserver_session_factory" in names_of(item)
    for server in item.config.stash.get(SESSION_SERVERS, ()):
        if _should_run(item, server):
            # A callable of a test before this one may never return.
            server._core.leave_blocked_thread()
            # If it cannot start, because something else has the port, only its tests suffer.
            with nullcontext() if is_used else suppress(Exception):
                server.start()


def _should_run(item: pytest.Item, server: SMTPServer) -> bool:
    core = server._core
    # pytest-forked runs a test in a process of its own; the server serves in the other one.
    if core.is_inherited:
        return False
    was_stopped = server in item.config.stash.get(_STOPPED, ())
    return was_stopped or core.is_serving or core.has_lost_thread


def useless_marker(item: pytest.Item) -> str | None:
    """Return what is wrong with a marker if the test used only servers of the run.

    That is known only at its end: it may have called `getfixturevalue`.
    """
    if not item.config.stash.get(SESSION_SERVERS, ()):
        return None
    request = getattr(item, "_request", None)
    names = getattr(request, "fixturenames", ())
    asked_at_once = _is_useless(item, names_of(item))
    return _USELESS_MARKER if not asked_at_once and _is_useless(item, names) else None


def _is_useless(item: pytest.Item, names: Collection[str]) -> bool:
    only_the_runs = "smtpserver_session" in names and "smtpserver_factory" not in names
    return only_the_runs and item.get_closest_marker("smtpserver") is not None


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

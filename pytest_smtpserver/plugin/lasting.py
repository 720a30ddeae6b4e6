"""From one test to the next: servers that last are emptied, and a test's outcome is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fixtures import SERVERS, SESSION_SERVERS, note_servers

if TYPE_CHECKING:
    from collections.abc import Collection

_IS_EMPTIED = pytest.StashKey[bool]()
_HAS_FAILED = pytest.StashKey[bool]()
_HAS_PASSED = pytest.StashKey[bool]()

_USELESS_MARKER = (
    "@pytest.mark.smtpserver: this test uses smtpserver_session only, whose settings "
    "are made once for the run; override the fixture smtpserver_settings, or give the settings to "
    "smtpserver_session_factory"
)

_WIDER_SCOPE = (
    "smtpserver is made for each test, and a fixture of a wider scope asks for it: use "
    "smtpserver_session, or smtpserver_session_factory for a server with settings of its own"
)


def begin(item: pytest.Item) -> None:
    """Let a test begin anew, also one that is run again, as pytest-rerunfailures does."""
    item.stash[SERVERS] = []
    item.stash[_HAS_FAILED] = item.stash[_HAS_PASSED] = item.stash[_IS_EMPTIED] = False
    note_servers(item)
    _empty_all(item)
    _start_all(item)
    if _is_useless(item, getattr(item, "fixturenames", ())):
        pytest.fail(_USELESS_MARKER, pytrace=False)


def empty(item: pytest.Item) -> None:
    """Empty the servers of the run, once for each test.

    What a wider fixture has sent when this test was the first to ask for it is gone then, too.
    """
    if not item.stash.get(_IS_EMPTIED, True):
        item.stash[_IS_EMPTIED] = True
        _empty_all(item)


def _empty_all(item: pytest.Item) -> None:
    for server in item.config.stash.get(SESSION_SERVERS, ()):
        server.reset()


def _start_all(item: pytest.Item) -> None:
    # A test may have stopped one, and its port stays for the whole run.
    for server in item.config.stash.get(SESSION_SERVERS, ()):
        server.start()


def useless_marker(item: pytest.Item) -> str | None:
    """Return what is wrong with a marker if the test has asked for the run's servers only.

    That is known at its end: it may have called `getfixturevalue`.
    """
    request = getattr(item, "_request", None)
    names = getattr(request, "fixturenames", ())
    asked_at_once = _is_useless(item, getattr(item, "fixturenames", ()))
    return _USELESS_MARKER if not asked_at_once and _is_useless(item, names) else None


def _is_useless(item: pytest.Item, names: Collection[str]) -> bool:
    only_the_runs = "smtpserver_session" in names and "smtpserver_factory" not in names
    return only_the_runs and item.get_closest_marker("smtpserver") is not None


def explain_wider_scope(error: BaseException) -> None:
    """Put before pytest's own words what to use instead, if a wider fixture asked for a server."""
    text = str(error)
    if "ScopeMismatch" in text and "scoped fixture smtpserver" in text:
        raise pytest.fail.Exception(f"{_WIDER_SCOPE}\n\n{text}", pytrace=False) from None


def note_outcome(item: pytest.Item, report: pytest.TestReport) -> None:
    """Note whether the test itself has passed, with all of its subtests."""
    if report.when == "call":
        # There is a report for each subtest, whether pytest, a plugin or unittest makes it.
        item.stash[_HAS_FAILED] = item.stash.get(_HAS_FAILED, False) or report.failed
        item.stash[_HAS_PASSED] = report.passed and not item.stash[_HAS_FAILED]


def has_passed(item: pytest.Item) -> bool:
    """Return whether the test itself has passed."""
    return item.stash.get(_HAS_PASSED, False)

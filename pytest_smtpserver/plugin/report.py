"""What the servers of a test add to its report.

* The cause first: summaries show the first line of our failures, without the exception's class.
* The section `SMTP transcript`, with every server that the test had to do with.
* Each thing once. A failed wait already ends with the end of the transcript. If the section shows
  the whole of it, that part of the text is left out (`said_once`).
* Mail that came after a wait had failed, with how much later it came. It may come after the test's
  own report was made; then the report of the teardown says so.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.matching.failure import TRANSCRIPT_TITLE
from pytest_smtpserver.matching.wording import printable
from pytest_smtpserver.server.registry import test_began

from .fixtures import LISTENING_BEFORE, SESSION_SERVERS, names_of
from .lasting import has_passed
from .options import TRANSCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smtpserver.server.core import Core

_PACKAGE = "pytest_smtpserver"

# On a test: the ids of the late messages that a report of it has already mentioned.
_MENTIONED: pytest.StashKey[set[int]] = pytest.StashKey()

#: The title of the report's section, and the property of junit's XML and others.
_SECTION = "SMTP transcript"
_PROPERTY = "smtp_transcript"


@contextmanager
def said_once(
    item: pytest.Item, call: pytest.CallInfo[None], servers: Sequence[Core]
) -> Iterator[None]:
    """While the report is made, leave the end of the transcript out of the failure's text.

    Does nothing if there will be no section that shows it.
    """
    error = _only_one_inside(call.excinfo.value) if call.excinfo else None
    choice = item.config.stash[TRANSCRIPT]
    is_shown = choice != "off" and item.config.getoption("showcapture", "all") == "all"
    if error is None or not (_is_ours(error) and is_shown and _servers_to_show(item, servers)):
        yield
        return
    args = error.args
    error.args = tuple(str(one).partition(f"\n\n{TRANSCRIPT_TITLE}\n")[0] for one in args)
    try:
        yield
    finally:
        error.args = args


def _name_the_cause_first(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Make summaries show only the first line of our failures, which names the cause.

    pytest's summary, junit's XML and other reports show the crash's message. It begins with the
    name of the exception's class, and if `CI` is set the summary has all of its lines. Allure asks
    the exception itself.
    """
    if call.excinfo is None:
        return
    error = _only_one_inside(call.excinfo.value)
    crash = getattr(report.longrepr, "reprcrash", None)
    if not _is_ours(error) or crash is None:
        return
    first = str(error).partition("\n")[0]
    crash.message = first
    # The report is made. Anything that asks from here on, such as Allure, shows one line.
    call.excinfo.exconly = lambda tryshort=False: first  # type: ignore[method-assign]  # noqa: ARG005, RUF100


def _only_one_inside(error: BaseException) -> BaseException:
    # trio's nurseries and asyncio's task groups wrap what their tasks raise.
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__ == _PACKAGE


def complete(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    item: pytest.Item,
    servers: Sequence[Core],
) -> None:
    """Name the cause first, and add the sections that the option asks for.

    If that fails by a fault of ours, a section says so. An exception here would end the run.
    """
    try:
        _name_the_cause_first(report, call)
        if report.when == "teardown" and call.excinfo:
            _leave_out_the_hint_at_hidden_entries(report, call.excinfo.value)
        _tell_of_the_servers(report, item, servers)
        if report.failed:
            _tell_of_the_rest(report, item, servers)
    except Exception as error:  # noqa: BLE001  # see above
        report.sections.append((_SECTION, f"it cannot be shown: {in_words(error)}"))


def in_words(error: Exception) -> str:
    """Return one line about an exception."""
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return printable(f"{error.strerror}{place}")
    return printable(f"{type(error).__name__}: {error}".partition("\n")[0])


def _tell_of_the_servers(
    report: pytest.TestReport, item: pytest.Item, servers: Sequence[Core]
) -> None:
    choice = item.config.stash[TRANSCRIPT]
    wanted = (choice == "all" and report.when == "call") or (choice != "off" and report.failed)
    if wanted and (shown := _servers_to_show(item, servers)):
        late = "\n".join(_too_late(item, servers))
        transcripts = [
            f"{core.shown_url}\n{core.shown_transcript or 'no client connected'}" for core in shown
        ]
        text = "\n\n".join(filter(None, [late, *transcripts]))
        report.sections.append((_SECTION, text))
        _hand_on(report, item, text)
    elif report.when == "teardown" and choice != "off" and not has_passed(item):
        _tell_of_the_late(report, item, servers)


def _tell_of_the_rest(
    report: pytest.TestReport, item: pytest.Item, servers: Sequence[Core]
) -> None:
    """Add the mail, for other plugins' reports, and the notes of rules."""
    if messages := [one for core in servers for one in core.recorder.messages]:
        from .other_reports import attach

        attach(report, item, messages)
    if notes := [note for core in servers for note in core.rule_notes]:
        report.sections.append(("SMTP rules", "\n".join(notes)))


def _tell_of_the_late(
    report: pytest.TestReport, item: pytest.Item, servers: Sequence[Core]
) -> None:
    # pytest shows a section with a failure of the test only if its title names the phase.
    if late := _too_late(item, servers):
        report.sections.append(("SMTP mail that came until teardown", "\n".join(late)))


def _too_late(item: pytest.Item, servers: Sequence[Core]) -> list[str]:
    """Return a sentence for each message that came too late, unless a report has mentioned it."""
    told = item.stash.setdefault(_MENTIONED, set())
    began = test_began()
    late = [one for core in servers for one in core.recorder.too_late(began)]
    found = [one for one in late if id(one[0]) not in told]
    told.update(id(message) for message, _ in found)
    return [
        f"{message!r} came {seconds:.1f} s after the wait had ended: use a longer timeout"
        for message, seconds in found
    ]


def _hand_on(report: pytest.TestReport, item: pytest.Item, text: str) -> None:
    """Give the transcript to reporters that read properties or attachments, not sections."""
    # junit's XML takes the properties from the last report, which has those of the item.
    for properties in (item.user_properties, report.user_properties):
        properties[:] = [one for one in properties if one[0] != _PROPERTY]
        properties.append((_PROPERTY, text))
    # Without allure-pytest at work this has no effect.
    if allure := sys.modules.get("allure"):
        allure.attach(text, name=_SECTION, attachment_type=allure.attachment_type.TEXT)


def _leave_out_the_hint_at_hidden_entries(report: pytest.TestReport, error: object) -> None:
    # A check at the end has no line of the test in its traceback. pytest would say that all entries
    # are hidden, and how to show them; they are our own code and would not help.
    if type(error).__module__ == _PACKAGE and (
        shown := getattr(report.longrepr, "reprtraceback", None)
    ):
        shown.extraline = None


def _servers_to_show(item: pytest.Item, servers: Sequence[Core]) -> list[Core]:
    """Return the servers of a test, and those that last longer if the test used them."""
    of_run = [server._core for server in item.config.stash.get(SESSION_SERVERS, ())]
    before = item.stash.get(LISTENING_BEFORE, ())
    names = names_of(item)
    asks = "smtpserver_session" in names or "smtpserver_session_factory" in names
    return [
        core
        for core in servers
        if core.recorder.sessions() or (asks if core in of_run else core not in before)
    ]

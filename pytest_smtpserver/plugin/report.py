"""What a test's report gets from the servers that ran during it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fixtures import SESSION_SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_smtpserver.server.server import SMTPServer

_PACKAGE = "pytest_smtpserver"


def complete(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    item: pytest.Item,
    servers: Sequence[SMTPServer],
    *,
    choice: str,
) -> None:
    """Add the sections that `choice`, the option for transcripts, asks for."""
    if report.when == "teardown" and call.excinfo:
        _leave_out_the_hint_at_hidden_entries(report, call.excinfo.value)
    wanted = (choice == "all" and report.when == "call") or (choice != "off" and report.failed)
    if wanted and (shown := _servers_to_show(item, servers)):
        texts = [
            f"{core.shown_url}\n{core.shown_transcript or 'no client connected'}"
            for core in (server._core for server in shown)
        ]
        report.sections.append(("SMTP transcript", "\n\n".join(texts)))
    if report.failed and (notes := [note for one in servers for note in one._core.rule_notes]):
        report.sections.append(("SMTP rules", "\n".join(notes)))


def _leave_out_the_hint_at_hidden_entries(report: pytest.TestReport, error: object) -> None:
    # A check at the end has no line of the test, so pytest says that all entries are hidden, and
    # advises to look at them: there is nothing to see.
    if type(error).__module__ == _PACKAGE and (
        shown := getattr(report.longrepr, "reprtraceback", None)
    ):
        shown.extraline = None


def _servers_to_show(item: pytest.Item, servers: Sequence[SMTPServer]) -> list[SMTPServer]:
    """Return the servers of a test, and that of the run if the test had to do with it."""
    shared = item.config.stash.get(SESSION_SERVER, None)
    named = "smtpserver_session" in getattr(item, "fixturenames", ())
    return [server for server in servers if server is not shared or named or server.sessions]

"""The mail of a run for people to look at: the HTML report and the folders of `.eml` files.

Imported only if one of them is asked for. Each process writes down what its tests received, as
they end; the process that the user started makes the report of it at the end of the run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver.clock import now
from pytest_smtpserver.report import artifacts, mailbox, spool

from .fixtures import servers_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.server.server import SMTPServer

_STARTED = pytest.StashKey[float]()
_REPORTS = pytest.StashKey[list[pytest.TestReport]]()
# How the process that the user started tells workers of pytest-xdist where to write.
_SPOOL = "smtpserver_spool"


class MailReport:
    """What pytest calls of it; `page` and `folder` are where to write, `None` for not at all."""

    def __init__(self, config: pytest.Config, page: Path | None, folder: Path | None) -> None:
        self._page = page
        self._folder = folder
        given: str | None = getattr(config, "workerinput", {}).get(_SPOOL)
        self._made = None if given or not page else tempfile.TemporaryDirectory(prefix="smtpserver")
        self._directory = given or (self._made.name if self._made else "")
        self._spool = spool.Spool(Path(self._directory)) if page else None
        self._said: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to write."""
        node.workerinput[_SPOOL] = self._directory

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Take note of when a test began, for the mail of servers that were there before."""
        item.stash[_STARTED] = now()
        item.stash[_REPORTS] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write down the mail of a test that has ended."""
        made = yield
        reports = item.stash.setdefault(_REPORTS, [])
        reports.append(made)
        if made.when == "teardown":
            self._collect(item, reports)
        return made

    def _collect(self, item: pytest.Item, reports: list[pytest.TestReport]) -> None:
        servers = servers_of(item)
        started = item.stash.get(_STARTED, 0.0)
        attempts = [one for server in servers for one in _attempts(server, started)]
        if not attempts:
            return
        attempts.sort(key=lambda attempt: attempt[1].started_at)
        if self._spool:
            outcome, failure = _outcome(reports)
            self._spool.add(item.nodeid, outcome, failure, started, attempts)
        if self._folder:
            self._save(self._folder, item.nodeid, servers, [one for _, one in attempts])

    def _save(
        self,
        folder: Path,
        test: str,
        servers: Sequence[SMTPServer],
        transactions: Sequence[Transaction],
    ) -> None:
        transcripts = [
            f"{one._core.shown_url}\n{one.transcript}" for one in servers if one.sessions
        ]
        try:
            artifacts.write(folder, test, transactions, "\n\n".join(transcripts))
        except OSError as error:
            self._say(f"SMTP artifacts could not be written: {error}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Make the report, unless this is a worker."""
        if self._page and self._made:
            cases = spool.cases(Path(self._directory))
            try:
                mailbox.write(self._page, cases)
            except OSError as error:
                self._say(f"SMTP report could not be written: {error}")
            else:
                self._say(f"SMTP report: {self._page}")
        if self._folder:
            self._say(f"SMTP artifacts: {self._folder}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where things are."""
        terminalreporter.section("SMTP mail")
        for line in self._said:
            terminalreporter.line(line)

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        if self._made:
            self._made.cleanup()

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.append(line)


def _attempts(server: SMTPServer, started: float) -> list[tuple[str, Transaction]]:
    # A server that lasts longer than the test may have mail of others.
    def is_of_test(transaction: Transaction) -> bool:
        message = transaction.message
        last = message.received_at if message else transaction.started_at
        return last.timestamp() >= started

    return [(server._core.shown_url, one) for one in server.transactions if is_of_test(one)]


def _outcome(reports: Sequence[pytest.TestReport]) -> tuple[str, str]:
    for report in reports:
        if report.failed:
            return "failed", first_line(report)
    return ("skipped" if any(report.skipped for report in reports) else "passed"), ""


def first_line(report: pytest.TestReport) -> str:
    """Return what a failure says first."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr or "")
    line = next((line for line in text.splitlines() if line.strip()), "")
    return line.removeprefix("pytest_smtpserver.SMTPAssertionError: ")

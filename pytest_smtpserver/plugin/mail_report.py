"""The mail of a run for people to look at: the HTML report and the folders of `.eml` files.

Imported only if one of them is asked for.

How mail gets into the report
-----------------------------

1. `watching` calls `_ended` whenever a transaction ends on any server of this process. That may
   be in any thread, so `_ended` only appends to a queue.
2. When the teardown of a test is reported, `_collect` empties the queue. All that ended since the
   test before belongs to this test, whichever server it came to: `smtpserver`, one for the whole
   run, or one that the test made. A test without mail costs one look at an empty queue.
3. `_collect` writes a test's folder of `.eml` files at once. For the HTML report it appends the
   test to the spool: a temporary directory with one file for each process (see `report.spool`).
4. At the end of the run `pytest_sessionfinish` makes the HTML file from the spool.

Under pytest-xdist
------------------

Tests run in worker processes, but there is one report. Example: `pytest -n 2`.

* The process that the user started, the controller, makes the directory of the spool.
  `pytest_configure_node` tells each worker its path, in `workerinput`.
* Each worker does steps 1 to 3 and writes a file of its own there, so they need no lock.
* Step 4 happens in the controller only, when all workers have ended. A worker that crashed has left
  the tests that it wrote before. Messages never travel through xdist's channel.
* A worker has no terminal. If it could not write something, it says so in `workeroutput`, and the
  controller prints that.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver.clock import now
from pytest_smtpserver.report import files, spool
from pytest_smtpserver.server import watching
from pytest_smtpserver.unpatched import getpid

from .fixtures import cores_of
from .report import in_words

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.server.core import Core

    #: A transaction that ended, with the URL of its server.
    Attempt = tuple[str, Transaction]

_STARTED: pytest.StashKey[float] = pytest.StashKey()
_REPORTS: pytest.StashKey[list[pytest.TestReport]] = pytest.StashKey()
# The key in a worker's input: the directory of the spool.
_SPOOL = "smtpserver_spool"
# The key in a worker's output: sentences about what it could not write.
_SAID = "smtpserver_said"


class MailReport:
    """A plugin object with the report's hooks, which write to `page` and `folder`, if given."""

    def __init__(self, config: pytest.Config, page: Path | None, folder: Path | None) -> None:
        self._page = page
        self._folder = folder
        given: str | None = getattr(config, "workerinput", {}).get(_SPOOL)
        self._pid = getpid()
        # Not a `TemporaryDirectory`, which a forked child that calls exit handlers would remove.
        self._made = "" if given or not page else tempfile.mkdtemp(prefix="smtpserver")
        self._directory = given or self._made
        self._spool = spool.Spool(Path(self._directory)) if page else None
        self._said: list[str] = []
        # What ended since the last test, on any server; appended to in any thread.
        self._attempts: deque[Attempt] = deque()
        watching.watch(self._ended)

    def _ended(self, core: Core, transaction: Transaction) -> None:
        self._attempts.append((core.shown_url, transaction))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to write."""
        node.workerinput[_SPOOL] = self._directory

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note when a test began."""
        item.stash[_STARTED] = now()
        item.stash[_REPORTS] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write down the mail of a test whose teardown has ended."""
        made = yield
        reports = item.stash.setdefault(_REPORTS, [])
        reports.append(made)
        if made.when == "teardown":
            self._collect(item, reports)
        return made

    def _collect(self, item: pytest.Item, reports: list[pytest.TestReport]) -> None:
        started = item.stash.get(_STARTED, 0.0)
        attempts = [self._attempts.popleft() for _ in range(len(self._attempts))]
        if not attempts:
            return
        attempts.sort(key=lambda attempt: attempt[1].started_at)
        if self._spool:
            with self._one_sentence("SMTP report"):
                outcome, failure = _outcome(reports)
                self._spool.add(item.nodeid, outcome, failure, started, attempts)
        if self._folder:
            with self._one_sentence("SMTP artifacts"):
                _save(self._folder, item, attempts)

    @contextmanager
    def _one_sentence(self, what: str) -> Iterator[None]:
        # The disk may be full, or the fault may be ours. An exception in these hooks would end
        # the run.
        try:
            with _real_files():
                yield
        except Exception as error:  # noqa: BLE001  # see above
            self._say(f"{what} could not be written: {in_words(error)}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Make the report; a worker only says what it could not write."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_SAID] = self._said
            return
        if self._page:
            with self._one_sentence("SMTP report"):
                files.write_page(self._page, spool.cases(Path(self._directory)))
                self._say(f"SMTP report: {self._page}")
        # There is no folder if no test had mail, or if it could not be made.
        if self._folder and self._folder.is_dir():
            self._say(f"SMTP artifacts: {self._folder}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Say what a worker could not write; a crashed worker has no output."""
        for line in getattr(node, "workeroutput", {}).get(_SAID, ()):
            self._say(line)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the report and the folders are."""
        if not self._said:
            return
        terminalreporter.section("SMTP mail")
        for line in self._said:
            terminalreporter.line(line)

    def pytest_unconfigure(self) -> None:
        """Remove the spool."""
        watching.unwatch(self._ended)
        if self._made and getpid() == self._pid:
            shutil.rmtree(self._made, ignore_errors=True)

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.append(line)


@contextmanager
def _real_files() -> Iterator[None]:
    """Put the real file system back for a moment.

    With pyfakefs's fixtures for a module or a run, it is still replaced when a test is reported.
    """
    pyfakefs: Any = sys.modules.get("pyfakefs.fake_filesystem_unittest")
    patcher = pyfakefs and pyfakefs.Patcher.PATCHER
    if patcher and patcher.is_patching:
        with pyfakefs.Pause(patcher):
            yield
    else:
        yield


def _save(folder: Path, item: pytest.Item, attempts: Sequence[Attempt]) -> None:
    transcript = "\n\n".join(_transcripts(cores_of(item), attempts))
    transactions = [transaction for _, transaction in attempts]
    files.write_folder(folder, item.nodeid, transactions, transcript)


def _transcripts(cores: Sequence[Core], attempts: Sequence[Attempt]) -> Iterator[str]:
    """Yield the transcript of each server, as far as it is known."""
    known = set()
    for core in cores:
        known |= {_place(core.shown_url, one) for one in core.recorder.sessions()}
        if transcript := core.recorder.transcript():
            yield f"{core.shown_url}\n{transcript}"
    # A server that is gone has no recorder, but its transactions still know their sessions.
    for url, transaction in attempts:
        session = transaction.session
        if (place := _place(url, session)) not in known:
            known.add(place)
            yield f"{url}\n{session.transcript}"


def _place(url: str, session: Session) -> tuple[str, int, datetime]:
    # Two servers of a test may have the same address, one after the other.
    return url, session.id, session.started_at


def _outcome(reports: Sequence[pytest.TestReport]) -> tuple[str, str]:
    for report in reports:
        if report.failed:
            return "failed", first_line(report)
    return ("skipped" if any(report.skipped for report in reports) else "passed"), ""


def first_line(report: pytest.TestReport) -> str:
    """Return the first line of a failure."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr or "")
    line = next((line for line in text.splitlines() if line.strip()), "")
    return line.removeprefix("pytest_smtpserver.SMTPAssertionError: ")

"""The mail of all servers of a run on a web page, while the run goes on.

Imported only with `--smtpserver-inbox`. The servers' own thread serves the page, so it works while
a test is stopped in a debugger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.inbox.live import Inbox
from pytest_smtpserver.server import watching
from pytest_smtpserver.unpatched import getpid

if TYPE_CHECKING:
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.server.core import Core


class LiveInbox:
    """A plugin object with the inbox's hooks; raises `pytest.UsageError` for a busy port."""

    def __init__(self, port: int) -> None:
        try:
            self._inbox = Inbox(port, title="Mail of this test run", hint="No mail so far.")
        except OSError as error:
            why = error.strerror or error
            raise pytest.UsageError(f"--smtpserver-inbox={port}: {why}") from None
        self._test = ""
        self._pid = getpid()
        watching.watch(self._add)

    def pytest_report_header(self) -> str:
        """Say where the inbox is."""
        return f"SMTP inbox: {self._inbox.url}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note which test receives mail from now on."""
        self._test = item.nodeid

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what went wrong with the inbox itself, if anything did."""
        for crash in self._inbox.crashes[:1]:
            terminalreporter.section("SMTP inbox")
            terminalreporter.line(f"the inbox failed: {crash!r}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Close the inbox before the servers' thread ends."""
        watching.unwatch(self._add)
        self._inbox.close()

    def _add(self, core: Core, transaction: Transaction) -> None:
        # The pages are the parent's; and at the fork, a thread may have held the inbox's lock.
        if getpid() == self._pid:
            self._inbox.add(self._test, core.shown_url, transaction)

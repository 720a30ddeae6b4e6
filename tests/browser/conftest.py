"""One browser for all tests; without one they are skipped."""

from __future__ import annotations

import smtplib
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.inbox.live import Inbox
from pytest_smtpserver.server import watching
from tests.browser import shop
from tests.browser.driving import Browser, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.server.core import Core


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if why := missing():
        pytest.skip(why)
    driven = Browser(tmp_path_factory.mktemp("profile"))
    yield driven
    driven.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop.report(tmp_path_factory.mktemp("shop"))


class LivePage:
    """A server with an inbox that shows what it receives."""

    def __init__(self) -> None:
        self.inbox = Inbox(0, title="Inbox", hint="No mail so far.")
        self.server = SMTPServer()
        self.url = self.inbox.url
        self.test = ""

    def add(self, core: Core, transaction: Transaction) -> None:
        self.inbox.add(self.test, core.shown_url, transaction)

    def send(self, *mails: EmailMessage | bytes) -> None:
        with smtplib.SMTP(*self.server.addr, timeout=10) as client:
            for mail in mails:
                content = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
                client.sendmail("shop@example.com", ["ann@example.org"], content)


@pytest.fixture
def live() -> Iterator[LivePage]:
    page = LivePage()
    watching.watch(page.add)
    with page.server:
        yield page
    watching.unwatch(page.add)
    page.inbox.close()
    assert page.inbox.crashes == []

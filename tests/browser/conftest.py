"""One browser for all tests; without one they are skipped."""

from __future__ import annotations

import smtplib
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from tests.browser import shop
from tests.browser.driving import Browser, missing
from tests.inbox.requesting import TIMEOUT, Lookout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path


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


class LivePage(Lookout):
    """A server with an inbox for a browser."""

    @property
    def url(self) -> str:
        return self.inbox.url

    def deliver(self, *mails: EmailMessage | bytes) -> None:
        """Send mails in one session."""
        with smtplib.SMTP(*self.server.addr, timeout=TIMEOUT) as client:
            for mail in mails:
                content = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
                client.sendmail("shop@example.com", ["ann@example.org"], content)


@pytest.fixture
def live() -> Iterator[LivePage]:
    with LivePage() as page:
        yield page
    assert page.inbox.crashes == []

"""Mutt and git send-email deliver, and log in with every mechanism that they know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.drivers import delivery_to
from tests.clients.mail_programs import MAILERS, Mailer

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smtpserver.settings.keywords import TLS

TIMEOUT = 60
USERNAME, SECRET = "ann@example.org", "p+ss/w:rd=?'&%"
TABLE = [
    pytest.param(mailer, tls, mechanism, id=f"{mailer.name}-{tls}-{mechanism}")
    for mailer in MAILERS
    for tls in ("starttls", "implicit", "off")
    for mechanism in mailer.mechanisms
]


def deliver(mailer: Mailer, server: SMTPServer, home: Path, mechanism: str | None) -> None:
    if reason := mailer.missing():
        pytest.skip(reason)
    delivery = delivery_to(
        server, content=b"", mechanism=mechanism, username=USERNAME, secret=SECRET
    )
    mailer.deliver(delivery, home)


@pytest.mark.parametrize("mailer", MAILERS, ids=lambda mailer: mailer.name)
def test_a_mailer_delivers_and_violates_nothing(mailer: Mailer, tmp_path: Path) -> None:
    with SMTPServer(strict=True) as server:
        deliver(mailer, server, tmp_path, None)
        message = server.wait_for_message(timeout=TIMEOUT, subject="hello", text="world")
        session = server.wait_for_session(timeout=TIMEOUT)
    assert message.envelope.mail_from == "from@example.org"
    assert message.envelope.rcpt_to == ("one@example.org", "two@example.org")
    assert session.ended_by == "quit"
    assert session.violations == ()


@pytest.mark.parametrize(("mailer", "tls", "mechanism"), TABLE)
def test_a_mailer_logs_in(mailer: Mailer, tls: TLS, mechanism: str, tmp_path: Path) -> None:
    users = {USERNAME: SECRET}
    with SMTPServer(
        tls=tls, auth="required", users=users, mechanisms=[mechanism], strict=True
    ) as server:
        deliver(mailer, server, tmp_path, mechanism)
        server.wait_for_message(timeout=TIMEOUT, username=USERNAME)
        session = server.wait_for_session(timeout=TIMEOUT)
    session.assert_authenticated(USERNAME, mechanism=mechanism)
    assert (session.tls is not None) == (tls != "off")

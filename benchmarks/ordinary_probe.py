"""Ordinary tests of mail and tests of nothing, in turn: for pytest, started by `in_pytest.py`.

Its name keeps it out of the project's own tests. What to use comes in the environment.
"""

from __future__ import annotations

import os
import smtplib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from pytest_smtpserver import SMTPServer


COUNT = int(os.environ["PROBE_COUNT"])
MAIL = "From: shop@example.com\nTo: anna@example.com\nSubject: Your order\n\nThank you.\n"


def ours(smtpserver: SMTPServer) -> None:
    """With this project."""
    send(smtpserver.host, smtpserver.port)
    message = smtpserver.messages[0]
    assert message.envelope.rcpt_to == ("anna@example.com",)
    assert message.subject == "Your order"


def smtpdfix(smtpd: Any) -> None:
    """With smtpdfix, whose messages have no envelope."""
    send(smtpd.hostname, smtpd.port)
    message = smtpd.messages[0]
    assert message["To"] == "anna@example.com"
    assert message["Subject"] == "Your order"


def localserver(smtpserver: Any) -> None:
    """With pytest-localserver."""
    send(*smtpserver.addr)
    message = smtpserver.outbox[0]
    assert message.details.rcpttos == ["anna@example.com"]
    assert message["Subject"] == "Your order"


def nothing() -> None:
    """A test that does nothing: the cost of any test."""


def send(host: str, port: int) -> None:
    """Send a mail, as an application would."""
    with smtplib.SMTP(host, port, local_hostname="client.example.com") as client:
        client.sendmail("shop@example.com", ["anna@example.com"], MAIL)


ORDINARY = {"pytest-smtpserver": ours, "smtpdfix": smtpdfix, "pytest-localserver": localserver}
for number in range(COUNT):
    globals()[f"test_{number}_without"] = nothing
    globals()[f"test_{number}_with"] = ORDINARY[os.environ["PROBE_PLUGIN"]]

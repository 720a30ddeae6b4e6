"""Delivering a mail with a real client: what became of it, as the client says."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from typing import Any

import aiosmtplib

from tests.own_loop import run_to_the_end

SENDER = "shop@example.com"
RECIPIENTS = ("ann@example.org", "bob@example.org", "cat@example.org")
CONTENT = b"Subject: Welcome\r\n\r\ntext\r\n"

# Far more than a client needs on a busy machine.
LONG = 20


@dataclass(frozen=True)
class Delivered:
    """What a client made of a delivery: what it raised, and which recipients were refused."""

    raised: Exception | None = None
    refused: tuple[str, ...] = ()

    @property
    def error(self) -> str:
        """The name of what was raised."""
        return type(self.raised).__name__

    @property
    def code(self) -> int:
        """The code of the reply that was raised."""
        raised: Any = self.raised
        return getattr(raised, "smtp_code", None) or raised.code


def deliver_with_smtplib(
    server: Any,
    recipients: tuple[str, ...] = RECIPIENTS[:1],
    content: bytes = CONTENT,
    *,
    starttls: bool = False,
    timeout: float = LONG,
) -> Delivered:
    """Deliver; smtplib closes without QUIT if the conversation fails."""
    try:
        with smtplib.SMTP(
            server.host, server.port, local_hostname="client.test", timeout=timeout
        ) as client:
            if starttls:
                client.starttls(context=server.client_context())
            return Delivered(refused=tuple(client.sendmail(SENDER, recipients, content)))
    except smtplib.SMTPRecipientsRefused as error:
        return Delivered(error, tuple(error.recipients))
    except OSError as error:
        return Delivered(error)


def deliver_with_aiosmtplib(
    server: Any,
    recipients: tuple[str, ...] = RECIPIENTS[:1],
    content: bytes = CONTENT,
    *,
    starttls: bool = False,
    timeout: float = LONG,
) -> Delivered:
    """Deliver, in a loop of its own."""
    return run_to_the_end(
        deliver(server, recipients, content, starttls=starttls, timeout=timeout), debug=False
    )


async def deliver(
    server: Any,
    recipients: tuple[str, ...] = RECIPIENTS[:1],
    content: bytes = CONTENT,
    *,
    starttls: bool = False,
    timeout: float = LONG,
) -> Delivered:
    """Deliver in the loop that runs."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname="client.test",
        timeout=timeout,
        start_tls=starttls,
        tls_context=server.client_context() if starttls else None,
    )
    try:
        async with client:
            refused, _ = await client.sendmail(SENDER, list(recipients), content)
            return Delivered(refused=tuple(refused))
    except aiosmtplib.SMTPRecipientsRefused as error:
        return Delivered(error, tuple(one.recipient for one in error.recipients))
    except (aiosmtplib.SMTPException, OSError) as error:
        return Delivered(error)


CLIENTS = [deliver_with_smtplib, deliver_with_aiosmtplib]

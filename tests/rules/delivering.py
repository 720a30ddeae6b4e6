"""Delivers a mail with a real client, and returns the result as the client says it."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

import aiosmtplib

from tests.own_loop import run_to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from pytest_smtpserver import AsyncSMTPServer, SMTPServer

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

SENDER = "shop@example.com"
RECIPIENTS = ("ann@example.org", "bob@example.org", "cat@example.org")
CONTENT = b"Subject: Welcome\r\n\r\ntext\r\n"

# Far more than a client needs on a busy machine.
LONG = 20


@dataclass(frozen=True)
class Delivered:
    """The result of a delivery: what the client raised, and which recipients were refused."""

    raised: Exception | None = None
    refused: tuple[str, ...] = ()

    @property
    def error(self) -> str:
        """The class name of the exception."""
        return type(self.raised).__name__

    @property
    def code(self) -> int:
        """The reply code in the exception."""
        if isinstance(self.raised, smtplib.SMTPResponseException):
            return self.raised.smtp_code
        assert isinstance(self.raised, aiosmtplib.SMTPResponseException)
        return self.raised.code


class InBackground(Protocol):
    """Calls a function in a thread."""

    def __call__(
        self,
        function: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        """Return what the function returns, when it has."""


class Deliver(Protocol):
    """One of the two clients."""

    def __call__(
        self,
        server: SMTPServer | AsyncSMTPServer,
        recipients: tuple[str, ...] = ...,
        content: bytes = ...,
        *,
        starttls: bool = False,
        timeout: float = LONG,
    ) -> Delivered:
        """Deliver a mail, and return the result."""


def deliver_with_smtplib(
    server: SMTPServer | AsyncSMTPServer,
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


async def deliver(
    server: SMTPServer | AsyncSMTPServer,
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


def _in_its_own_loop(
    function: Callable[Arguments, Coroutine[object, object, Delivered]],
) -> Callable[Arguments, Delivered]:
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Delivered:
        return run_to_the_end(function(*args, **kwargs), debug=False)

    return run


deliver_with_aiosmtplib = _in_its_own_loop(deliver)

CLIENTS: list[Deliver] = [deliver_with_smtplib, deliver_with_aiosmtplib]

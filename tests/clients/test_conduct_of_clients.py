"""Violations by real clients, in normal use and when things go wrong."""

from __future__ import annotations

import contextlib
import smtplib
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.drivers import CLIENTS, Client, delivery_to
from tests.own_loop import run_to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.settings.keywords import TLS

# Far more than is needed on a busy machine.
TIMEOUT = 20
CONTENT = b"Subject: hello\r\n\r\nworld\r\n"
USERS = {"ann": "secret"}

# The violations of each program in normal use. If a new version commits fewer, look again.
HABITS = {"nodemailer": ["no-quit"]}


def violations(server: SMTPServer) -> list[str]:
    server.wait_closed(TIMEOUT)
    return [violation.code for session in server.sessions for violation in session.violations]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_in_normal_use_does_what_is_known_of_it(client: Client) -> None:
    if reason := client.missing():
        pytest.skip(reason)
    with SMTPServer() as server:
        client.deliver(delivery_to(server, content=CONTENT))
        assert violations(server) == HABITS.get(client.name, [])


def with_smtplib(server: SMTPServer, *, login: bool) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as client:
        if server.settings.tls == "starttls":
            client.starttls(context=server.client_context())
        if login:
            client.login("ann", "secret")
        client.sendmail("from@example.org", ["one@example.org", "two@example.org"], CONTENT)


def with_aiosmtplib(server: SMTPServer, *, login: bool) -> None:
    run_to_the_end(
        aiosmtplib.send(
            CONTENT,
            sender="from@example.org",
            recipients=["one@example.org", "two@example.org"],
            hostname=server.host,
            port=server.port,
            start_tls=server.settings.tls == "starttls",
            tls_context=server.client_context() if server.settings.tls == "starttls" else None,
            username="ann" if login else None,
            password="secret" if login else None,
            timeout=TIMEOUT,
        )
    )


CLEAN = pytest.mark.parametrize("deliver", [with_smtplib, with_aiosmtplib])


@CLEAN
@pytest.mark.parametrize("tls", ["off", "starttls"])
def test_smtplib_and_aiosmtplib_are_clean_with_tls_and_auth(
    deliver: Callable[..., None], tls: TLS
) -> None:
    with SMTPServer(tls=tls, strict=True, auth="optional", users=USERS) as server:
        deliver(server, login=True)
        assert violations(server) == []
        assert server.messages[0].session.username == "ann"


@CLEAN
@pytest.mark.parametrize(
    "refusal",
    [
        ("550 no", "mail"),
        ("550 no", "rcpt"),
        ("451 no", "data"),
        ("554 no", "message"),
        ("421 no", "rcpt"),
        ("554 no", "connect"),
        ("500 no", "quit"),
    ],
    ids=" at ".join,
)
def test_smtplib_and_aiosmtplib_are_clean_when_they_are_refused(
    deliver: Callable[..., None], refusal: tuple[str, str]
) -> None:
    reply, stage = refusal
    with SMTPServer(tls="starttls", strict=True, auth="optional", users=USERS) as server:
        server.refuse(reply, stage=stage)
        # Whether the client succeeds does not matter here.
        with contextlib.suppress(smtplib.SMTPException, aiosmtplib.SMTPException):
            deliver(server, login=True)
        assert violations(server) == []


@CLEAN
def test_smtplib_and_aiosmtplib_are_clean_when_one_of_two_recipients_is_refused(
    deliver: Callable[..., None],
) -> None:
    with SMTPServer(strict=True) as server:
        server.refuse("550 no", rcpt_to="one@example.org")
        deliver(server, login=False)
        assert violations(server) == []


@pytest.mark.parametrize("refusal", [("454 no", "starttls"), ("535 no", "auth")], ids=" at ".join)
@pytest.mark.parametrize(("deliver", "habit"), [(with_smtplib, []), (with_aiosmtplib, ["no-quit"])])
def test_aiosmtplib_hangs_up_when_it_cannot_log_in(
    deliver: Callable[..., None], habit: list[str], refusal: tuple[str, str]
) -> None:
    reply, stage = refusal
    with SMTPServer(tls="starttls", auth="optional", users=USERS) as server:
        server.refuse(reply, stage=stage)
        with pytest.raises((smtplib.SMTPException, aiosmtplib.SMTPException)):
            deliver(server, login=True)
        assert violations(server) == habit


def test_smtplib_is_clean_when_its_block_raises() -> None:
    with SMTPServer(strict=True) as server:
        with (
            pytest.raises(ZeroDivisionError),
            smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as client,
        ):
            client.ehlo()
            client.mail("from@example.org")
            raise ZeroDivisionError
        assert violations(server) == []

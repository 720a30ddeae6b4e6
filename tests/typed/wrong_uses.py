"""Wrong uses: each comment names the rules of mypy and pyright that report the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_smtpserver
from pytest_smtpserver import SMTPServer

if TYPE_CHECKING:
    from pytest_smtpserver import AsyncSMTPServer, Message, ServerFactory


def names() -> None:
    pytest_smtpserver.SMTPSever  # attr-defined, reportAttributeAccessIssue


def criteria(server: SMTPServer, message: Message) -> None:
    server.find(sender="shop@example.com")  # call-arg, reportCallIssue
    server.wait_for_message(subjekt="Welcome")  # call-arg, reportCallIssue
    server.wait_for_messages(2, recipient="ann@example.org")  # call-arg, reportCallIssue
    server.assert_no_message(content="code")  # call-arg, reportCallIssue
    server.capture(atachment="*.pdf")  # call-arg, reportCallIssue
    server.wait_for_transaction(subject="Welcome")  # call-arg, reportCallIssue
    server.wait_for_transactions(2, outcom="rejected")  # call-arg, reportCallIssue
    server.wait_for_session(user="ann")  # call-arg, reportCallIssue
    server.find(where="Welcome")  # arg-type, reportArgumentType
    server.find(header="X-Tag")  # arg-type, reportArgumentType
    server.wait_for_message(timeout="1")  # arg-type, reportArgumentType
    message.assert_matches(tittle="Welcome")  # call-arg, reportCallIssue
    message.assert_body("code", part="plain")  # arg-type, reportArgumentType


def rules(server: SMTPServer) -> None:
    server.on("rcpt", rcptto="ann@example.org")  # call-arg, reportCallIssue
    server.refuse("550 no", recipient="ann@example.org")  # call-arg, reportCallIssue
    server.greylist(to_="ann@example.org")  # call-arg, reportCallIssue
    server.on("rcpt").repyl("550 no")  # attr-defined, reportAttributeAccessIssue
    server.on("rcpt").delay("1")  # arg-type, reportArgumentType
    server.on("rcpt").times(1, per="client")  # arg-type, reportArgumentType
    server.on("rcpt").fits  # attr-defined, reportAttributeAccessIssue
    server.on("rcpt", where=len)  # arg-type, reportArgumentType


async def a_coroutine(server: AsyncSMTPServer) -> None:
    await server.wait_for_message(sender="shop@example.com")  # call-arg, reportCallIssue
    server.wait_for_message().subject  # attr-defined, reportAttributeAccessIssue
    server.on("rcpt").wait_held().verb  # attr-defined, reportAttributeAccessIssue
    server.on("rcpt", rcptto="ann@example.org")  # call-arg, reportCallIssue
    server.on("rcpt").repyl("550 no")  # attr-defined, reportAttributeAccessIssue
    server.mesages  # attr-defined, reportAttributeAccessIssue
    with server.capture():  # attr-defined, reportGeneralTypeIssues
        pass


def settings(smtpserver_factory: ServerFactory) -> None:
    smtpserver_factory(tsl="starttls")  # call-arg, reportCallIssue
    smtpserver_factory(tls="ssl")  # arg-type, reportArgumentType
    SMTPServer(prot=2525)  # call-arg, reportCallIssue
    SMTPServer(port="2525")  # arg-type, reportArgumentType
    SMTPServer(users=["ann:secret"])  # arg-type, reportArgumentType
    SMTPServer().shown_url  # attr-defined, reportAttributeAccessIssue

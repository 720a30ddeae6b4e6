"""Right uses: both type checkers must accept all of them in their strictest mode."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Unpack, assert_type

from pytest_smtpserver import (
    AsyncRule,
    AsyncSMTPServer,
    Command,
    Exchange,
    Message,
    MessageCriteria,
    Reply,
    Rule,
    ServerFactory,
    ServerSettings,
    Session,
    SMTPServer,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def criteria(server: SMTPServer) -> None:
    assert_type(server.find(subject="Welcome"), tuple[Message, ...])
    assert_type(server.wait_for_message(rcpt_to="ann@example.org", timeout=1), Message)
    assert_type(server.wait_for_messages(2, to=["a@x.test", "b@x.test"]), tuple[Message, ...])
    server.find(subject=re.compile("^Wel"), cc=None, body="code", header={"X-Tag": "shop"})
    server.find(subject=lambda text: text.startswith("Wel"), where=lambda one: one.subject == "x")
    server.find(rcpt_to=lambda addresses: len(addresses) == 2, to={"ann@example.org"})
    server.assert_no_message(within=0.5, from_="shop@example.com", reply_to=None)
    assert_type(server.wait_for_transaction(outcome="rejected"), Transaction)
    assert_type(server.wait_for_transactions(2, where=_is_null), tuple[Transaction, ...])
    assert_type(server.wait_for_session(tls=True, ended_by="quit"), Session)
    with server.capture(1, html="<b>", attachment="*.pdf") as captured:
        assert_type(captured, list[Message])


def an_outbox(server: SMTPServer) -> None:
    for email in server.outbox:
        assert_type(email.details.mailfrom, str)
        assert_type(email.details.rcpttos, list[str])
        assert_type(email.is_multipart(), bool)


def _is_null(transaction: Transaction) -> bool:
    return transaction.envelope.mail_from == ""


def helper(server: SMTPServer, **wanted: Unpack[MessageCriteria]) -> Message:
    return server.wait_for_message(timeout=5, **wanted)


def a_message(message: Message) -> None:
    message.assert_matches(subject="Welcome", username=None)
    message.assert_envelope(mail_from="", rcpt_to=["ann@example.org"], parameters={"SIZE": "10"})
    message.assert_header("X-Tag", re.compile("shop"))
    message.assert_body(lambda text: "code" in text, part="html")
    assert_type(message["Subject"], str | None)
    assert_type(message.to, tuple[str, ...])


def rules(server: SMTPServer) -> None:
    rule = server.on("rcpt", rcpt_to="ann@example.org", where=_is_first).times(2, per="session")
    assert_type(rule, Rule)
    assert_type(rule.reply(550, "no such user", enhanced="5.1.1").then().hold(), Rule)
    server.on("XCLIENT", optional=True, argument=re.compile("ADDR")).reply(_answer)
    assert_type(rule.wait_held(2, timeout=1), Command)
    assert_type(rule.hits, tuple[Exchange, ...])
    server.refuse("550 no", subject="Welcome", session=1)
    server.greylist(2, rcpt_to=re.compile("@example.org$"))
    server.chaos(0.5, seed=7)


def _is_first(command: Command) -> bool:
    return command.session.id == 1


def _answer(command: Command) -> Reply | str | None:
    return f"250 {command.argument}" if command.argument else None


async def a_coroutine(server: AsyncSMTPServer) -> None:
    assert_type(await server.wait_for_message(subject="Welcome"), Message)
    assert_type(await server.wait_for_messages(2, timeout=1), tuple[Message, ...])
    await server.assert_no_message(text="code")
    assert_type(await server.wait_for_transaction(rcpt_to="ann@example.org"), Transaction)
    assert_type(await server.wait_for_session(helo="client.test"), Session)
    await server.wait_closed(timeout=1)
    async with server.capture(subject="Welcome") as captured:
        assert_type(captured, list[Message])
    rule = server.on("data", helo="client.test").delay(0.1).hold()
    assert_type(rule, AsyncRule)
    assert_type(await rule.wait_held(), Command)
    rule.release()
    assert_type(server.refuse("451 later", mail_from=""), AsyncRule)
    assert_type(server.messages, tuple[Message, ...])
    assert_type(server.port, int)
    assert_type(server.env(), dict[str, str])


def settings(smtpserver_factory: ServerFactory, pem: Path) -> None:
    users = {"ann": "secret"}
    smtpserver_factory(tls="starttls", tls_required=True, certificate=pem)
    SMTPServer(auth="required", users=users, mechanisms=["PLAIN"], extensions=("-SIZE",))
    given: ServerSettings = {"protocol": "lmtp", "wait_timeout": 5, "strict": True}
    with SMTPServer(**given) as server:
        assert_type(server, SMTPServer)


def smtpserver_settings() -> Mapping[str, Any]:
    return {"idle_timeout": 1.5, "max_recipients": 10}

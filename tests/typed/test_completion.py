"""An editor offers exactly the public names of a server, a rule or a message."""

from __future__ import annotations

from pytest_smtpserver import AsyncRule, AsyncSMTPServer, Message, Rule, SMTPServer

WAITING = {
    "assert_no_message", "capture", "wait_closed", "wait_for_message", "wait_for_messages",
    "wait_for_session", "wait_for_transaction", "wait_for_transactions",
}  # fmt: skip

SERVER = WAITING | {
    "accepting", "addr", "ca", "chaos", "check", "clear", "client_context", "disconnect_clients",
    "env", "find", "greylist", "host", "hostname", "is_alive", "messages", "on", "outbox", "port",
    "refuse", "reset", "sessions", "settings", "start", "stop", "transactions", "transcript", "url",
}  # fmt: skip

RULE = {
    "accept", "after", "delay", "disconnect", "hits", "hold", "ignore", "release", "reply", "reset",
    "send", "then", "throttle", "times", "wait_held",
}  # fmt: skip

MESSAGE = {
    "assert_body", "assert_dkim", "assert_envelope", "assert_header", "assert_links",
    "assert_matches", "assert_no_problems", "attachment", "attachments", "blind_recipients",
    "cc", "code", "content", "defects", "email", "envelope", "from_", "headers", "html",
    "html_document", "html_text", "link", "links", "problems", "received_at", "reply_to",
    "save", "session", "snapshot", "subject", "text", "to", "transaction", "unsubscribe_link",
}  # fmt: skip


def offered(what: object) -> set[str]:
    return {name for name in dir(what) if not name.startswith("_")}


def test_a_server_offers_what_is_public() -> None:
    server = SMTPServer()
    assert offered(server) == SERVER
    assert offered(AsyncSMTPServer(server)) == SERVER | {"server"}


def test_a_rule_offers_what_is_public() -> None:
    server = SMTPServer()
    assert offered(server.on("mail")) == offered(Rule) == RULE
    assert offered(AsyncSMTPServer(server).on("mail")) == offered(AsyncRule) == RULE


def test_a_message_offers_what_is_public() -> None:
    assert offered(Message) == MESSAGE


def test_only_the_two_servers_have_more_than_25_methods() -> None:
    bases = {base for server in (SMTPServer, AsyncSMTPServer) for base in server.__mro__[1:]}
    for base in bases - {object}:
        assert len([name for name in vars(base) if not name.startswith("__")]) <= 25, base

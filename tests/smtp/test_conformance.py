"""Names that a client may use, and commands that it may pipeline."""

import pytest

from pytest_smtpserver.smtp.conformance import ends_group
from pytest_smtpserver.smtp.grammar import is_helo_domain


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "client.example",
        "1.0.0.127.in-addr.arpa",
        "xn--bcher-kva.example",
        "a-b.3com.example",
        "1234",
        "[127.0.0.1]",
        "[IPv6:::1]",
        "[ipv6:2001:db8::25]",
        "x" * 255,
    ],
)
def test_a_domain_or_an_address_literal_is_a_name_for_ehlo(name: str) -> None:
    assert is_helo_domain(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "my_host",
        "client.example.",
        ".example",
        "a..example",
        "-client.example",
        "client-.example",
        "client.example extra",
        "user@client.example",
        "b\u00fccher.example",
        "127.0.0.1",
        "::1",
        "[]",
        "[127.0.0]",
        "[127.0.0.1",
        "[::1]",
        "[IPv6:127.0.0.1]",
        "[IPv6:fe80::1%eth0]",
        "[x400:abc]",
        "x" * 256,
    ],
)
def test_anything_else_is_not(name: str) -> None:
    assert not is_helo_domain(name)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "RSET", "BDAT", "SEND", "SOML", "SAML", "."])
def test_a_client_may_send_on_after_these(verb: str) -> None:
    assert not ends_group(verb)


@pytest.mark.parametrize(
    "verb",
    ["EHLO", "DATA", "VRFY", "EXPN", "TURN", "QUIT", "NOOP", "STARTTLS", "HELO", "LHLO", "HELP"],
)
def test_a_client_awaits_the_reply_to_these(verb: str) -> None:
    assert ends_group(verb)


@pytest.mark.parametrize("argument", ["PLAIN AGEAYg==", "plain AGEAYg==", "EXTERNAL ="])
def test_a_client_may_send_on_after_auth_that_needs_no_second_step(argument: str) -> None:
    assert not ends_group("AUTH", argument)


@pytest.mark.parametrize("argument", ["PLAIN", "CRAM-MD5", "LOGIN YQ==", "XOAUTH2 dXNlcg==", ""])
def test_a_client_awaits_the_reply_to_any_other_auth(argument: str) -> None:
    assert ends_group("AUTH", argument)

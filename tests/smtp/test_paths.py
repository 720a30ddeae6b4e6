"""Paths and parameters, by the grammar of RFC 5321 section 4.1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.smtp.grammar import (
    ReadPath,
    Refusal,
    forward_path,
    parameters,
    reverse_path,
)
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@pytest.mark.parametrize(
    "mailbox",
    [
        "ann@example.org",
        "Ann@EXAMPLE.org",
        "a@b",
        "ann+tag=x/y@example.org",
        "!#$%&'*+-/=?^_`{|}~@example.org",
        "a.b.c@example.org",
        "ann@1.example.org",
        "ann@ex--ample.org",
        '"ann"@example.org',
        '""@example.org',
        '"ann bob"@example.org',
        '"<ann>, @ and ."@example.org',
        r'"a\"n\\n"@example.org',
        r'"\a\n\ "@example.org',
        "ann@[127.0.0.1]",
        "ann@[255.255.255.255]",
        "ann@[127.000.000.001]",
        "ann@[IPv6:::1]",
        "ann@[ipv6:2001:db8::1]",
        "ann@[IPv6:2001:DB8:0:0:0:0:0:1]",
        "ann@[IPv6:::ffff:127.0.0.1]",
        "jürgen@example.org",
        "ann@bücher.test",
        '"jürgen ü"@例子.test',
    ],
)
@pytest.mark.parametrize(("path", "keyword"), [(reverse_path, "FROM"), (forward_path, "TO")])
def test_a_mailbox_is_taken_as_it_is_written(
    path: Callable[[str], ReadPath], keyword: str, mailbox: str
) -> None:
    assert path(f"{keyword}:<{mailbox}> SIZE=1") == (mailbox, " SIZE=1", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        ">",
        "<@example.org>",
        "<ann@>",
        "<ann@@example.org>",
        "<ann@example.org",
        "ann@example.org>",
        "<ann@example.org>>",
        "<<ann@example.org>>",
        "<ann@example.org>x",
        "<ann@example.org>\tSIZE=1",
        "< ann@example.org>",
        "<ann@example.org >",
        "<ann bob@example.org>",
        "<.ann@example.org>",
        "<ann.@example.org>",
        "<a..n@example.org>",
        "<ann,bob@example.org>",
        "<(ann)bob@example.org>",
        "<ann@example..org>",
        "<ann@.example.org>",
        "<ann@example.org.>",
        "<ann@-example.org>",
        "<ann@example-.org>",
        "<ann@exam_ple.org>",
        "<ann@example.org, bob@example.org>",
        '<"ann@example.org>',
        '<"a"n"n"@example.org>',
        '<"ann\\"@example.org>',
        '<"ann".bob@example.org>',
        "<ann@[127.0.0.1>",
        "<ann@127.0.0.1]>",
        "<ann@[]>",
        "<ann@[127.0.0]>",
        "<ann@[127.0.0.256]>",
        "<ann@[127.0.0.0001]>",
        "<ann@[::1]>",
        "<ann@[IPv6:127.0.0.1]>",
        "<ann@[IPv6:1::2::3]>",
        "<ann@[IPv6:fe80::1%eth0]>",
        "<ann@[tag:whatever]>",
        "<ann@[IPv6]>",
        "<@a.test bob@example.org>",
        "<@:bob@example.org>",
        "<a.test:bob@example.org>",
    ],
)
@pytest.mark.parametrize(("path", "keyword"), [(reverse_path, "FROM"), (forward_path, "TO")])
def test_a_malformed_path_is_refused_with_501(
    path: Callable[[str], ReadPath], keyword: str, text: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        path(f"{keyword}:{text}")
    assert refusal.value.reply.code == 501
    assert refusal.value.reply.enhanced == {"FROM": "5.1.7", "TO": "5.1.3"}[keyword]


@pytest.mark.parametrize(
    ("text", "mailbox", "why"),
    [
        (" <ann@example.org>", "ann@example.org", "no space is allowed after {}: "),
        ("   <ann@example.org>", "ann@example.org", "no space is allowed after {}: "),
        ("ann@example.org", "ann@example.org", "the address must be in angle brackets: {}:"),
        (" ann@[127.0.0.1]", "ann@[127.0.0.1]", "no space is allowed after {}: "),
        ("<ann>", "ann", "the address has no domain: <ann>"),
        ("<pöstmaster>", "pöstmaster", "the address has no domain: "),
        ("<poſtmaster>", "poſtmaster", "the address has no domain: "),
    ],
)
@pytest.mark.parametrize(("path", "keyword"), [(reverse_path, "FROM"), (forward_path, "TO")])
def test_readable_but_wrong_addresses_have_a_defect(
    path: Callable[[str], ReadPath], keyword: str, text: str, mailbox: str, why: str
) -> None:
    found, rest, objection = path(f"{keyword}:{text} SIZE=1")
    assert (found, rest) == (mailbox, " SIZE=1")
    assert present(objection).code == 501
    assert present(objection).text.startswith(why.format(keyword))


@pytest.mark.parametrize(
    "text", ["", "ann@example.org", "FROM", "FROM <a@b>", "FROM :<a@b>", "TO:"]
)
def test_the_keyword_and_its_colon_come_first(text: str) -> None:
    with pytest.raises(Refusal, match=r"501 5\.5\.4 syntax: FROM:<address>"):
        reverse_path(text)


@pytest.mark.parametrize("keyword", ["FROM", "from", "From"])
def test_the_keyword_has_no_case(keyword: str) -> None:
    assert reverse_path(f"{keyword}:<a@b>") == ("a@b", "", None)


@pytest.mark.parametrize("route", ["@a.test:", "@a.test,@b.test:", "@a.test,@b.test,@c.test:"])
def test_a_source_route_is_dropped(route: str) -> None:
    assert forward_path(f"TO:<{route}bob@example.org>") == ("bob@example.org", "", None)
    assert reverse_path(f"FROM:<{route}bob@example.org>") == ("bob@example.org", "", None)


def test_the_null_sender_is_a_reverse_path_only() -> None:
    assert reverse_path("FROM:<>") == ("", "", None)
    with pytest.raises(Refusal):
        forward_path("TO:<>")


@pytest.mark.parametrize("name", ["postmaster", "Postmaster", "POSTMASTER", "pOSTMASTER"])
def test_the_postmaster_needs_no_domain_as_a_recipient(name: str) -> None:
    assert forward_path(f"TO:<{name}>") == (name, "", None)
    assert present(reverse_path(f"FROM:<{name}>").objection).code == 501


def test_addresses_may_be_longer_than_a_server_must_take() -> None:
    # RFC 5321 section 4.5.3.1: "To the maximum extent possible, implementation techniques that
    # impose no limits on the length of these objects should be used."
    mailbox = f"{'a' * 65}@{'.'.join(['b' * 63] * 5)}"
    assert forward_path(f"TO:<{mailbox}>") == (mailbox, "", None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        (" SIZE=1", {"SIZE": "1"}),
        (" size=1 BODY=8BITMIME", {"SIZE": "1", "BODY": "8BITMIME"}),
        ("  SMTPUTF8  ", {"SMTPUTF8": None}),
        (" X-A1=!<>~/+", {"X-A1": "!<>~/+"}),
        (" 8BIT=ü", {"8BIT": "ü"}),
    ],
)
def test_parameters_are_keywords_with_or_without_a_value(
    text: str, found: Mapping[str, str | None]
) -> None:
    assert parameters(text) == found


@pytest.mark.parametrize("word", ["=", "=1", "A=", "A==1", "A=1=2", "A_B=1", "-A=1", "Ä=1", "A!"])
def test_a_malformed_parameter_is_refused_with_501(word: str) -> None:
    with pytest.raises(Refusal, match=r"501 5\.5\.4 malformed parameter"):
        parameters(f" SIZE=1 {word}")


def test_parameters_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        parameters(" SIZE=1")["SIZE"] = "2"  # type: ignore[index]


def test_only_a_space_separates_parameters() -> None:
    assert parameters(" A=1\u00a0B\u2003C") == {"A": "1\u00a0B\u2003C"}


@pytest.mark.parametrize("text", [" A A", " A=1 a=1", " A=1 B=1 A=2"])
def test_the_same_parameter_twice_is_refused_with_501(text: str) -> None:
    with pytest.raises(Refusal, match=r"501 5\.5\.4 parameter given twice: A"):
        parameters(text)


def test_a_reply_repeats_little_of_what_the_client_said_and_in_ascii() -> None:
    with pytest.raises(Refusal) as refusal:
        forward_path("TO:<ü" + "x" * 1000)
    text = refusal.value.reply.text
    assert text.startswith(r"malformed address: <\xc3\xbcxxx")
    assert text.endswith("x[...]")
    assert len(text) < 120

"""Plain addresses are read at once, and mean what they mean when they are read word by word."""

from __future__ import annotations

import random

import pytest

from pytest_smtpserver.mail.addresses import Address, parse

PLAIN = (
    "ann@x.test",
    " ann.b+c@mail-1.x.test\t",
    "<ann@x.test>",
    "Ann <ann@x.test>",
    "Ann B. O'Neil-C <ann@x.test> ",
    '"Ann, @ home." <ann@x.test>',
    '" Ann  B " <ann@x.test>',
    '"" <ann@x.test>',
)
ODD = (
    "", " ", "Ann", "<ann@x.test", "ann@x.test>", "Ann ann@x.test", "Ann <ann@x.test> B",
    "a..b@x.test", ".a@x.test", "a@x.test.", "a @x.test", "a@b@c", "<a@x.test><b@x.test>",
    '"Ann <ann@x.test>', '"Ann" "B" <ann@x.test>', '"a\\"b" <ann@x.test>', '"a" b <ann@x.test>',
    "=?utf-8?q?=C3=BC?= <ann@x.test>", '"=?utf-8?q?=C3=BC?=" <ann@x.test>', "=?a?q?b?=@x.test",
    "J\xfcrgen <ann@x.test>", "ann@b\xfccher.test", "ann@[127.0.0.1]", "<@a.test,@b.test:c@x.test>",
    "Team: ann@x.test", "ann@x.test;", "a" * 65 + "@x.test", "a" * 81 + " <ann@x.test>",
    "a." * 25 + "a@x.test", "Ann (her <ann@x.test>",
)  # fmt: skip


def read_word_by_word(entries: list[str]) -> tuple[Address, ...]:
    """Return the addresses of entries that are not plain, because a comment stands before each."""
    found = parse(",".join(f"(){entry}" for entry in entries)).addresses
    return tuple(
        one._replace(name=one.name.replace("()", ""), spec=one.spec.replace("()", ""))
        for one in found
    )


@pytest.mark.parametrize("entry", [*PLAIN, *ODD])
def test_an_entry_means_the_same_read_at_once_and_word_by_word(entry: str) -> None:
    assert parse(entry).addresses == read_word_by_word([entry])


def test_plain_and_odd_entries_of_a_list_do_not_affect_each_other() -> None:
    chosen = random.Random(1)
    # What is open swallows the entries after it, with their comments.
    closed = [one for one in ODD if one not in ('"Ann <ann@x.test>', "Ann (her <ann@x.test>")]
    entries = [chosen.choice([*PLAIN, *closed]) for _ in range(500)]
    assert parse(",".join(entries)).addresses == read_word_by_word(entries)


def test_a_quote_that_does_not_end_hides_no_address() -> None:
    found = parse('a@x.test, "Ann <b@x.test>, c@x.test').addresses
    assert [one.spec for one in found] == ["a@x.test", "b@x.test", "c@x.test"]


def test_fifty_thousand_plain_addresses_are_found() -> None:
    found = parse(",".join(f"User {number} <{number}@x.test>" for number in range(50_000)))
    assert found.addresses[-1] == Address("User 49999", "49999@x.test")
    assert len(found.addresses) == 50_000
    assert not found.defects

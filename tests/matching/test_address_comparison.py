"""When two addresses are the same."""

import pytest

from pytest_smtpserver.matching import parse_address, same_address
from pytest_smtpserver.matching.mailboxes import unmatched


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("ann@Example.ORG", ("", "ann@example.org")),
        ("<ann@example.org>", ("", "ann@example.org")),
        (" Ann  Smith < ann@example.org > ", ("Ann Smith", "ann@example.org")),
        ('"Smith, Ann" <ann@example.org>', ("Smith, Ann", "ann@example.org")),
        (r'"Ann \"A\" Smith" <ann@example.org>', ('Ann "A" Smith', "ann@example.org")),
        ('"a@b"@Example.org', ("", '"a@b"@example.org')),
        ('"a<b"@example.org', ("", '"a<b"@example.org')),
        ("Postmaster", ("", "Postmaster")),
        ("", ("", "")),
        ("<>", ("", "")),
        ("ann@BÜCHER.example", ("", "ann@xn--bcher-kva.example")),
        ('"ann"@Example.org', ("", "ann@example.org")),
        (r'"a\nn"@example.org', ("", "ann@example.org")),
        ('"ann smith"@example.org', ("", '"ann smith"@example.org')),
        ('"ann."@example.org', ("", '"ann."@example.org')),
        (r'"a\"b"@example.org', ("", r'"a\"b"@example.org')),
        ('""@example.org', ("", '""@example.org')),
        ("ann@-ü-.example", ("", "ann@-ü-.example")),
        ("broken <ann", ("", "broken <ann")),
        ("broken>", ("", "broken>")),
    ],
)
def test_an_address_is_a_display_name_and_an_addr_spec_with_its_domain_lowered(
    text: str, parsed: tuple[str, str]
) -> None:
    assert parse_address(text) == parsed


def test_an_internationalized_domain_is_the_same_as_its_a_labels() -> None:
    assert same_address("a@bücher.example", "a@BÜCHER.example")
    assert same_address("a@bücher.example", "a@XN--bcher-kva.example")
    assert not same_address("a@bucher.example", "a@xn--bcher-kva.example")


def test_a_quoted_local_part_is_the_same_without_its_quotes() -> None:
    assert same_address('"ann"@x.example', "ann@x.example")
    assert same_address("ann@x.example", '"a\\nn"@x.example')
    assert not same_address('"Ann"@x.example', "ann@x.example")


def test_an_address_without_name_leaves_the_named_one_to_whom_it_belongs() -> None:
    actual = ["Ann <a@x.example>", "a@x.example"]
    assert unmatched(["a@x.example", "Ann <a@x.example>"], actual) == ([], [])


def test_missing_and_surplus_addresses_are_shown_as_they_were_given() -> None:
    actual = ["A@X.example", "Bob <b@x.example>"]
    assert unmatched(["a@x.example", "b@x.example"], actual) == (["a@x.example"], ["A@X.example"])

"""Everything that a user can name is in the reference."""

from __future__ import annotations

import collections.abc
import email.message
import os
import pathlib
import re
import ssl
import types
import typing
from typing import TYPE_CHECKING

import pytest

import pytest_smtpserver
from docs._generate import names_in_signatures
from pytest_smtpserver.matching.tables import MESSAGES, SESSIONS, TRANSACTIONS
from pytest_smtpserver.settings import SETTINGS
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from pytest_smtpserver.matching import RecordKind

REFERENCE = "\n".join(page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md"))


def test_every_public_name_is_in_the_reference() -> None:
    regions = re.findall(r"<!-- generated: api (.*?) -->", REFERENCE)
    shown = {name for names in regions for name in names.split()}
    assert set(pytest_smtpserver.__all__) == shown


def test_every_type_of_a_signature_can_be_looked_up() -> None:
    here = set(re.findall(r"^`(\w+)`\n: ", REFERENCE, re.MULTILINE)) | {*pytest_smtpserver.__all__}
    elsewhere = (collections.abc, email.message, os, pathlib, re, ssl, types, typing)
    names = set(names_in_signatures()) - here - {"Attributes", "False", "None", "True"}
    assert [name for name in names if not any(hasattr(module, name) for module in elsewhere)] == []


def test_every_setting_is_in_the_table_that_is_made_of_them() -> None:
    assert (
        "<!-- generated: settings -->" in (ROOT / "docs" / "reference" / "settings.md").read_text()
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_says_in_words_what_it_does(name: str) -> None:
    assert SETTINGS[name].meaning
    assert SETTINGS[name].allowed


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("message", MESSAGES), ("transaction", TRANSACTIONS), ("session", SESSIONS)],
)
def test_every_criterion_is_in_the_reference(heading: str, kind: RecordKind) -> None:
    page = (ROOT / "docs" / "reference" / "criteria.md").read_text()
    section = page.partition(f"## Of a {kind.noun}\n")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    assert [name for cell in firsts for name in re.findall(r"`(\w+)`", cell)] == [*kind.criteria]


def test_every_fixture_is_in_the_reference(pytester: pytest.Pytester) -> None:
    listing = pytester.runpytest_inprocess("--fixtures").stdout.str()
    fixtures = set(re.findall(r"^(smtpserver\w*)", listing, re.MULTILINE))
    page = (ROOT / "docs" / "reference" / "fixtures.md").read_text()
    assert fixtures == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert fixtures == set(re.findall(r"^`(\w+)`\n: ", page, re.MULTILINE))


def test_every_option_and_key_is_in_the_reference(pytester: pytest.Pytester) -> None:
    helped = pytester.runpytest_inprocess("--help").stdout.str()
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    options = set(re.findall(r"--smtpserver-\w+", helped))
    keys = set(re.findall(r"^  smtpserver_(\w+)", helped, re.MULTILINE))
    assert options
    assert [option for option in options if f"`{option}" not in page] == []
    assert [key for key in keys - set(SETTINGS) if f"`smtpserver_{key}`" not in page] == []


@pytest.mark.parametrize("kind", [MESSAGES, TRANSACTIONS, SESSIONS], ids=lambda kind: kind.noun)
def test_help_names_every_criterion(kind: RecordKind) -> None:
    shown = pytest_smtpserver.SMTPServer.__doc__ or ""
    assert [name for name in kind.criteria if f"`{name}`" not in shown] == []

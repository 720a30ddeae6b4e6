"""The pages of the reference that are generated from tables."""

import re

import pytest

from docs import _generate
from docs._generate import ROOT, extensions_page, problems_page, violations_page
from pytest_smtpserver.records import problems
from pytest_smtpserver.records.violations import KINDS
from pytest_smtpserver.settings import EXTENSIONS as OFFERED
from pytest_smtpserver.smtp import EXTENSIONS

DIALOGUES = ROOT / "tests" / "smtp" / "dialogues"


def cells(page: str, first: str) -> list[str]:
    [line] = [line for line in page.splitlines() if line.startswith(f"| `{first}` |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_of_extensions_says_what_the_table_says() -> None:
    page = extensions_page(EXTENSIONS)
    keyword, rfc, offered, mail, rcpt, octets = cells(page, "DSN")
    assert keyword == "`DSN`"
    assert rfc == (
        "[3461](https://www.rfc-editor.org/rfc/rfc3461), "
        "[6533](https://www.rfc-editor.org/rfc/rfc6533)"
    )
    assert offered == "at all times"
    assert mail == "`RET=`, `ENVID=`"
    assert rcpt == "`NOTIFY=`, `ORCPT=`"
    assert octets == "116, 530"


def test_the_page_says_when_an_extension_is_offered() -> None:
    page = extensions_page(EXTENSIONS)
    assert cells(page, "REQUIRETLS")[2:4] == ["on an encrypted connection", "`REQUIRETLS`"]
    assert cells(page, "BINARYMIME")[2] == "at all times, with `CHUNKING`"


@pytest.mark.parametrize("keyword", OFFERED)
def test_a_dialogue_cites_the_standard_of_each_extension(keyword: str) -> None:
    rfcs = "|".join(map(str, EXTENSIONS[keyword].rfcs))
    heads = [path.read_text().partition("---\n")[0] for path in DIALOGUES.glob("*.txt")]
    assert any(re.search(rf"RFC ({rfcs})\b", head) for head in heads)


@pytest.mark.parametrize("code", KINDS)
def test_the_page_of_violations_has_each_kind_with_its_section(code: str) -> None:
    _, sentence, section = cells(violations_page(KINDS), code)
    assert sentence == KINDS[code].sentence
    assert section.startswith(f"[{KINDS[code].rfc}](https://www.rfc-editor.org/rfc/rfc")


@pytest.mark.parametrize("code", problems.KINDS)
def test_the_page_of_problems_has_each_kind_with_its_source(code: str) -> None:
    _, sentence, source = cells(problems_page(problems.KINDS), code)
    kind = problems.KINDS[code]
    assert sentence == kind.sentence
    assert all(one in source for one in kind.source.split(", "))
    assert source == "advice" or "https://www.rfc-editor.org/rfc/rfc" in source


def test_generated_parts_are_current() -> None:
    """`python -m docs._generate` writes it anew."""
    stale = [path.name for path, text in _generate.pages().items() if path.read_text() != text]
    assert stale == []

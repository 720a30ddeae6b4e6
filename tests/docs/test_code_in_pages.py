"""Each block of a page is run, or has a reason why not; docs/conftest.py runs them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs._pages import blocks as blocks_of
from tests.docs.pages import DOCS, PAGES, ROOT, blocks, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from docs._pages import Block

#: Blocks that docs/conftest.py runs, or writes to a file.
RUN = ("python", "console")
#: Blocks that only Sphinx reads: the navigation.
SPHINX = ("{toctree}",)
#: Pages with text that our code does not print: a map of the rooms, the output of other tools.
DRAWINGS = {"docs/explanation/design.md", "docs/explanation/failures.md"}

IN_DOCS = [
    pytest.param(page, block, id=f"{name_of(page)}:{block.line}")
    for page, block in blocks()
    if page.is_relative_to(DOCS)
]


@pytest.mark.parametrize(("page", "block"), IN_DOCS)
def test_every_block_is_run_or_is_nothing_to_run(page: Path, block: Block) -> None:
    if block.info == "text":
        assert block.role or name_of(page) in DRAWINGS
    elif block.info == "diff":
        # A test applies them, and runs the result.
        assert name_of(page) == "docs/explanation/extending.md"
    elif block.info == "yaml":
        # Of programs that do not run here; the first line names the one.
        assert block.text.startswith("# ")
    elif block.info in ("toml", "ini", "gherkin"):
        # A file of the page's project, or a whole one, which the test below reads.
        assert block.file or block.text.startswith("[pytest]")
    else:
        assert block.info in (*RUN, *SPHINX, "sh")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_is_whole_where_it_lies(page: Path) -> None:
    assert "{literalinclude}" not in page.read_text()
    assert "{include}" not in page.read_text()


INI = [block.text for page, block in blocks() if block.info == "ini" and not block.file]


@pytest.mark.parametrize("text", INI)
def test_the_configuration_that_a_page_shows_is_one_that_pytest_takes(
    text: str, pytester: pytest.Pytester
) -> None:
    pytester.makeini(text)
    pytester.makepyfile("def test_it(smtpserver): pass")
    pytester.runpytest_inprocess("--strict-config").assert_outcomes(passed=1)


def test_the_first_example_is_the_one_in_the_readme() -> None:
    readme = ROOT / "README.md"
    [block] = [block for page, block in blocks() if page == readme and block.info == "python"]
    assert block.text.strip() in (ROOT / "examples" / "test_first_mail.py").read_text()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("index", sorted(DOCS.rglob("*/index.md")), ids=name_of)
def test_an_index_links_to_every_page_beside_it(index: Path) -> None:
    pages = {page.name for page in index.parent.glob("*.md")} - {"index.md"}
    assert pages <= set(re.findall(r"\]\((?:\.\./\w+/)?([\w-]+\.md)\)", index.read_text()))


MOVING = (DOCS / "how-to" / "move-from-other-tools.md").read_text()
#: What has no code of its own: what a fixture or a file of the configuration is.
IN_WORDS = ("smtpserver", "smtpserver_...")


@pytest.mark.parametrize("row", re.findall(r"^\| [^|]+ \| ([^|]*`[^|]*) \|$", MOVING, re.MULTILINE))
def test_a_replacement_of_another_tools_block_is_run(row: str) -> None:
    code = "\n".join(block.text for block in blocks_of(MOVING) if block.info == "python")
    for expression in set(re.findall(r"`([^`]+)`", row)).difference(IN_WORDS):
        assert expression in code

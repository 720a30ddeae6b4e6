"""Code that a page shows is code that pytest runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pages import EXAMPLES, PAGES, ROOT, Block, blocks, name_of, sources_that_are_run

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = [block for block in blocks() if block.info in ("python", "py", "pycon")]
INCLUDES = [block for block in blocks() if block.info.startswith("{literalinclude}")]


def included(block: Block) -> Path:
    return (block.page.parent / block.info.partition("}")[2].strip()).resolve()


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_that_a_page_writes_out_is_a_piece_of_a_tested_file(block: Block) -> None:
    assert any(block.text.strip() in source for source in sources_that_are_run())


@pytest.mark.parametrize("block", INCLUDES, ids=str)
def test_what_a_page_includes_is_among_the_examples(block: Block) -> None:
    path = included(block)
    assert path.is_file()
    assert any(path.is_relative_to(root) for root in EXAMPLES)


def test_every_example_is_run() -> None:
    # Of files with another name, pytest runs what a test file imports or a conftest provides.
    helpers = {"conftest.py", "shop.py"}
    for root in EXAMPLES:
        names = {path.name for path in root.rglob("*.py")}
        assert {name for name in names if not name.startswith("test_")} <= helpers


def test_every_example_in_the_documentation_is_on_a_page() -> None:
    shown = {included(block) for block in INCLUDES}
    examples = {path for path in EXAMPLES[1].rglob("*.py") if path.parent == EXAMPLES[1]}
    assert examples <= shown


def test_the_first_example_is_the_one_in_the_readme() -> None:
    [block] = [block for block in PYTHON if block.page == ROOT / "README.md"]
    assert block.text.strip() in (ROOT / "examples" / "test_first_mail.py").read_text()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []

"""The pages of the documentation, and the blocks in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from docs._pages import Block
from docs._pages import blocks as blocks_of

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def blocks() -> tuple[tuple[Path, Block], ...]:
    """Return the blocks of all pages, each with its page."""
    return tuple((page, block) for page in PAGES for block in blocks_of(page.read_text()))

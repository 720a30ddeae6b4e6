"""The pages of the documentation, and the code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
#: Where the code that pages show is run.
EXAMPLES = (ROOT / "examples", ROOT / "docs" / "examples")

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: what stands after the fence, and what is in it."""

    page: Path
    info: str
    text: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}: {self.info} {self.text[:30]!r}"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def blocks() -> tuple[Block, ...]:
    return tuple(
        Block(page, info.strip(), text)
        for page in PAGES
        for info, text in _BLOCK.findall(page.read_text())
    )


@cache
def sources_that_are_run() -> tuple[str, ...]:
    return tuple(path.read_text() for root in EXAMPLES for path in root.rglob("*.py"))

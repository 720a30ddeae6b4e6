"""Write the figures of a run into the page that explains them."""

from __future__ import annotations

from pathlib import Path

_DOCS = Path(__file__).parent.parent / "docs"
PAGE = _DOCS / "explanation" / "performance.md"
PLOT = _DOCS / "pictures" / "growth.svg"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def write(figures: str) -> None:
    """Replace the text between the two marks of the page."""
    before, begin, rest = PAGE.read_text("utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} must have {_BEGIN} and, after it, {_END}")
    PAGE.write_text(f"{before}{begin}\n\n{figures.strip()}\n\n{end}{after}", "utf-8")

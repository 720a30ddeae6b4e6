"""The text of plain HTML, taken from the parsed document as it is written down again.

Most documents hide nothing with styles and keep no white space. Then a few replacements on the
whole text do what a walk over the nodes does, many times as fast: a mail can have a million nodes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborHTMLParser

# What keeps its white space, and what is written down without escapes.
_NOT_PLAIN: Final = "pre, textarea, listing, xmp, plaintext, iframe, noembed, noframes, svg, math"
_REST: Final = r"(?: [^>]*)?>"
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_IMAGE: Final = re.compile(rf"<img{_REST}")
_ALTERNATIVE: Final = re.compile(r' alt="([^"]*)"')
_TAG: Final = re.compile(r"<[^>]*>")
# In this order, or "&amp;lt;" becomes "<".
_ESCAPES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u00a0"), ("&amp;", "&"))


def tags(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the tags, start and end, of elements of these names."""
    return re.compile(rf"</?(?:{'|'.join(sorted(names))}){_REST}")


def text_of(
    tree: LexborHTMLParser, hidden: Iterable[str], blocks: re.Pattern[str], cells: re.Pattern[str]
) -> str | None:
    """Return the text with an end of line around each block, or `None` if it is not plain.

    The elements of the tree that are `hidden` are taken out of it.
    """
    if tree.css_first(_NOT_PLAIN):
        return None
    tree.strip_tags(list(hidden))
    # "<" and ">" in the value of an attribute are written with escapes, too.
    html = (tree.root and tree.root.html) or ""
    if "<!--" in html:
        html = _COMMENT.sub("", html)
    html = blocks.sub("\n", html.replace("\n", " "))
    if "<img" in html:
        html = _IMAGE.sub(_alternative, html)
    text = _TAG.sub("", cells.sub(" ", html))
    for escape, character in _ESCAPES:
        text = text.replace(escape, character)
    return text


def _alternative(image: re.Match[str]) -> str:
    found = _ALTERNATIVE.search(image[0])
    return f" {found[1]} ".replace("&quot;", '"') if found else "  "

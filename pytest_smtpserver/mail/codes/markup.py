"""Numbers that have an element of their own in HTML."""

from __future__ import annotations

import re
from typing import Final

from .reading import tidy

# Elements that set their text apart, or are styled to do so.
_APART: Final = "b, strong, h1, h2, h3, h4, code, pre, td, div, p, span, font, mark, big, center"
# The longest code, with its prefix and spaces.
_LONGEST: Final = 40
# How many elements are looked at; arbitrary: more than any mail has around its code.
_MOST: Final = 5_000
_NUMBER: Final = re.compile(r"(?:[A-Za-z]{1,3}-)?(\d(?:[ -]?\d){3,7})")


def set_apart(html: str) -> frozenset[str]:
    """Return the numbers that an element has for its whole text, digits only."""
    if not html:
        return frozenset()
    from selectolax.lexbor import LexborHTMLParser

    found = set()
    for node in LexborHTMLParser(html).css(_APART)[:_MOST]:
        text = node.text(deep=False)
        if len(text) <= _LONGEST or len(text.strip()) <= _LONGEST:
            match = _NUMBER.fullmatch(tidy(text))
            if match:
                found.add(re.sub(r"\D", "", match[1]))
    return frozenset(found)

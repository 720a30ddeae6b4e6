"""Flattens HTML that is nested deeper than any browser shows it, before it is parsed.

To find out which elements a tag closes, a parser by the HTML standard looks through all open
elements, so its time grows with the square of the depth. Browsers limit the depth too.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

#: So few tags are parsed in a hundredth of a second, however they are nested.
_FEW: Final = 2000
#: Browsers built on Blink and WebKit stop here.
_DEEPEST: Final = 512
# Arbitrary. If formatting elements are not closed, the standard opens them again in each block.
_DEEPEST_FORMATTING: Final = 50

_TAG: Final = re.compile(r"</?[a-zA-Z][^\s/>]*")
_WHOLE_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)[^>]*>?")
#: Elements that never contain others, and elements that the next one of their kind closes.
_FLAT: Final = frozenset(
    (
        "area", "base", "body", "br", "col", "dd", "dt", "embed", "head", "hr", "html", "img",
        "input", "li", "link", "meta", "option", "p", "param", "source", "tbody", "td", "tfoot",
        "th", "thead", "tr", "track", "wbr",
    )
)  # fmt: skip
#: The standard's "formatting" elements.
_FORMATTING: Final = frozenset(
    (
        "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
        "u",
    )
)  # fmt: skip


def flattened(html: str) -> str:
    """Return the HTML without the tags that would nest too deep; their content stays."""
    if html.count("<") <= _FEW or not _is_deep(html):
        return html
    depths, dropped = {True: 0, False: 0}, {True: 0, False: 0}

    def kept(match: re.Match[str]) -> str:
        name = match[2].lower()
        if name in _FLAT:
            return match[0]
        kind = name in _FORMATTING
        if match[1]:
            return _end(match[0], depths, dropped, kind)
        if depths[kind] >= (_DEEPEST_FORMATTING if kind else _DEEPEST):
            dropped[kind] += 1
            return ""
        depths[kind] += 1
        return match[0]

    return _WHOLE_TAG.sub(kept, html)


def _end(tag: str, depths: dict[bool, int], dropped: dict[bool, int], kind: bool) -> str:
    if dropped[kind]:
        dropped[kind] -= 1
        return ""
    depths[kind] = max(0, depths[kind] - 1)
    return tag


def _is_deep(html: str) -> bool:
    tags = _TAG.findall(html)
    return any(
        _may_exceed(tags, steps, deepest) and _exceeds(tags, steps, deepest)
        for steps, deepest in ((_Steps(), _DEEPEST), (_FormattingSteps(), _DEEPEST_FORMATTING))
    )


class _Steps(dict[str, int]):
    """By how much a tag changes the depth; computed once for each different tag."""

    def __missing__(self, tag: str) -> int:
        step = self.step(tag.strip("</").lower()) * (-1 if tag.startswith("</") else 1)
        self[tag] = step
        return step

    def step(self, name: str) -> int:
        return int(name not in _FLAT and name not in _FORMATTING)


class _FormattingSteps(_Steps):
    def step(self, name: str) -> int:
        return int(name in _FORMATTING)


def _may_exceed(tags: list[str], steps: _Steps, deepest: int) -> bool:
    # A quick upper bound, without a line of Python for each of perhaps a million tags. A surplus
    # end tag lowers the minimum here, so the real depth is never more than this.
    depths = list(accumulate(map(steps.__getitem__, tags), initial=0))
    return max(depths) - min(depths) > deepest


def _exceeds(tags: list[str], steps: _Steps, deepest: int) -> bool:
    depth = 0
    for tag in tags:
        depth = max(0, depth + steps[tag])
        if depth > deepest:
            return True
    return False

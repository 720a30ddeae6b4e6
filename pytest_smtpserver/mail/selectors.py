"""Which elements of an HTML mail a CSS selector selects, in time that is linear in the mail's size.

To match `x div div div`, selectolax tries each way to choose three of the elements around an
element. With hundreds of them, that takes hours. So here a selector is cut into steps at its
spaces, and each step is looked for inside of what the step before it has found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborHTMLParser, LexborNode

#: Longer selectors select nothing; arbitrary.
_LONGEST: Final = 500
# States, which apply only at times. The others look at all siblings of an element, at all elements
# inside of it, or, with a space in brackets, at all around it.
_LEFT_OUT: Final = re.compile(
    r":(?:hover|focus|active|visited|checked|target|:)"
    r"|:nth-|:\w+-of-type|~(?!=)|:has\b|\(.* .*\)",
    re.IGNORECASE,
)
_JOINED: Final = re.compile(r"\s*([>+])\s*")
# A space that is not within the value of an attribute.
_SPACE: Final = re.compile(r" (?![^\[]*\])")


def selected(tree: LexborHTMLParser, selector: str) -> list[int]:
    """Return the ids of the selected elements; none if this is not a selector."""
    from selectolax.lexbor import SelectolaxError

    if len(selector) > _LONGEST:
        return []
    steps = _JOINED.sub(r"\1", " ".join(selector.split()))
    if not steps or _LEFT_OUT.search(steps):
        return []
    try:
        return [node.mem_id for node in _found(tree, *_SPACE.split(steps))]
    except SelectolaxError:
        # Not a selector, or one that selectolax does not support.
        return []


def specificity(selector: str) -> tuple[int, int, int]:
    """Return how specific a selector is: the numbers of its ids, its classes, and its types."""
    # Selectors Level 4 section 17: attributes and pseudo-classes count as classes.
    ids = selector.count("#")
    classes = len(re.findall(r"[.\[:]", selector))
    return ids, classes, len(re.findall(r"(?:^|[\s>+~])[a-zA-Z]", selector))


def _found(tree: LexborHTMLParser, first: str, *others: str) -> list[LexborNode]:
    found = tree.css(first)
    for step in others:
        inside = _inside(found)
        found = [node for node in tree.css(step) if _uppermost(node, step) in inside]
    return found


def _inside(nodes: Iterable[LexborNode]) -> set[int]:
    """Return the ids of all elements inside of these."""
    inside: set[int] = set()
    for node in nodes:
        # Outer elements come first, so no element is visited twice.
        if node.mem_id not in inside:
            inside.update(one.mem_id for one in node.css("*"))
            inside.discard(node.mem_id)
    return inside


def _uppermost(node: LexborNode, step: str) -> int:
    """Return the id of the outermost element that a step names: of `a>b` that of `a`."""
    for _ in range(step.count(">")):
        node = node.parent or node
    return node.mem_id

"""Which elements of an HTML mail are hidden, by their attributes and the mail's style sheets.

Only the few properties that mails hide text with are read. They are read with the cascade of CSS:
important declarations win, then inline styles, then the more specific selector, then the later
rule. Rules for certain media or states are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from selectolax.lexbor import LexborHTMLParser

#: The declarations of an element that matter here: property to value.
Style = dict[str, str]

#: How many selectors of a mail's style sheets are applied; arbitrary. Each takes one pass.
_MOST_SELECTORS: Final = 100

_PROPERTIES: Final = frozenset(
    (
        "display", "visibility", "opacity", "font-size", "max-height", "max-width", "height",
        "width", "overflow", "overflow-x", "overflow-y", "mso-hide",
    )
)  # fmt: skip
# Only elements with one of these properties: a mail can have a hundred thousand with others.
_WITH_A_STYLE: Final = ", ".join(("[hidden]", *(f'[style*="{one}" i]' for one in _PROPERTIES)))
_ZERO: Final = re.compile(r"[+-]?0*\.?0+[a-z%]*")
#: Sizes relative to the parent's: if that is zero, these are zero too.
_RELATIVE: Final = re.compile(r"[\d.]+(?:em|ex|%)|larger|smaller|inherit|unset")

# A comment without an end goes on to the end of the sheet (CSS Syntax section 4.3.2).
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_BRACE: Final = re.compile(r"([{}])")
#: States, which apply only at times.
_STATE: Final = re.compile(r":(?:hover|focus|active|visited|checked|target|:)", re.IGNORECASE)
_MEDIA: Final = re.compile(r"(?:only\s+)?(?:all|screen)", re.IGNORECASE)


class _Rule(NamedTuple):
    selector: str
    declared: Mapping[str, tuple[str, bool]]


def read(tree: LexborHTMLParser) -> dict[int, Style]:
    """Return the style of each element with a property that matters here, by the element's id."""
    found: dict[int, dict[str, tuple[tuple[int, ...], str]]] = {}
    for number, rule in enumerate(_rules(tree)):
        weight = _specificity(rule.selector)
        for element in _selected(tree, rule.selector):
            _cascade(found.setdefault(element, {}), rule.declared, (0, *weight, number))
    for node in tree.css(_WITH_A_STYLE):
        attributes = node.attributes
        own = found.setdefault(node.mem_id, {})
        if "hidden" in attributes:
            own.setdefault("display", ((0,), "none"))
        _cascade(own, _declared(attributes.get("style") or ""), (1,))
    return {
        element: {name: value for name, (_, value) in own.items()} for element, own in found.items()
    }


def hides_all(style: Style) -> bool:
    """Return whether an element with this style hides everything in it."""
    get = style.get
    sizes = map(get, ("height", "width", "max-width"))
    is_clipped = get("overflow") == "hidden" and any(map(_is_zero, sizes))
    return (
        get("display") == "none"
        or get("mso-hide") == "all"
        or is_clipped
        or _is_zero(get("opacity"))
        or _is_zero(get("max-height"))
    )


def shows_text(style: Style, *, is_visible: bool, has_size: bool) -> tuple[bool, bool]:
    """Return whether text in an element is visible and has a size, given those of its parent.

    Both are inherited, and elements within may set them again.
    """
    visibility, size = style.get("visibility"), style.get("font-size")
    if visibility in ("visible", "hidden", "collapse"):
        is_visible = visibility == "visible"
    if _is_zero(size):
        has_size = False
    elif size and not _RELATIVE.fullmatch(size):
        has_size = True
    return is_visible, has_size


def _is_zero(value: str | None) -> bool:
    return value is not None and _ZERO.fullmatch(value) is not None


def _cascade(
    own: dict[str, tuple[tuple[int, ...], str]],
    declared: Mapping[str, tuple[str, bool]],
    weight: tuple[int, ...],
) -> None:
    for name, (value, is_important) in declared.items():
        heavy = (int(is_important), *weight)
        if name not in own or own[name][0] <= heavy:
            own[name] = (heavy, value)


def _declared(text: str) -> dict[str, tuple[str, bool]]:
    found = {}
    for declaration in _COMMENT.sub("", text).split(";"):
        name, _, value = declaration.partition(":")
        if (name := name.strip().lower()) in _PROPERTIES:
            value, important, _ = value.lower().partition("!")
            found[name] = (value.strip(), bool(important))
    return found


def _rules(tree: LexborHTMLParser) -> list[_Rule]:
    sheets = [
        node.text() for node in tree.css("style") if _applies(node.attributes.get("media") or "all")
    ]
    rules = [rule for sheet in sheets for rule in _parsed(_COMMENT.sub("", sheet))]
    # If no rule can hide anything, none needs to be applied.
    return rules[:_MOST_SELECTORS] if any(map(_may_hide, rules)) else []


def _may_hide(rule: _Rule) -> bool:
    style = {name: value for name, (value, _) in rule.declared.items()}
    shown = shows_text(style, is_visible=True, has_size=True)
    return hides_all({"overflow": "hidden", **style}) or shown != (True, True)


def _parsed(sheet: str) -> Iterator[_Rule]:
    # The open blocks: the selectors of a rule, or whether the content of an at-rule applies.
    stack: list[str | bool] = []
    left_out = 0
    pieces = _BRACE.split(sheet)
    for text, brace in zip(pieces[::2], pieces[1::2], strict=False):
        prelude = text.rpartition(";")[2].strip()
        if brace == "{":
            stack.append(_at_rule(prelude) if prelude.startswith("@") else prelude)
            left_out += stack[-1] is False
        elif stack:
            selectors = stack.pop()
            left_out -= selectors is False
            if isinstance(selectors, str) and not left_out and (declared := _declared(text)):
                yield from (_Rule(one.strip(), declared) for one in selectors.split(","))


def _at_rule(prelude: str) -> bool:
    name, _, condition = prelude.partition(" ")
    return name.lower() == "@media" and _applies(condition)


def _applies(media: str) -> bool:
    return any(_MEDIA.fullmatch(one.strip()) for one in media.split(","))


def _specificity(selector: str) -> tuple[int, int, int]:
    # Selectors Level 4 section 17: ids; classes, attributes and pseudo-classes; types.
    ids = selector.count("#")
    classes = len(re.findall(r"[.\[:]", selector))
    return ids, classes, len(re.findall(r"(?:^|[\s>+~])[a-zA-Z]", selector))


def _selected(tree: LexborHTMLParser, selector: str) -> list[int]:
    from selectolax.lexbor import SelectolaxError

    if not selector or _STATE.search(selector):
        return []
    try:
        return [node.mem_id for node in tree.css(selector)]
    except SelectolaxError:
        # Not a selector, or one that selectolax does not support.
        return []

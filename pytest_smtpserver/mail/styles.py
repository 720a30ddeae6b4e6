"""Which elements of an HTML mail are hidden, by their attributes and the mail's style sheets.

Only the few properties that mails hide text with are read. They are read with the cascade of CSS:
important declarations win, then inline styles, then the more specific selector, then the later
rule. Rules for certain media or states are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from . import selectors

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser

#: The declarations of an element that matter here: property to value.
Style = dict[str, str]
#: As they were written: property to value, and whether that is important.
_Declared = dict[str, tuple[str, bool]]
#: Property to the heaviest value so far, with its weight.
_Weighed = dict[str, tuple[tuple[int, ...], str]]

#: How many selectors of a mail's style sheets are applied; arbitrary. Each takes a few passes.
_MOST_SELECTORS: Final = 100

_PROPERTIES: Final = frozenset(
    (
        "display", "visibility", "opacity", "font-size", "max-height", "max-width", "height",
        "width", "overflow", "overflow-x", "overflow-y", "mso-hide",
    )
)  # fmt: skip
# Only elements with one of these properties: a mail can have a hundred thousand with others.
_WITH_A_STYLE: Final = ", ".join(f'[style*="{one}" i]' for one in _PROPERTIES)
_OVERFLOW: Final = ("overflow", "overflow-x", "overflow-y")
_ZERO: Final = re.compile(r"[+-]?0*\.?0+[a-z%]*")
#: Sizes relative to the parent's: if that is zero, these are zero too.
_RELATIVE: Final = re.compile(r"[\d.]+(?:em|ex|%)|larger|smaller|inherit|unset")

# A comment without an end goes on to the end of the sheet (CSS Syntax section 4.3.2).
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_BRACE: Final = re.compile(r"([{}])")
_MEDIA: Final = re.compile(r"(?:only\s+)?(?:all|screen)", re.IGNORECASE)


class _Rule(NamedTuple):
    selector: str
    declared: _Declared


def read(tree: LexborHTMLParser) -> dict[int, Style]:
    """Return the style of each element with a property that matters here, by the element's id.

    A property matters if somewhere in the mail it hides something.
    """
    inline = [
        (node.mem_id, _declared(node.attributes.get("style") or ""))
        for node in tree.css(_WITH_A_STYLE)
    ]
    rules = _rules(tree)
    # The weakest of all: it is in the style sheet of the browser itself.
    found: dict[int, _Weighed] = {
        node.mem_id: {"display": ((0,), "none")} for node in tree.css("[hidden]")
    }
    hiding = _hiding([*(own for _, own in inline), *(rule.declared for rule in rules)])
    if found:
        hiding.add("display")
    _apply(rules, hiding, tree, found)
    for element, own in inline:
        _cascade(found.setdefault(element, {}), own, hiding, (1,))
    return {
        element: {name: value for name, (_, value) in weighed.items()}
        for element, weighed in found.items()
    }


def hides_all(style: Style) -> bool:
    """Return whether an element with this style hides everything in it."""
    get = style.get
    sizes = map(get, ("height", "width", "max-width"))
    is_cut = any("hidden" in get(name, "") for name in _OVERFLOW)
    is_clipped = is_cut and any(map(_is_zero, sizes))
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


def _hiding(every: Iterable[_Declared]) -> set[str]:
    """Return the properties that hide something in one of these declarations, and overflow."""
    pairs = {(name, value) for declared in every for name, (value, _) in declared.items()}
    hiding = {name for name, value in pairs if _may_hide(name, value)}
    return hiding.union(_OVERFLOW) if hiding else hiding


def _may_hide(name: str, value: str) -> bool:
    style = {"overflow": "hidden", name: value}
    return hides_all(style) or shows_text(style, is_visible=True, has_size=True) != (True, True)


def _apply(
    rules: Iterable[_Rule],
    hiding: set[str],
    tree: LexborHTMLParser,
    found: dict[int, _Weighed],
) -> None:
    applied = [rule for rule in rules if not hiding.isdisjoint(rule.declared)]
    for number, (selector, declared) in enumerate(applied[:_MOST_SELECTORS]):
        weight = (0, *selectors.specificity(selector), number)
        for element in selectors.selected(tree, selector):
            _cascade(found.setdefault(element, {}), declared, hiding, weight)


def _cascade(
    own: _Weighed, declared: _Declared, names: Container[str], weight: tuple[int, ...]
) -> None:
    for name, (value, is_important) in declared.items():
        heavy = (int(is_important), *weight)
        if name in names and (name not in own or own[name][0] <= heavy):
            own[name] = (heavy, value)


def _declared(text: str) -> _Declared:
    found: _Declared = {}
    for declaration in _COMMENT.sub("", text).split(";"):
        name, _, value = declaration.partition(":")
        if (name := name.strip().lower()) in _PROPERTIES:
            value, important, _ = value.lower().partition("!")
            if important or not found.get(name, ("", False))[1]:
                found[name] = (value.strip(), bool(important))
    return found


def _rules(tree: LexborHTMLParser) -> list[_Rule]:
    sheets = [
        node.text() for node in tree.css("style") if _applies(node.attributes.get("media") or "all")
    ]
    return [rule for sheet in sheets for rule in _parsed(_COMMENT.sub("", sheet))]


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
            closed = stack.pop()
            left_out -= closed is False
            if isinstance(closed, str) and not left_out and (declared := _declared(text)):
                yield from (_Rule(one.strip(), declared) for one in closed.split(","))


def _at_rule(prelude: str) -> bool:
    return prelude[:6].lower() == "@media" and _applies(prelude[6:])


def _applies(media: str) -> bool:
    return any(_MEDIA.fullmatch(one.strip()) for one in media.split(","))

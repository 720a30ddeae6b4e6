"""What a reader sees of an HTML body, and where its links lead."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from . import links, long_html, plain_html, styles
from .nesting import flattened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from .styles import Style

# Elements that the HTML standard's rendering section (15.3.1) hides, elements that browsers replace
# with something else, and elements that are not shown while scripts are enabled.
_INVISIBLE = frozenset(
    (
        "head", "script", "style", "template", "noscript", "title", "datalist", "iframe", "noembed",
        "noframes", "rp",
    )
)  # fmt: skip
_PREFORMATTED = frozenset(("listing", "plaintext", "pre", "textarea", "xmp"))
# Elements that begin and end a line, by the HTML standard's rendering section.
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
        "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li",
        "listing", "main", "menu", "nav", "ol", "optgroup", "option", "p", "plaintext", "pre",
        "search", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "xmp",
    )
)  # fmt: skip
#: SVG 1.1 section 17.1: what it calls the target of a link. `[href]` finds it too.
_IN_SVG: Final = "xlink:href"
_CELLS = frozenset(("td", "th"))
_BLOCK_TAGS: Final = plain_html.tags((*_BLOCKS, "br"))
_CELL_TAGS: Final = plain_html.tags(_CELLS)

#: Invisible characters: soft hyphen, combining grapheme joiner, zero width spaces, byte order mark.
_UNSEEN: Final = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\u2060\ufeff"))
#: How many pieces of text of an anchor are read; arbitrary. Hostile mail nests anchors.
_MOST_PIECES: Final = 200


class Page(NamedTuple):
    """What a reader sees: text with a line for each block, and target and label of each link."""

    text: str
    anchors: tuple[tuple[str, str], ...]


class _Context(NamedTuple):
    """What an element inherits from the elements around it."""

    is_visible: bool = True
    has_size: bool = True
    is_preformatted: bool = False


_HIDDEN: Final = _Context(is_visible=False)


def read(html: str) -> Page:
    """Return what a reader of the HTML sees; never raises."""
    if not html.strip():
        return Page("", ())
    if long_html.is_long(html):
        return _long_page(html)
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(flattened(html))
    if tree.root is None:  # pragma: no cover  # for the types only: every document has one
        return Page("", ())
    found = styles.read(tree)
    anchors = tuple(_anchors(tree, found))
    text = None if any(found.values()) else _plain_text(tree)
    if text is None:
        text = "".join(_pieces(tree.root, found))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return Page(_seen("\n".join(filter(None, lines))), anchors)


def _long_page(html: str) -> Page:
    return Page(_seen(long_html.text_of(html, sorted(_INVISIBLE), _edge)), ())


def long_anchors(html: str) -> tuple[tuple[str, str], ...]:
    """Return target and label of each link in very long HTML; `read` does not look for them."""
    found = long_html.anchors_of(html, _edge)
    return tuple((links.target("", href), _seen(label)) for href, label in found)


def _edge(tag: str) -> str:
    return "\n" if tag in _BLOCKS or tag == "br" else " " if tag in _CELLS else ""


def _plain_text(tree: LexborHTMLParser) -> str | None:
    return plain_html.text_of(tree, _INVISIBLE, _BLOCK_TAGS, _CELL_TAGS)


def _seen(text: str) -> str:
    return text if text.isascii() else text.translate(_UNSEEN)


def _pieces(root: LexborNode, found: dict[int, Style]) -> Iterator[str]:
    # Without recursion, because hostile mail nests elements thousands deep. The stack has nodes to
    # read, strings to yield, and contexts: a context that is popped applies to everything below it.
    # So leaving an element restores the context of its parent.
    stack: list[LexborNode | str | _Context] = [root]
    context = _Context()
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        if isinstance(node, _Context):
            context = node
            continue
        tag = node.tag or ""
        if read := _READ.get(tag):
            yield read(node, _within(node, tag, context, found) or _HIDDEN)
        elif within := _within(node, tag, context, found):
            edge = _edge(tag)
            if within is not context:
                stack.append(context)
            stack.append(edge)
            stack.extend(reversed(list(node.iter(include_text=True))))
            context = within
            yield edge


def _within(
    node: LexborNode, tag: str, context: _Context, found: dict[int, Style]
) -> _Context | None:
    """Return the context within an element; `None` if nothing in it can be seen."""
    if tag in _INVISIBLE:
        return None
    if found and tag != "-text" and (style := found.get(node.mem_id)):
        if styles.hides_all(style):
            return None
        seen = styles.shows_text(style, is_visible=context.is_visible, has_size=context.has_size)
        context = _Context(*seen, context.is_preformatted)
    return context._replace(is_preformatted=True) if tag in _PREFORMATTED else context


def _text(node: LexborNode, context: _Context) -> str:
    if not (context.is_visible and context.has_size):
        return ""
    text = node.text_content or ""
    return text if context.is_preformatted else text.replace("\n", " ")


def _alternative(node: LexborNode, context: _Context) -> str:
    seen = context.is_visible and context.has_size
    return f" {node.attributes.get('alt') or ''} ".replace("\n", " ") if seen else ""


#: Nodes that are read without their children: a text, a line break, a picture.
_READ: Final[Mapping[str, Callable[[LexborNode, _Context], str]]] = {
    "-text": _text,
    "br": lambda _node, _context: "\n",
    "img": _alternative,
}


def _anchors(tree: LexborHTMLParser, found: dict[int, Style]) -> Iterator[tuple[str, str]]:
    base = tree.css_first("base[href]")
    start = links.target("", base.attributes.get("href") or "") if base else ""
    for anchor in tree.css("a[href], area[href]"):
        href = anchor.attributes.get("href") or anchor.attributes.get(_IN_SVG) or ""
        label = " ".join("".join(islice(_pieces(anchor, found), _MOST_PIECES)).split())
        label = _seen(label) or (anchor.attributes.get("alt") or "")
        yield links.target(start, href), label

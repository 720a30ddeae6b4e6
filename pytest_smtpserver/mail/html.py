"""What a reader sees of an HTML body, and the links in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.matching.wording import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from selectolax.lexbor import LexborNode

_INVISIBLE = frozenset(("head", "script", "style", "template", "noscript", "title"))
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none", re.IGNORECASE)
# The elements of the HTML standard's rendering section that begin and end a line.
_BLOCKS = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    )
)
_CELLS = frozenset(("td", "th"))

# What one reads where these stand: a text, a line's end, a picture.
_READ: Mapping[str, Callable[[LexborNode], str]] = {
    "-text": lambda node: (node.text_content or "").replace("\n", " "),
    "br": lambda _: "\n",
    "img": lambda node: f" {node.attributes.get('alt') or ''} ",
}

_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
# Not "_", with which a token may well end.
_PUNCTUATION = ".,;:!?'*\u2019\u201d\u00bb\u2026"


@frozen
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Link:
    """A link: where it leads, absolute where the message says so, and what one reads."""

    url: str
    text: str

    def __repr__(self) -> str:
        return f"<Link {visible(self.url)} {self.text!r}>"


def visible_text(html: str) -> str:
    """Return what a reader sees: a line for each block, white space folded."""
    if not html:
        return ""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    if tree.root is None:
        return ""
    lines = "".join(_pieces(tree.root)).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def links(text: str, html: str) -> tuple[Link, ...]:
    """Return the links of the text and the HTML part, each once, in order of appearance."""
    found = [(url, url) for url in _urls(text)]
    if html:
        found += _anchors(html)
    return tuple(Link(url=url, text=label) for url, label in dict.fromkeys(found))


def _pieces(root: LexborNode) -> Iterator[str]:
    # Without recursion: hostile mail nests elements thousands deep.
    stack: list[LexborNode | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif read := _READ.get(node.tag or ""):
            yield read(node)
        elif not _is_hidden(node):
            edge = "\n" if node.tag in _BLOCKS else " " if node.tag in _CELLS else ""
            stack += [edge, *reversed(list(node.iter(include_text=True))), edge]


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _INVISIBLE:
        return True
    attributes = node.attributes
    return "hidden" in attributes or bool(_NOT_DISPLAYED.search(attributes.get("style") or ""))


def _anchors(html: str) -> Iterator[tuple[str, str]]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    start = (base.attributes.get("href") or "").strip() if base else ""
    for anchor in tree.css("a[href], area[href]"):
        label = " ".join("".join(_pieces(anchor)).split())
        label = label or (anchor.attributes.get("alt") or "")
        yield _absolute(start, (anchor.attributes.get("href") or "").strip()), label


def _absolute(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def _urls(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        url = match[0].rstrip(_PUNCTUATION)
        # A closing bracket belongs to the sentence unless the URL has opened it.
        while url and url[-1] in ")]}" and url.count(url[-1]) > url.count(_OPENING[url[-1]]):
            url = url[:-1].rstrip(_PUNCTUATION)
        yield url


_OPENING = {")": "(", "]": "[", "}": "{"}

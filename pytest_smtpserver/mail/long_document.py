"""Very long HTML as a document that loads nothing from outside, made without a tree.

Without a tree, all one can do is look for words such as `src=`, wherever they are. It removes too
many of them rather than too few, even in plain text. A comment in the document says so.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Replaces an element. If nothing replaced it, the text around it could join into a new element.
_INSTEAD: Final = "<wbr>"
#: Replaces an attribute. It has no quotes, which could end quotes around it.
_NOT_LOADED: Final = "data-not-loaded"
_NOTE: Final = (
    "<!-- The HTML is so long that what would run or be loaded from outside was taken out by its "
    "words, wherever they stood. -->"
)
_WITH_CONTENT: Final = (
    "script", "noscript", "iframe", "frameset", "object", "applet", "portal",
)  # fmt: skip
#: Elements without content; the last three are pictures in SVG.
_ALONE: Final = ("frame", "embed", "link", "meta", "image", "use", "feimage")
_VALUE: Final = r"""\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))?"""
# Escapes in a style, which can spell "url".
_ESCAPE: Final = r"(?:\\|&(?!quot;|amp;|apos;))"
_ESCAPED_STYLE: Final = re.compile(
    rf"""(?<![^\s/"'])style\s*=\s*(?:"[^"\\&]*{_ESCAPE}[^"]*"?|'[^'\\&]*{_ESCAPE}[^']*'?)""",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"[uU][rR][lL]\(([^()<>]*)\)?")
#: Characters that would end a value, or begin something else in it.
_ENDING: Final = re.compile(r"[\s\"'()<>&\\]")
_IMPORT: Final = re.compile(r"@[iI][mM][pP][oO][rR][tT][^;{}<>]*")


def without_loading(markup: str, names: Iterable[str], local: Callable[[str], str]) -> str:
    """Return the HTML without everything that runs or loads something; a note says so if needed.

    `names` are the attributes that load what they name. `local` returns a URL that needs nothing
    from outside, in place of such a value, or `""`.
    """
    lower = markup.lower()
    made = markup
    for name in (*_WITH_CONTENT, *_ALONE):
        if f"<{name}" in lower:
            made = _without_element(made, name)
    for name in names:
        if name in lower:
            made = _without_attribute(made, name, local)
    made = _without_css(made, lower, local)
    return made if made == markup else f"{_NOTE}{made}"


def _without_element(markup: str, name: str) -> str:
    rest = rf"(?s:.*?)(?:</{name}[^>]*>?|\Z)" if name in _WITH_CONTENT else "[^>]*>?"
    return re.sub(rf"<{name}(?=[\s/>]){rest}", _INSTEAD, markup, flags=re.IGNORECASE)


def _without_attribute(markup: str, name: str, local: Callable[[str], str]) -> str:
    def kept(match: re.Match[str]) -> str:
        url = local(match[1] or match[2] or match[3] or "")
        is_safe = url and not _ENDING.search(url)
        quote = "'" if match[2] else '"'
        return f"{name}={quote}{url}{quote}" if is_safe else _NOT_LOADED

    # An attribute follows white space, a slash or another attribute's value. The name comes first
    # in the expression and is then looked at from behind, which is faster.
    either = "".join(f"[{one}{one.upper()}]" for one in name)
    return re.sub(rf"{either}(?<![^\s/\"']{either}){_VALUE}", kept, markup)


def _without_css(markup: str, lower: str, local: Callable[[str], str]) -> str:
    def kept(match: re.Match[str]) -> str:
        url = local(html.unescape(match[1]).strip(" \t\r\n\f\"'"))
        return f"url({url})" if url and not _ENDING.search(url) else "url()"

    if "style" in lower and ("\\" in markup or "&" in markup):
        markup = _ESCAPED_STYLE.sub(_NOT_LOADED, markup)
    if "url(" in lower:
        markup = _URL.sub(kept, markup)
    return _IMPORT.sub("@not-loaded", markup) if "@import" in lower else markup

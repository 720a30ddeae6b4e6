"""The text and the links of very long HTML, read without a tree of its elements.

To parse a million elements takes several seconds. So does one element with very many attributes,
because each is compared with those before it. Here a few replacements on the whole text remove the
tags. Styles are not applied, so hidden text is read too; if there are styles that may hide
something, a defect says so.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from .links import MOST, distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Longer HTML, or HTML with more tags, is read here; arbitrary: far more than ordinary mail has.
_LONG: Final = 4_000_000
_MANY_TAGS: Final = 150_000
#: The same for an element with more attributes than this.
_MANY_ATTRIBUTES: Final = 500
#: How many characters are sampled to find frequent tags, and the share that makes a tag frequent.
_SAMPLE: Final = 50_000
_OFTEN: Final = 0.01

NOT_APPLIED: Final = (
    "the HTML, or a tag in it, is so long that styles are not applied: hidden text is read too"
)
_MAY_HIDE: Final = ("<style", "<STYLE", "display", "visibility", " hidden", "mso-hide", "opacity",
                    "max-height", "font-size")  # fmt: skip

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"</?[a-zA-Z!?][^>]*(?:>|\Z)")
_LINK_TAG: Final = re.compile(r"</?[aA](?:\s[^<>]*)?>")
_ATTRIBUTE: Final = re.compile(r"[\s/][^\s/]")
# Only the first of several spaces can begin it: otherwise each would look through all after it.
_VALUE: Final = re.compile(r"""(?<!\s)\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'][^\s]*+)""")
_ENTITY: Final = re.compile(r"&#?\w{1,31};")
_ALTERNATIVE: Final = re.compile(
    r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
# A tag must not contain "<": if tags did not end, the whole text would be searched for each.
_ANCHOR: Final = re.compile(
    r"""<(?:[aA]|[aA][rR][eE][aA])\s(?:[^<>]*?\s)?[hH][rR][eE][fF]\s*=\s*("[^"]*"|'[^']*'|[^\s>]++)"""
    r"[^<>]*>((?:[^<]++|<(?!/?[aA][\s>]))*+)"
)
# Placeholders for the end of a line, for an ampersand that begins no entity, and for a "<" that
# begins no tag. HTML cannot have them in its text, and `split` does not split at them.
_LINE_END: Final = "\0"
_AMPERSAND: Final = "\1"
_NO_TAG: Final = "\2"
#: Lengths of runs of "<" that are replaced, in this order. In a run, only the last "<" can begin a
#: tag. Once that tag is removed, another "<" might seem to begin one, so they are replaced first.
#: Pairs come twice, because a pair is left of three. Hostile mail has runs of a million, hence the
#: long ones.
_RUNS: Final = (1000, 30, 2, 2)


def is_long(markup: str) -> bool:
    """Return whether HTML, or a tag in it, is too long for a tree of its elements."""
    return (
        len(markup) > _LONG
        or markup.count("<") > _MANY_TAGS
        # An attribute takes two characters at least.
        or any(map(_is_crowded, [one for one in _tags(markup) if len(one) > 2 * _MANY_ATTRIBUTES]))
    )


def _tags(markup: str) -> list[str]:
    """Return the tags, each without its "<" and with what follows it."""
    return (_COMMENT.sub("", markup) if "<!--" in markup else markup).split("<")


def _is_crowded(rest: str) -> bool:
    """Return whether a tag has very many attributes."""
    tag, _, _ = rest.partition(">")
    # A long value has spaces and slashes as well: a style, or the path of a drawing.
    return tag[:1].isalpha() and len(_ATTRIBUTE.findall(_VALUE.sub(" ", tag))) > _MANY_ATTRIBUTES


def may_hide(markup: str) -> bool:
    """Return whether HTML may hide something by styles."""
    return any(one in markup for one in _MAY_HIDE)


def text_of(markup: str, hidden: Iterable[str], edge: Callable[[str], str]) -> str:
    """Return the text with a line for each block and folded white space.

    Elements in `hidden` are left out; `edge` returns what replaces a tag, by its name.
    """
    markup = _without_marks(markup)
    if "<!--" in markup:
        markup = _COMMENT.sub("", markup)
    for name in hidden:
        markup = _without(markup, name)
    read = _Edges(edge)
    for tag in _most_often(_TAG, markup):
        markup = markup.replace(tag, read[tag])
    # Most of a million different tags are links, which leave nothing. So they need no call each.
    markup = _LINK_TAG.sub("", markup) if "<" in markup else markup
    text = _TAG.sub(lambda tag: read[tag[0]], markup) if "<" in markup else markup
    return _folded(_unescaped(text.replace(_NO_TAG, "<")))


def anchors_of(markup: str, edge: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield target, as written, and text of each link; `edge` is the same as for `text_of`."""
    read = _Edges(edge)
    found = (one.groups() for one in _ANCHOR.finditer(markup))
    for href, label in distinct(found, MOST + 1):
        text = _TAG.sub(lambda tag: read[tag[0]], label).replace(_LINE_END, " ")
        yield html.unescape(href.strip("\"'")), " ".join(html.unescape(text).split())


class _Edges(dict[str, str]):
    """What replaces a tag; computed once for each different tag."""

    def __init__(self, edge: Callable[[str], str]) -> None:
        self._edge = edge

    def __missing__(self, tag: str) -> str:
        name = re.split(r"[\s/>]", tag.lstrip("</"), maxsplit=1)[0].lower()
        alternative = _ALTERNATIVE.search(tag) if name == "img" else None
        text = next(filter(None, alternative.groups()), "") if alternative else ""
        found = f" {text} " if name == "img" else self._edge(name).replace("\n", f" {_LINE_END} ")
        if len(self) < _SAMPLE:
            self[tag] = found
        return found


def _without_marks(markup: str) -> str:
    for mark in (_LINE_END, _AMPERSAND, _NO_TAG):
        markup = markup.replace(mark, "")
    for size in _RUNS:
        if "<" * size in markup:
            markup = markup.replace("<" * size, _NO_TAG * (size - 1) + "<")
    return markup


def _without(markup: str, name: str) -> str:
    if f"<{name}" not in markup and f"<{name.upper()}" not in markup:
        return markup
    begin = "".join(f"[{one}{one.upper()}]" for one in name)
    return re.sub(rf"<{begin}(?=[\s/>])(?s:.*?)(?:</{begin}[^>]*>?|\Z)", "", markup)


def _most_often(pattern: re.Pattern[str], markup: str) -> list[str]:
    """Return the most frequent matches in a sample; `str.replace` is many times as fast there."""
    middle = len(markup) // 2
    found = pattern.findall(markup[:_SAMPLE] + markup[middle : middle + _SAMPLE])
    return [one for one, count in Counter(found).most_common(40) if count > len(found) * _OFTEN]


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    # "&amp;lt;" is the text "&lt;". Its ampersand must not make an entity with what follows.
    text = text.replace("&amp;", _AMPERSAND)
    for entity in _most_often(_ENTITY, text):
        text = text.replace(entity, html.unescape(entity))
    if "&" in text:
        text = html.unescape(text)
    return text.replace(_AMPERSAND, "&")


def _folded(text: str) -> str:
    text = " ".join(text.split()).replace(f" {_LINE_END}", _LINE_END)
    text = text.replace(f"{_LINE_END} ", _LINE_END)
    while f"{_LINE_END}{_LINE_END}" in text:
        text = text.replace(_LINE_END * 8, _LINE_END).replace(_LINE_END * 2, _LINE_END)
    return text.strip(_LINE_END).replace(_LINE_END, "\n")

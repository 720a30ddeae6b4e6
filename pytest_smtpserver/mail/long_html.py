"""The text and the links of very long HTML, read without a tree of its elements.

To parse a million elements takes longer than anybody waits for a mail. Here a few replacements on
the whole text take the tags away, as written. Styles are not applied, so what they hide is read
too; what they might hide is a defect.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from .links import MOST, distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Longer HTML, or HTML of more tags, is read here; arbitrary: far more than a person's mail has.
_LONG: Final = 4_000_000
_MANY_TAGS: Final = 150_000
#: How much is looked at to find the tags that are there most often, and how often that is.
_SAMPLE: Final = 50_000
_OFTEN: Final = 0.01

NOT_APPLIED: Final = "the HTML is so long that styles are not applied: what they hide is read too"
_MAY_HIDE: Final = ("<style", "<STYLE", "display", "visibility", " hidden", "mso-hide", "opacity",
                    "max-height", "font-size")  # fmt: skip

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"</?[a-zA-Z!?][^>]*(?:>|\Z)")
_LINK_TAG: Final = re.compile(r"</?[aA](?:\s[^<>]*)?>")
_ENTITY: Final = re.compile(r"&#?\w{1,31};")
_ALTERNATIVE: Final = re.compile(
    r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
# No "<" within a tag: where none ends, the whole text would be looked through for each.
_ANCHOR: Final = re.compile(
    r"""<(?:[aA]|[aA][rR][eE][aA])\s(?:[^<>]*?\s)?[hH][rR][eE][fF]\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)"""
    r"[^<>]*>((?:[^<]++|<(?!/?[aA][\s>]))*+)"
)
# White space does not split these, and HTML has none of them in its text: a line's end, an
# ampersand that is none of an entity, and a "<" that begins no tag.
_LINE_END: Final = "\0"
_AMPERSAND: Final = "\1"
_NO_TAG: Final = "\2"
#: Of a run of "<" the last alone may begin a tag; without the tag after it, any would. Pairs
#: twice: what is left of three is a pair. Hostile mail has a million, hence the longer runs.
_RUNS: Final = (1000, 30, 2, 2)


def is_long(markup: str) -> bool:
    """Return whether HTML is too long for a tree of its elements."""
    return len(markup) > _LONG or markup.count("<") > _MANY_TAGS


def may_hide(markup: str) -> bool:
    """Return whether HTML may hide something by styles."""
    return any(one in markup for one in _MAY_HIDE)


def text_of(markup: str, hidden: Iterable[str], edge: Callable[[str], str]) -> str:
    """Return the text, a line for each block, white space folded.

    The elements that are `hidden` are left out; `edge` says what stands for a tag, by its name.
    """
    markup = _without_marks(markup)
    if "<!--" in markup:
        markup = _COMMENT.sub("", markup)
    for name in hidden:
        markup = _without(markup, name)
    read = _Edges(edge)
    for tag in _most_often(_TAG, markup):
        markup = markup.replace(tag, read[tag])
    # Most of a million different tags are links, which leave nothing: no call for each of them.
    markup = _LINK_TAG.sub("", markup) if "<" in markup else markup
    text = _TAG.sub(lambda tag: read[tag[0]], markup) if "<" in markup else markup
    return _folded(_unescaped(text.replace(_NO_TAG, "<")))


def anchors_of(markup: str, edge: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield where each link leads, as written, and its text; `edge` is that of `text_of`."""
    read = _Edges(edge)
    found = (one.groups() for one in _ANCHOR.finditer(markup))
    for href, label in distinct(found, MOST + 1):
        text = _TAG.sub(lambda tag: read[tag[0]], label).replace(_LINE_END, " ")
        yield html.unescape(href.strip("\"'")), " ".join(html.unescape(text).split())


class _Edges(dict[str, str]):
    """What stands for a tag, found out once for each tag as it is written."""

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
    return re.sub(rf"<{begin}(?=[\s/>])(?s:.*?)(?:</{begin}[^>]*>|\Z)", "", markup)


def _most_often(pattern: re.Pattern[str], markup: str) -> list[str]:
    """Return what a sample has most often: a plain replacement of that is many times as fast."""
    middle = len(markup) // 2
    found = pattern.findall(markup[:_SAMPLE] + markup[middle : middle + _SAMPLE])
    return [one for one, count in Counter(found).most_common(40) if count > len(found) * _OFTEN]


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    # What stands for an ampersand must not make an entity with what follows it.
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

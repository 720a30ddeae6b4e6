"""The links in a text, each ending where a reader would say it ends, and those in HTML."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urljoin

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.matching.wording import shortened, visible
from pytest_smtpserver.suggesting import suggesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

#: How many links of each body are read; arbitrary: more than any mail has. A million would take ten
#: seconds.
MOST: Final = 20_000
TOO_MANY: Final = f"there are more than {MOST:,} links: the others are not read"

# No URL has white space.
_CHUNK: Final = re.compile(r"https?://\S*+", re.IGNORECASE)
_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
# RFC 3986 section 2: the characters of US-ASCII that a URL may have.
_ASCII: Final = re.compile(r"[!#-;=?-\[\]_a-z~]*+", re.IGNORECASE)
# RFC 3986 appendix C: within angle brackets, a URL may be broken into lines; the white space
# "should be ignored".
_IN_ANGLES: Final = re.compile(r"<(?:URL:)?(https?://[^<>\"\n]*+\n[^<>\"]*+)>", re.IGNORECASE)
_LINE_END: Final = re.compile(r"[ \t]*+\n[ \t]*+")
# Not "_": a token in a URL may well end with it.
_PUNCTUATION: Final = ".,;:!?'*"
_OPENING: Final = {")": "(", "]": "["}

#: C0 controls, the space, and the no-break space.
_AROUND: Final = "".join(map(chr, range(0x21))) + "\xa0"

#: The general categories of letters, marks and numbers in the Unicode Standard.
_IN_WORDS: Final = ("L", "M", "N")
#: The Catalan middle dot, which is used within words.
_MIDDLE_DOT: Final = "\u00b7"
# Scripts without spaces, where a URL in ASCII ends and the text goes on at once: Thai to Lao; kana,
# Bopomofo and Hangul; Han; Hangul syllables; Han beyond the basic plane.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u3005-\u3007\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


@suggesting
@frozen(kw_only=True, eq=False)
class Link:
    """A link: its URL, resolved against a `<base>` in the HTML, and its visible text."""

    url: str
    text: str

    def __repr__(self) -> str:
        return f"<Link {shortened(visible(self.url))} {shortened(repr(self.text))}>"


def together(text: str, anchors: Iterable[tuple[str, str]]) -> tuple[tuple[Link, ...], bool]:
    """Return the links of a text, then those of HTML, and whether there are too many.

    `anchors` are target and label of each link in the HTML. Each link counts once; if it is in
    both bodies, that of the HTML is kept, because it has a label. `MOST` are read in each body.
    """
    found, written = distinct(anchors, MOST + 1), distinct(urls(text), MOST + 1)
    is_cut = max(len(found), len(written)) > MOST
    found, written = found[:MOST], written[:MOST]
    labelled = {_comparable(url) for url, _ in found}
    plain = [(url, url) for url in written if _comparable(url) not in labelled]
    return tuple(Link(url=url, text=label) for url, label in [*plain, *found]), is_cut


def may_be_too_many(text: str, html: str) -> bool:
    """Return whether there may be more links than are read; a quick and rough check."""
    return html.count("=") > MOST or text.count("://") > MOST


def distinct(values: Iterable[T], most: int) -> list[T]:
    """Return the first `most` different values; the rest is not looked at."""
    found: dict[T, None] = {}
    values = iter(values)
    # In lots, so that no line of Python runs for each value.
    while len(found) < most and (lot := list(islice(values, most))):
        found.update(dict.fromkeys(lot))
    return list(found)[:most]


def urls(text: str) -> Iterator[str]:
    """Yield the URLs in a text, in order."""
    if "://" not in text:
        return
    joined = _IN_ANGLES.sub(_joined, text) if "<" in text else text
    for chunk in distinct((one[0] for one in _CHUNK.finditer(joined)), MOST + 1):
        yield from _within(chunk)


def _within(joined: str) -> Iterator[str]:
    position = 0
    while scheme := _SCHEME.search(joined, position):
        position = _end(joined, scheme.end())
        url = _trimmed(joined[scheme.start() : position])
        # Perhaps only the scheme is left.
        if len(url) > len(scheme[0]):
            yield url


def target(base: str, href: str) -> str:
    """Return the URL that an `href` leads to, as far as it can be known.

    The URL standard (https://url.spec.whatwg.org/) ignores white space around it, and tabs and line
    ends within it.
    """
    url = re.sub(r"[\t\r\n]", "", href).strip(_AROUND)
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def _joined(match: re.Match[str]) -> str:
    url = match[1]
    joined = _LINE_END.sub("", url)
    is_one = "://" not in joined[len("https://") :] and not re.search(r"\s", joined.strip())
    return f"<{joined}>" if is_one else match[0]


def _end(text: str, start: int) -> int:
    """Return where a URL ends whose scheme ends at `start`."""
    from unicodedata import category

    end = start
    while (match := _ASCII.match(text, end)) and (end := match.end()) < len(text):
        character = text[end]
        if character.isascii():
            break
        if category(character)[0] not in _IN_WORDS and character != _MIDDLE_DOT:
            break
        # In Japanese text, `https://example.org/a` ends where the Japanese begins, but after
        # `https://example.org/` a Japanese path may follow.
        is_first = match.start() == start
        if is_first and text[end - 1].isalnum() and _UNSPACED.match(character):
            break
        end += 1
    return end


def _trimmed(url: str) -> str:
    """Return a URL without the punctuation of the sentence that ends with it."""
    surplus = {closing: url.count(closing) - url.count(_OPENING[closing]) for closing in _OPENING}
    end = len(url)
    while end and (url[end - 1] in _PUNCTUATION or surplus.get(url[end - 1], 0) > 0):
        # A closing bracket belongs to the sentence unless its opening bracket is in the URL.
        if url[end - 1] in surplus:
            surplus[url[end - 1]] -= 1
        end -= 1
    return url[:end]


def _comparable(url: str) -> str:
    # RFC 3986 sections 6.2.2.1 and 6.2.3: scheme and host are case-insensitive, and an empty path
    # equals "/".
    match = re.match(r"([^:/?#]+://[^/?#]*)(/?)(.*)", url, re.DOTALL)
    return f"{match[1].lower()}/{match[3]}" if match else url

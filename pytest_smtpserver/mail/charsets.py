"""Charsets, by the labels of the WHATWG encoding standard (https://encoding.spec.whatwg.org/).

Some senders write `gb2312` and send characters of GBK. So the standard maps each label to the
encoding that decodes such mail too. Characters outside the label's own charset are still reported
as a defect.
"""

from __future__ import annotations

import codecs
import re

# By name: a test may replace `codecs.lookup`, and `_find` keeps what it has found.
from codecs import lookup
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from . import indexes

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Python's codec for an encoding of the standard, if its name differs, or if it is a superset.
_CODECS: Final[Mapping[str, str]] = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso8859_8",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
}
#: The standard refuses to decode these, because scripts can hide in them. Here only text is made.
_GIVEN_UP: Final = frozenset(("hz-gb-2312", "iso-2022-kr", "replacement", "x-user-defined"))
#: Python's text codecs that are not charsets.
_NOT_CHARSETS: Final = frozenset(
    ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "mbcs", "oem")
)
#: Codecs of Unicode whose text may begin with a byte order mark.
_UNICODE: Final = frozenset(("utf-8", "utf-16-le", "utf-16-be"))
_MARKS: Final[Mapping[bytes, str]] = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

# In ISO 8859-1 and -9 these octets are control characters, which no text needs.
_CONTROLS: Final = re.compile(rb"[\x80-\x9f]")
_LATIN: Final = frozenset(("iso8859-1", "iso8859-9"))

_LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class Decoded(NamedTuple):
    """A text, and a complaint such as "that is not in its charset", to follow the word "text"."""

    text: str
    complaint: str = ""


class _Charset(NamedTuple):
    """The codec to read a label with, and the label's own, which may have fewer characters."""

    read_as: str
    own: str


def decode(octets: bytes, label: str | None) -> Decoded:
    """Return the text of octets in a charset; never raises.

    Octets that are not in the charset become U+FFFD. Without a label, and if the label is unknown,
    the octets are read as UTF-8.
    """
    charset = _find(label or "utf-8")
    if charset is None:
        text = octets.decode("utf-8", "replace")
        return Decoded(text, f"in the unknown charset {label!r}")
    declared = charset
    if charset.read_as in _UNICODE:
        octets, charset = _without_mark(octets, charset)
    text, is_whole = _read(octets, charset.read_as)
    # UTF-16 may have its octets in either order, but UTF-8 has no mark of UTF-16, nor the reverse.
    is_declared = (charset.read_as == "utf-8") is (declared.read_as == "utf-8")
    if not (is_declared and is_whole and _has_all(octets, charset)):
        name = repr(label) if label else "'utf-8', the default if none is declared"
        return Decoded(text, f"that is not in its charset {name}")
    return Decoded(text)


def is_known(label: str) -> bool:
    """Return whether the label is known."""
    return _find(label) is not None


@lru_cache(maxsize=256)
def _find(label: str) -> _Charset | None:
    from webencodings.labels import LABELS

    label = label.strip("\t\n\f\r \"'").lower()
    name = LABELS.get(label, "")
    own = _codec(label)
    if not name or name in _GIVEN_UP:
        return _Charset(own, own) if own else None
    read_as = _codec(_CODECS.get(name, name))
    return _Charset(read_as, own or read_as)


def _codec(label: str) -> str:
    """Return the name of Python's codec for a label; `""` if it has none that is a charset."""
    try:
        found = lookup(label)
    except (LookupError, ValueError, Warning):
        # With -W error, a warning is raised.
        return ""
    is_charset = found._is_text_encoding and found.name not in _NOT_CHARSETS
    return found.name if is_charset else ""


def _without_mark(octets: bytes, charset: _Charset) -> tuple[bytes, _Charset]:
    # The standard's "decode": a byte order mark wins over the label.
    for mark, name in _MARKS.items():
        if octets.startswith(mark):
            return octets[len(mark) :], _Charset(name, name)
    return octets, charset


def _read(octets: bytes, codec: str) -> tuple[str, bool]:
    text, is_whole = indexes.decode(octets, codec)
    if codec == "utf-7" and _LONE_SURROGATES.search(text):
        return _LONE_SURROGATES.sub("\ufffd", text), False
    return text, is_whole


def _has_all(octets: bytes, charset: _Charset) -> bool:
    """Return whether all octets are in the label's own charset, and not only in the superset."""
    if charset.own in _LATIN:
        return charset.read_as == charset.own or not _CONTROLS.search(octets)
    if charset.own == charset.read_as or octets.isascii():
        return True
    try:
        octets.decode(charset.own)
    except UnicodeError:
        return False
    return True

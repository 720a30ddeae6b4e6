"""Decodes by the indexes of the WHATWG encoding standard where Python's codecs differ from them.

The standard's EUC-JP and ISO-2022-JP include the characters of NEC and IBM, its GBK has the euro
sign in one octet, and it maps a few Japanese and Chinese signs to other characters than Python.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: If more octets than these are wrong, they are not looked at one by one; arbitrary.
_MOST: Final = 100_000
_UNKNOWN: Final = "\ufffd"

_JAPANESE: Final = {0x301C: 0xFF5E, 0x2016: 0x2225, 0x2212: 0xFF0D, 0xA2: 0xFFE0, 0xA3: 0xFFE1,
                    0xAC: 0xFFE2}  # fmt: skip
#: For each codec of Python: its characters that are others in the standard; U+FFFD: none there.
_CHARACTERS: Final[Mapping[str, Mapping[int, int]]] = {
    "euc_jp": _JAPANESE,
    "iso2022_jp_ext": _JAPANESE,
    "cp932": dict.fromkeys(range(0xF8F0, 0xF8F4), 0xFFFD),
    "big5hkscs": {0x2022: 0x2027, 0xFF64: 0xFE51, 0x203E: 0xAF, 0x223C: 0xFF5E, 0x2641: 0x2295,
                  0x2609: 0x2299, 0xA5: 0xFFE5, 0xA2: 0xFFE0, 0xA3: 0xFFE1},
}  # fmt: skip
_FOUND: Final = {
    codec: re.compile(f"[{''.join(map(chr, characters))}]")
    for codec, characters in _CHARACTERS.items()
}

# The character sets that ISO-2022-JP switches between (RFC 1468): two octets for a character, and
# katakana.
_TWO_OCTETS: Final = re.compile(rb"\x1b\$[@B]([^\x1b]*)")
_KATAKANA: Final = re.compile(rb"\x1b\(I([^\x1b]*)")
_OTHER_SETS: Final = re.compile(rb"\x1b\([BJ]")
_HIGH: Final = bytes(octet | 0x80 if 0x21 <= octet <= 0x7E else octet for octet in range(256))
_WRONG_BEYOND_ASCII: Final = bytes(range(0x80)) + b"\xff" * 0x80


class Text(NamedTuple):
    """A text, and whether all octets are characters of the charset."""

    text: str
    is_whole: bool


def decode(octets: bytes, codec: str) -> Text:
    """Return the text of octets; octets that are not in the charset become U+FFFD."""
    try:
        text, is_whole = octets.decode(codec), True
    except UnicodeError:
        text = _leniently(octets, codec)
        is_whole = _UNKNOWN not in text
    if codec in _FOUND and _FOUND[codec].search(text):
        text = text.translate(_CHARACTERS[codec])
        is_whole = is_whole and _UNKNOWN not in text
    return Text(text, is_whole)


def _leniently(octets: bytes, codec: str) -> str:
    text = octets.decode(codec, "replace")
    if codec not in _HANDLERS or text.count(_UNKNOWN) > _MOST:
        return text
    if codec == "iso2022_jp_ext":
        octets, codec = _as_euc(octets), "euc_jp"
    return octets.decode(codec, _HANDLERS[codec])


def _as_euc(octets: bytes) -> bytes:
    """Return ISO-2022-JP as EUC-JP, which needs no switches."""
    # An octet beyond ASCII is wrong in ISO-2022-JP. It becomes 0xff, which is wrong in EUC-JP.
    octets = octets.translate(_WRONG_BEYOND_ASCII)
    octets = _TWO_OCTETS.sub(lambda match: match[1].translate(_HIGH), octets)
    octets = _KATAKANA.sub(_katakana, octets)
    return _OTHER_SETS.sub(b"", octets)


def _katakana(match: re.Match[bytes]) -> bytes:
    return re.sub(rb"([\xa1-\xdf])", b"\x8e\\1", match[1].translate(_HIGH))


def _of_nec_and_ibm(error: UnicodeError) -> tuple[str, int]:
    """Decode two octets of JIS X 0208 by code page 932, which has the same rows, shifted."""
    assert isinstance(error, UnicodeDecodeError)
    row, cell = (*error.object[error.start : error.start + 2], 0, 0)[:2]
    if min(row, cell) < 0xA1 or max(row, cell) > 0xFE:
        return _UNKNOWN, error.start + 1
    text = _shifted(row - 0xA1, cell - 0x80).decode("cp932", "replace")
    return text[:1], error.start + 2


def _shifted(row: int, cell: int) -> bytes:
    # Two rows of 94 characters share a first octet, and the second octet is never 0x7f.
    first = 0x81 + row // 2 + (0x40 if row >= 62 else 0)
    second = cell + 0x7E if row % 2 else cell + 0x1F + (cell >= 0x60)
    return bytes((first & 0xFF, second & 0xFF))


def _of_gbk(error: UnicodeError) -> tuple[str, int]:
    # The standard's gb18030 decoder: "If byte is 0x80, return code point U+20AC."
    assert isinstance(error, UnicodeDecodeError)
    is_euro = error.object[error.start] == 0x80
    return ("\u20ac", error.start + 1) if is_euro else (_UNKNOWN, error.end)


#: For each codec: the name of its error handler.
_HANDLERS: Final = {
    "euc_jp": "pytest_smtpserver.japanese",
    "iso2022_jp_ext": "pytest_smtpserver.japanese",
    "gb18030": "pytest_smtpserver.chinese",
}
codecs.register_error("pytest_smtpserver.japanese", _of_nec_and_ibm)
codecs.register_error("pytest_smtpserver.chinese", _of_gbk)

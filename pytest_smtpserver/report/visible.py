"""Makes control characters in strangers' text visible, so that nothing can hide in it.

A browser drops some of them; others turn the direction of the text around them.
"""

from __future__ import annotations

import re
from typing import Final

# C0 without tab and line ends, DEL and C1; lone surrogates stand for octets that are no text.
_CONTROLS: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# Unicode Standard Annex 9, section 2: the characters that turn the direction of text.
_DIRECTIONS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IN_TEXT: Final = re.compile(f"[{_CONTROLS}]")
_IN_LINE: Final = re.compile(f"[{_CONTROLS}{_DIRECTIONS}\\t\\r\\n\u2028\u2029]")


def in_text(text: str) -> str:
    """Return a text of several lines with its control characters written out."""
    return _IN_TEXT.sub(_written_out, text.replace("\r\n", "\n").replace("\r", "\n"))


def in_line(text: str) -> str:
    """Return a value on one line, with control characters and marks of direction written out."""
    return _IN_LINE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    # PEP 383: an octet that could not be decoded.
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return match[0].encode("unicode_escape").decode()

"""What strangers wrote, made harmless: text in which nothing hides, names that lead nowhere else.

A browser drops some control characters; others turn the direction of the text around them.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

# C0 without tab and line ends, DEL and C1; lone surrogates stand for octets that are no text.
_CONTROLS: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# Unicode Standard Annex 9, section 2: the characters that turn the direction of text.
_DIRECTIONS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IN_TEXT: Final = re.compile(f"[{_CONTROLS}]")
_IN_LINE: Final = re.compile(f"[{_CONTROLS}{_DIRECTIONS}\\t\\r\\n\u2028\u2029]")
# Letters, digits and a few more are safe on every file system.
_UNSAFE: Final = re.compile(r"[^\w.-]+")
# Test ids of which nothing is lost when they become a name.
_PLAIN_ID: Final = re.compile(r"[\w./]+(?:::\w+)+")
# Octets of a name; file systems take 255, and a number and an ending come to it.
_LONGEST_NAME: Final = 120
# Names of devices on Windows, whatever comes after the dot.
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


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


def name(text: str, otherwise: str) -> str:
    """Return a name without separators that begins with no dot; `otherwise` if nothing is left."""
    made = _cut(_UNSAFE.sub("-", text).strip("-."))
    return f"_{made}" if _DEVICES.match(made) else made or otherwise


def folder_name(test: str) -> str:
    """Return the name of a test's folder; another test has another."""
    made = name(test.replace("::", "--").replace("/", "-"), "test")
    if _PLAIN_ID.fullmatch(test) and len(test) < _LONGEST_NAME:
        return made
    digest = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{made}-{digest[:8]}"


def _cut(name: str) -> str:
    octets = name.encode("utf-8", "replace")[:_LONGEST_NAME]
    return octets.decode("utf-8", "ignore").rstrip("-.")

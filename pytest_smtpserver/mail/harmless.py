"""Makes text and names from a mail harmless: nothing hides, and no name leads to another folder.

A browser drops some control characters, and others turn the direction of the text around them. So
a subject could show one thing and contain another.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching.wording import escaped

if TYPE_CHECKING:
    from pathlib import Path

# C0 without tab and line ends, DEL and C1; lone surrogates are octets that could not be decoded.
_CONTROLS: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# Unicode Standard Annex 9, section 2: the characters that turn the direction of text.
_DIRECTIONS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IN_TEXT: Final = re.compile(f"[{_CONTROLS}]")
_IN_LINE: Final = re.compile(f"[{_CONTROLS}{_DIRECTIONS}\\t\\r\\n\u2028\u2029]")
# Letters, digits and a few more are safe on every file system.
_UNSAFE: Final = re.compile(r"[^\w.-]+")
# Test ids that lose nothing when they become a name.
_PLAIN_ID: Final = re.compile(r"[\w./]+(?:::\w+)+")
# Octets of a name. File systems allow 255; a number and an ending are added.
_LONGEST_NAME: Final = 120
# Names of devices on Windows, with or without an ending.
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def in_text(text: str) -> str:
    """Return a text of several lines with its control characters written out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _IN_TEXT.sub(lambda match: escaped(match[0]), lines)


def in_line(text: str) -> str:
    """Return a value on one line, with control characters and marks of direction written out."""
    return _IN_LINE.sub(lambda match: escaped(match[0]), text)


def name(text: str, otherwise: str) -> str:
    """Return a file name without separators and without a dot at its start.

    If nothing is left of the text, return `otherwise`.
    """
    made = _cut(_UNSAFE.sub("-", text).strip("-."))
    return f"_{made}" if _DEVICES.match(made) else made or otherwise


def free_path(directory: Path, stem: str, ending: str) -> Path:
    """Return the path of a file that does not exist yet, with a number if the name is taken."""
    number = 1
    while (path := directory / f"{stem}{f'-{number}' if number > 1 else ''}{ending}").exists():
        number += 1
    return path


def folder_name(test: str) -> str:
    """Return the name of a test's folder; no two tests have the same."""
    made = name(test.replace("::", "--").replace("/", "-"), "test")
    if _PLAIN_ID.fullmatch(test) and len(test) < _LONGEST_NAME:
        return made
    digest = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{made}-{digest[:8]}"


def _cut(name: str) -> str:
    octets = name.encode("utf-8", "replace")[:_LONGEST_NAME]
    return octets.decode("utf-8", "ignore").rstrip("-.")

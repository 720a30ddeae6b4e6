"""Names for files and folders, made of what strangers wrote, that lead nowhere else."""

from __future__ import annotations

import hashlib
import re
from typing import Final

# Letters, digits and a few more are safe on every file system.
_UNSAFE: Final = re.compile(r"[^\w.-]+")
# Test ids of which nothing is lost when they become a name.
_PLAIN_ID: Final = re.compile(r"[\w./]+(?:::\w+)+")
# Octets; file systems take 255, and a number and an ending come to it.
_LONGEST: Final = 120
# Names of devices on Windows, whatever comes after the dot.
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def safe(text: str, otherwise: str) -> str:
    """Return a name without separators that begins with no dot; `otherwise` if nothing is left."""
    name = _cut(_UNSAFE.sub("-", text).strip("-."))
    return f"_{name}" if _DEVICES.match(name) else name or otherwise


def of_test(test: str) -> str:
    """Return the name of a test's folder; another test has another."""
    name = safe(test.replace("::", "--").replace("/", "-"), "test")
    if _PLAIN_ID.fullmatch(test) and len(test) < _LONGEST:
        return name
    digest = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name}-{digest[:8]}"


def _cut(name: str) -> str:
    octets = name.encode("utf-8", "replace")[:_LONGEST]
    return octets.decode("utf-8", "ignore").rstrip("-.")

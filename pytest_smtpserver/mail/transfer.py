"""Transfer encodings (RFC 2045 section 6): octets as they were before they were sent.

Malformed input is decoded as far as possible, and reported. All is linear in the size, and fast for
valid input: megabytes are decoded for every attachment that a test looks at.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Section 6.8: "All line breaks or other characters not found in Table 1 must be ignored by
# decoding software."
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]+")
_SPACE: Final = b" \t\r\n"

_ESCAPE: Final = re.compile(rb"=(?:([0-9A-Fa-f]{2})|[ \t]*+(?:\r?\n|\Z))")
# Section 6.7 (3): white space at a line's end "must be deleted, as it will necessarily have been
# added by intermediate transport agents". Looked for only where a run begins, or it takes long.
_SPACE_AT_END: Final = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")

_WRONG_BASE64: Final = "base64 text has characters that are not in its alphabet"
_CUT_BASE64: Final = "base64 text is not complete: its length or padding is wrong"
_AFTER_BASE64: Final = "base64 text goes on after its padding"
_WRONG_QUOTED: Final = "quoted-printable text has an equals sign that introduces nothing"


class Octets(NamedTuple):
    """What was encoded, and a sentence that says what is wrong with it, or `""`."""

    octets: bytes
    complaint: str = ""


def decode(octets: bytes, encoding: str) -> Octets:
    """Return what was encoded; never raises."""
    if decoder := _DECODERS.get(encoding):
        return decoder(octets)
    # Section 6.3: private encodings begin with "x-".
    if encoding in _IDENTITIES or encoding.startswith("x-"):
        return Octets(octets)
    return Octets(octets, f"unknown transfer encoding {encoding!r}")


def _base64(octets: bytes) -> Octets:
    text = octets.translate(None, _SPACE)
    try:
        return Octets(binascii.a2b_base64(text, strict_mode=True))
    except binascii.Error:
        return _wrong_base64(text)


def _wrong_base64(text: bytes) -> Octets:
    complaint = _CUT_BASE64
    end = _end_of_padding(text)
    if rest := text[end:]:
        complaint = _AFTER_BASE64
        # Some senders encode piece by piece; but text that a mailing list appended is not base64.
        if _NOT_BASE64.search(rest):
            text = text[:end]
    cleaned = _NOT_BASE64.sub(b"", text)
    if cleaned != text:
        complaint = _WRONG_BASE64
    return Octets(b"".join(map(_quads, re.split(b"=+", cleaned))), complaint)


def _end_of_padding(text: bytes) -> int:
    padding = re.search(b"=+", text)
    return padding.end() if padding else len(text)


def _quads(text: bytes) -> bytes:
    # Four characters are three octets; one that is left over is not even one.
    whole = text[: len(text) - 1] if len(text) % 4 == 1 else text
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _quoted_printable(octets: bytes) -> Octets:
    if _has_space_at_end(octets):
        octets = _SPACE_AT_END.sub(b"", octets)
    decoded = binascii.a2b_qp(octets)
    if _is_sound(octets, decoded):
        return Octets(decoded)
    return Octets(_ESCAPE.sub(_escaped, octets), _WRONG_QUOTED)


def _has_space_at_end(octets: bytes) -> bool:
    ends = (b" \r\n", b"\t\r\n", b" \n", b"\t\n")
    return octets[-1:] in (b" ", b"\t") or any(end in octets for end in ends)


def _is_sound(octets: bytes, decoded: bytes) -> bool:
    # Counted, because it is ten times as fast as looking at each: an equals sign that introduces
    # nothing stays one.
    kept = octets.count(b"=3D") + octets.count(b"=3d")
    lone_cr = octets.count(b"=\r") - octets.count(b"=\r\n")
    return decoded.count(b"=") == kept and b"==" not in octets and not lone_cr


def _escaped(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),)) if match[1] else b""


def _uuencoded(octets: bytes) -> Octets:
    decoded = []
    for line in octets.split(b"\n"):
        if line.startswith((b"begin ", b"end", b"`")) or not line.strip():
            continue
        try:
            decoded.append(binascii.a2b_uu(line.rstrip(b"\r")))
        except binascii.Error:
            return Octets(octets, "uuencoded text has a line that is none")
    return Octets(b"".join(decoded))


# Section 6.1: "7bit" is assumed where there is no such field.
_IDENTITIES: Final = frozenset(("", "7bit", "8bit", "binary"))
_DECODERS: Final[Mapping[str, Callable[[bytes], Octets]]] = {
    "base64": _base64,
    "quoted-printable": _quoted_printable,
    "x-uuencode": _uuencoded,
    "x-uue": _uuencoded,
    "uuencode": _uuencoded,
}

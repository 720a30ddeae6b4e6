"""Decodes transfer encodings (RFC 2045 section 6).

Malformed input is decoded as far as possible, and reported. The time is linear in the size, and
short for valid input, because an attachment may have megabytes.
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
# added by intermediate transport agents". The expression matches only where a run begins; otherwise
# its time would grow with the square of the run's length.
_SPACE_AT_END: Final = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")

_WRONG_BASE64: Final = "base64 text has characters that are not in its alphabet"
_CUT_BASE64: Final = "base64 text is not complete: its length or padding is wrong"
_AFTER_BASE64: Final = "base64 text goes on after its padding"
_WRONG_QUOTED: Final = "quoted-printable text has an equals sign that begins no escape"


class Octets(NamedTuple):
    """The decoded octets, and a sentence that says what is wrong; `""` if nothing is."""

    octets: bytes
    complaint: str = ""


def decode(octets: bytes, encoding: str) -> Octets:
    """Return the decoded octets; never raises."""
    if decoder := _DECODERS.get(encoding):
        return decoder(octets)
    # Section 6.3: private encodings begin with "x-".
    if encoding in IDENTITIES or encoding.startswith("x-"):
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
        # Some senders encode piece by piece, so base64 after the padding is decoded too. Other text
        # is not; a mailing list may have appended it.
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
    # Four characters are three octets; a single one that is left over is less than an octet.
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
    # In `decoded`, an equals sign that begins no escape is still there. So the counts differ. To
    # count is ten times as fast as to look at each.
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
            return Octets(octets, "uuencoded text has a line that is not uuencoded")
    return Octets(b"".join(decoded))


#: The encodings that change nothing. Section 6.1: without the field, "7bit" is assumed.
IDENTITIES: Final = frozenset(("", "7bit", "8bit", "binary"))
_DECODERS: Final[Mapping[str, Callable[[bytes], Octets]]] = {
    "base64": _base64,
    "quoted-printable": _quoted_printable,
    "x-uuencode": _uuencoded,
    "x-uue": _uuencoded,
    "uuencode": _uuencoded,
}

"""Encoded words (RFC 2047) in the values of fields.

An encoded word that cannot be decoded stays as it was sent; its neighbours are still decoded.
Nothing here raises.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from . import charsets, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

# RFC 2047 section 2: encoded-word = "=?" charset "?" encoding "?" encoded-text "?="; RFC 2231
# section 5 adds a language to the charset.
_WORD: Final = r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*)\?="
_ONE: Final = re.compile(_WORD)
# Section 6.2: white space between adjacent encoded words is ignored.
_RUN: Final = re.compile(rf"{_WORD}(?:[ \t]*{_WORD})*")
# In an address field, an encoded word must be a whole word of a phrase or a comment (section 5).
_RUN_IN_PHRASE: Final = re.compile(rf"(?<![^\s(,:;]){_WORD}(?:[ \t]+{_WORD})*(?![^\s),;<])")
#: Section 2: white space is forbidden within an encoded word.
_BROKEN: Final = re.compile(r"=\?[\w-]{2,40}\?[bBqQ]\?(?=[^?\s]*[ \t])[^?]{0,75}\?=")
# What `surrogateescape` makes of octets that are not UTF-8.
_NOT_UTF8: Final = re.compile(r"[\udc80-\udcff]")


class _Piece(NamedTuple):
    """Adjacent encoded words of one charset, or one that cannot be decoded."""

    charset: str
    sent: str
    octets: list[bytes]
    #: Whether the transfer encoding is wrong; then the word stays as sent.
    is_broken: bool


def unfolded(value: str) -> str:
    """Return a value as sent, but on one line and without white space around it."""
    # RFC 5322 section 2.2.3: "Unfolding is accomplished by simply removing any CRLF that is
    # immediately followed by WSP." An expression takes a second for millions of lines.
    for fold in ("\r\n ", "\n ", "\r\n\t", "\n\t"):
        value = value.replace(fold, fold[-1])
    return value.strip(" \t\r\n")


def shown(value: str) -> str:
    """Return a value as text: octets that are not UTF-8 become U+FFFD."""
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def decode(value: str) -> str:
    """Return a value unfolded, with its encoded words decoded.

    An encoded word that cannot be decoded stays as it is. Octets that are not in its charset, or
    not UTF-8 outside encoded words, become U+FFFD.
    """
    return shown(_RUN.sub(_decoded, unfolded(value)))


def decode_phrases(value: str) -> str:
    """Return the value of an address field, with encoded words decoded where they may be."""
    return shown(_RUN_IN_PHRASE.sub(_decoded, unfolded(value)))


def complaints(value: str) -> Iterator[str]:
    """Yield what `decode` cannot decode, in words that follow the field's name."""
    one_line = unfolded(value)
    for run in _RUN.finditer(one_line):
        for piece in _pieces(run[0]):
            if piece.is_broken or charsets.decode(b"".join(piece.octets), piece.charset).complaint:
                yield f"has encoded words that cannot be decoded: {shown(piece.sent)}"
    for found in _BROKEN.finditer(one_line):
        yield f"has white space within an encoded word: {shown(found[0])}"
    if _NOT_UTF8.search(one_line):
        yield "has octets that are not UTF-8"


def holds_word(text: str) -> bool:
    """Return whether there is an encoded word in a text."""
    return "=?" in text and _ONE.search(text) is not None


def _decoded(run: re.Match[str]) -> str:
    before = True
    texts: list[str] = []
    for piece in _pieces(run[0]):
        text, is_decoded = _text(piece)
        # White space is ignored only between two words that were both decoded.
        if texts and not (before and is_decoded):
            texts.append(" ")
        texts.append(text)
        before = is_decoded
    return "".join(texts)


def _text(piece: _Piece) -> tuple[str, bool]:
    if piece.is_broken or not charsets.is_known(piece.charset):
        return piece.sent, False
    return charsets.decode(b"".join(piece.octets), piece.charset).text, True


def _pieces(run: str) -> Iterator[_Piece]:
    # Senders cut a character in two between adjacent words of one charset, so these are joined.
    last: _Piece | None = None
    sent: list[str] = []
    for word in _ONE.finditer(run):
        charset, octets = word[1].lower(), _octets(word[2], word[3])
        if last and octets is not None and not last.is_broken and last.charset == charset:
            last.octets.append(octets)
            sent.append(word[0])
            continue
        if last:
            yield last._replace(sent=" ".join(sent))
        last = _Piece(charset, "", [octets or b""], is_broken=octets is None)
        sent = [word[0]]
    if last:  # pragma: no branch  # a run has at least one word
        yield last._replace(sent=" ".join(sent))


def _octets(encoding: str, text: str) -> bytes | None:
    octets = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(octets, header=True)
    decoded, complaint = transfer.decode(octets + b"=" * (-len(octets) % 4), "base64")
    return None if complaint else decoded

"""The header section: fields as they were sent, and what their values say.

Mail that real senders produce makes the parsers of the standard library raise. So the fields are
split here, octet by octet as sent, and each value is decoded with a fallback to what stands there.
"""

from __future__ import annotations

import binascii
import re

#: A field's name, and its value as sent: folded, what is no UTF-8 as escaped surrogates.
Field = tuple[str, str]

# RFC 5322 section 2.1: the header ends with an empty line. Bare LFs are met in practice.
_END_OF_HEADER = re.compile(rb"(?:\A|\r?\n)\r?\n")
# Section 2.2: `field-name ":" field-body`, where a name is printable US-ASCII "except colon".
_FIELD_NAME = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]*")
# Section 2.2.3: "Unfolding is accomplished by simply removing any CRLF that is immediately
# followed by WSP."
_FOLD = re.compile(r"\r?\n(?=[ \t])")

# RFC 2047 section 2: encoded-word = "=?" charset "?" encoding "?" encoded-text "?="; RFC 2231
# section 5 adds a language to the charset.
_WORD = r"=\?([^?*\s]+)(?:\*[^?]*)?\?([bBqQ])\?([^?\s]*)\?="
# RFC 2047 section 6.2: white space between adjacent encoded words is ignored.
_WORDS = re.compile(rf"{_WORD}(?:[ \t]+{_WORD})*")
_ONE_WORD = re.compile(_WORD)
# What `surrogateescape` makes of octets that are no UTF-8.
_NOT_UTF8 = re.compile(r"[\udc80-\udcff]")


def split(content: bytes) -> tuple[tuple[Field, ...], bytes, bool]:
    """Return the fields, the body, and whether the header ended as it should.

    A line that can be no field ends the header: it and all after it are the body.
    """
    end = _END_OF_HEADER.search(content)
    section = content[: end.start()] if end else content
    body = content[end.end() :] if end else b""
    fields: list[list[str]] = []
    position = 0
    for line in section.splitlines(keepends=True) if b"\r" not in section else _lines(section):
        text = line.decode("utf-8", "surrogateescape")
        if text[:1] in (" ", "\t") and fields:
            fields[-1][1] += text
        elif match := _FIELD_NAME.match(text):
            fields.append([match[1], text[match.end() :]])
        else:
            return _values(fields), content[position:], False
        position += len(line)
    return _values(fields), body, True


def _lines(section: bytes) -> list[bytes]:
    # A bare CR ends no line.
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", section)


def _values(fields: list[list[str]]) -> tuple[Field, ...]:
    return tuple((name, value.removesuffix("\n").removesuffix("\r")) for name, value in fields)


def decode(value: str) -> str:
    """Return a value unfolded, with its encoded words (RFC 2047) decoded; never raises.

    An encoded word that cannot be decoded stays as it is; octets that are no UTF-8 become U+FFFD.
    """
    decoded = _WORDS.sub(lambda match: _decoded_words(match[0]) or match[0], _unfolded(value))
    return decoded.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def defects(name: str, value: str) -> list[str]:
    """Return what `decode` could not decode in the value of a field, a sentence each."""
    unfolded = _unfolded(value)
    found = [
        f"{name} has encoded words that cannot be decoded: {match[0]}"
        for match in _WORDS.finditer(unfolded)
        if _decoded_words(match[0]) is None
    ]
    if _NOT_UTF8.search(unfolded):
        found.append(f"{name} has octets that are no UTF-8")
    return found


def _unfolded(value: str) -> str:
    return _FOLD.sub("", value).strip(" \t")


def _decoded_words(words: str) -> str | None:
    # Senders cut characters in two between words of one charset, so those are put together.
    texts: list[tuple[str, bytes]] = []
    for charset, encoding, text in _ONE_WORD.findall(words):
        octets = _word_octets(encoding, text)
        if octets is None:
            return None
        if texts and texts[-1][0] == charset.lower():
            octets = texts.pop()[1] + octets
        texts.append((charset.lower(), octets))
    try:
        decoded = "".join(octets.decode(charset) for charset, octets in texts)
        # Some charsets have octets for lone surrogates, which are no text.
        decoded.encode()
    except (LookupError, ValueError, Warning):
        # Python knows no such charset, or one that is not for decoding text (some only warn), or
        # the octets are none of its characters.
        return None
    return decoded


def _word_octets(encoding: str, text: str) -> bytes | None:
    octets = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(octets, header=True)
    try:
        return binascii.a2b_base64(octets + b"=" * (-len(octets) % 4))
    except binascii.Error:
        return None

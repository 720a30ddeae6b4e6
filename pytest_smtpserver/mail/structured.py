"""The fields of MIME: a value and parameters (RFC 2045 section 5.1, RFC 2231, RFC 2183).

Content-Type, Content-Disposition and Content-Transfer-Encoding are all read here. No body and no
file name gets lost because of comments, folding or common mistakes of senders.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from . import charsets, encoded_words, lexer
from .defects import Defect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .lexer import Token

#: More parameters than anybody writes; arbitrary.
_MOST: Final = 1000

# RFC 2231 sections 3 and 4: `name*1*` is the second segment of `name`, percent-encoded.
_NAME: Final = re.compile(r"([^*\s]+)(?:\*(\d{1,9}))?(\*)?")
# Section 4: the charset and the language come before the first octets.
_EXTENDED: Final = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL)
#: Parameters with a name that a person chose. There, parentheses do not begin a comment.
_NAMES: Final = frozenset(("filename", "name"))


class Structured(NamedTuple):
    """The value in lower case, the parameters by name, and the defects of both.

    The texts of the defects follow the field's name.
    """

    value: str
    parameters: Mapping[str, str]
    defects: tuple[Defect, ...] = ()


class _Given(NamedTuple):
    """A parameter as it was sent: its base name, the number of its segment, its text."""

    name: str
    segment: int | None
    is_extended: bool
    text: str


def parse(value: str) -> Structured:
    """Return what a field's value says; never raises."""
    defects: list[Defect] = []
    head, *rest = _split(encoded_words.unfolded(value))
    given: dict[str, list[_Given]] = {}
    for tokens in rest[:_MOST]:
        if parameter := _parameter(tokens, defects):
            given.setdefault(parameter.name, []).append(parameter)
    if len(rest) > _MOST:
        _note(defects, f"has {len(rest)} parameters")
    parameters = {name: _value(name, parts, defects) for name, parts in given.items()}
    return Structured(_head(head), parameters, tuple(defects))


def _split(value: str) -> list[list[Token]]:
    found: list[list[Token]] = [[]]
    for token in lexer.tokens(value, ";"):
        if token.kind == "mark" and token.text == ";":
            found.append([])
        else:
            found[-1].append(token)
    return found


def _head(tokens: list[Token]) -> str:
    kept = (token.text for token in tokens if token.kind not in ("space", "comment"))
    return encoded_words.shown("".join(kept)).lower()


def _parameter(tokens: list[Token], defects: list[Defect]) -> _Given | None:
    name, equals, rest = _at_equals(tokens)
    if not equals:
        if name:
            _note(defects, f"has a parameter without a value: {encoded_words.shown(name)}")
        return None
    match = _NAME.fullmatch(name)
    base = (match[1] if match else name).lower()
    text, is_sound = _text(rest, keeps_comments=base in _NAMES)
    if not is_sound or not base:
        _note(defects, f"has a parameter {base!r} that is neither a token nor quoted")
    if not match:
        return _Given(base, None, is_extended=False, text=text)
    segment = int(match[2]) if match[2] else None
    return _Given(base, segment, is_extended=bool(match[3]), text=text)


def _at_equals(tokens: list[Token]) -> tuple[str, bool, list[Token]]:
    """Return the name, whether an equals sign follows it, and the tokens after that."""
    name = ""
    for number, token in enumerate(tokens):
        if token.kind in ("space", "comment"):
            continue
        before, equals, after = token.text.partition("=")
        if token.kind == "atom" and equals:
            rest = tokens[number + 1 :]
            if after:
                start = token.end - len(after)
                rest = [token._replace(text=after, start=start), *rest]
            return name + before, True, rest
        name += token.text
    return name, False, []


def _text(tokens: list[Token], *, keeps_comments: bool) -> tuple[str, bool]:
    """Return a parameter's value, and whether it is one token or one quoted string."""
    kept = list(_kept(tokens, keeps_comments=keeps_comments))
    while kept and kept[-1].kind == "space":
        kept.pop()
    text = "".join(_as_written(token) for token in kept)
    return text, len(kept) == 1 and kept[0].kind in ("atom", "quoted", "literal")


def _kept(tokens: list[Token], *, keeps_comments: bool) -> Iterator[Token]:
    is_begun = False
    for number, token in enumerate(tokens):
        if token.kind == "comment":
            if not (keeps_comments and _touches_an_atom(tokens, number)):
                continue
        elif token.kind == "stray" and token.text == '"' and not is_begun:
            # A quote that does not end is left out of the value that it begins.
            token = token._replace(text="")
        if is_begun or token.kind != "space":
            is_begun = True
            yield token


def _touches_an_atom(tokens: list[Token], number: int) -> bool:
    # `name=report (1).pdf` occurs in practice; these parentheses belong to the name.
    beside = tokens[max(0, number - 1) : number] + tokens[number + 1 : number + 2]
    return any(token.kind == "atom" for token in beside)


def _as_written(token: Token) -> str:
    return f"({token.text})" if token.kind == "comment" else token.text


def _value(name: str, given: list[_Given], defects: list[Defect]) -> str:
    # RFC 2231 wins over the plain value, which is for readers that do not support RFC 2231.
    extended = [one for one in given if one.is_extended and one.segment is None]
    segments = {one.segment: one for one in reversed(given) if one.segment is not None}
    plain = [one for one in given if not one.is_extended and one.segment is None]
    if len(extended) > 1 or len(plain) > 1:
        _note(defects, f"has more than one parameter {name!r}")
    if extended:
        return _decoded(name, extended[:1], defects)
    if segments:
        if len(segments) != max(segments) + 1:
            _note(defects, f"has a parameter {name!r} with a missing segment")
        return _decoded(name, [segments[number] for number in sorted(segments)], defects)
    return _plain(name, plain[:1])


def _plain(name: str, segments: list[_Given]) -> str:
    text = "".join(one.text for one in segments)
    # RFC 2047 section 5 forbids encoded words here, but senders write file names with them. A
    # boundary must stay as sent, because delimiters are compared with it.
    return text if name == "boundary" else encoded_words.decode(text)


def _decoded(name: str, segments: list[_Given], defects: list[Defect]) -> str:
    if not any(one.is_extended for one in segments):
        return _plain(name, segments)
    charset, first = _charset(segments[0])
    texts = [first, *(one.text for one in segments[1:])]
    # Some senders cut within `%41`, so segments are joined before they are decoded.
    octets = b"".join(
        _octets("".join(text for text, _ in run), is_extended=is_extended)
        for is_extended, run in groupby(
            zip(texts, segments, strict=True), key=lambda pair: pair[1].is_extended
        )
    )
    text, complaint = charsets.decode(octets, charset or "utf-8")
    if complaint:
        defects.append(Defect("bad-encoding", f"has a parameter {name!r} {complaint}"))
    return text


def _charset(first: _Given) -> tuple[str, str]:
    match = _EXTENDED.fullmatch(first.text) if first.is_extended else None
    return (match[1], match[2]) if match else ("", first.text)


def _octets(text: str, *, is_extended: bool) -> bytes:
    octets = text.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(octets) if is_extended else octets


def _note(defects: list[Defect], text: str) -> None:
    defects.append(Defect("unparsable", text))

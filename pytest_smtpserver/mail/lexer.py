"""The words of a structured field (RFC 5322 section 3.2): atoms, quoted strings, comments.

The fields of MIME, addresses and message identifiers are all read with it. If a quote or a comment
does not end, its first character is an ordinary one, and so are all later ones of that kind. To
look for the end of each of them would take time that grows with the square of the length.

In a value with very many words, everything after the first 10,000 is one word.
"""

from __future__ import annotations

import re
from functools import cache

# By name: a test may replace `re.compile`, and `_plain` keeps what it has made.
from re import compile as compiled
from re import escape
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How many words of a value are told apart; arbitrary.
_MOST: Final = 10_000

#: A "mark" is one special character; a "stray" begins a quote or a comment that does not end, or is
#: the rest of a value with very many words.
TokenKind = Literal["atom", "space", "quoted", "comment", "literal", "mark", "stray"]

# Section 3.2.4: "the quoted-pair is interpreted as the text character by itself".
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_IN_COMMENT: Final = re.compile(r"[()]|\\.", re.DOTALL)
# Section 3.4.1: the domain may be a literal in brackets.
_LITERAL: Final = re.compile(r"\[[^\[\]\\<>,\s]*+\]")
# An encoded word is one atom, whatever characters it has (RFC 2047 section 2).
_ENCODED: Final = r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?="


class Token(NamedTuple):
    """One word: its kind, what it means, and where it was in the value."""

    kind: TokenKind
    text: str
    start: int
    end: int


def tokens(
    value: str, marks: str, start: int = 0, broken: list[str] | None = None
) -> Iterator[Token]:
    """Yield the words of a value; each of the characters in `marks` is a token of its own.

    To go on in the middle of a value, pass the same list for `broken`: the quotes and parentheses
    that were found to have no end.
    """
    plain = _plain(marks)
    position, broken = start, [] if broken is None else broken
    for _ in range(_MOST):
        if position == len(value):
            return
        token = _token(value, position, plain, broken)
        if token.kind == "stray":
            broken.append(token.text)
        yield token
        position = token.end
    if position < len(value):
        yield Token("stray", value[position:], position, len(value))


def _token(value: str, start: int, plain: re.Pattern[str], broken: list[str]) -> Token:
    if match := plain.match(value, start):
        kind: TokenKind = "space" if match[1] else "atom"
        return Token(kind, match[0], start, match.end())
    character = value[start]
    if character == '"' and character not in broken:
        if quoted := _QUOTED.match(value, start):
            return Token("quoted", _QUOTED_PAIR.sub(r"\1", quoted[1]), start, quoted.end())
        return Token("stray", character, start, start + 1)
    if character == "(" and character not in broken:
        end = _end_of_comment(value, start)
        text = _QUOTED_PAIR.sub(r"\1", value[start + 1 : end - 1])
        return Token("comment", text, start, end) if end else _stray(value, start)
    if character == "[" and (literal := _LITERAL.match(value, start)):
        return Token("literal", literal[0], start, literal.end())
    return Token("mark", character, start, start + 1)


def _stray(value: str, start: int) -> Token:
    return Token("stray", value[start], start, start + 1)


def _end_of_comment(value: str, start: int) -> int:
    """Return where the comment ends, nested comments included; 0 if it does not end."""
    depth = 0
    for match in _IN_COMMENT.finditer(value, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return 0


@cache
def _plain(marks: str) -> re.Pattern[str]:
    return compiled(rf"([ \t\r\n]+)|(?:{_ENCODED}|[^ \t\r\n\"()\\{escape(marks)}])+")

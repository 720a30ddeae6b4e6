"""A text as lines, sentences and tokens, with digits of any script as ASCII."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen

from .vocabulary import Roles, folded, unaccented, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How much of a text is read, in characters; arbitrary: far more than a mail with a code has.
MOST_READ: Final = 100_000

# Longer lines and sentences are cut, so that the work for each stays small; arbitrary.
_LONGEST_LINE: Final = 1_000
_LONGEST_SENTENCE: Final = 300
# A code has 4 to 8 digits, so 4 to 8 lines with one digit each are one code.
_ONE_DIGIT_EACH: Final = re.compile(r"(?:(?<=\n)|\A)\d(?:\n+\d){3,7}(?=\n|\Z)(?!\n+\d(?:\n|\Z))")

# Characters with several forms: hyphens, the dash between two clauses, "No." before a number.
_ALIKE: Final = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2014\u2015"), " - "),
    ord("\u30fb"): "·",
    ord("\u2116"): " no. ",
    # Full-width marks, which contain their space.
    ord("\uff0c"): ", ",
    ord("\uff1b"): "; ",
}

_NO_SPACES: Final = (
    "\u0e00-\u0e3e\u0e40-\u0eff\u1000-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff"
    "\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
)
# Marks on letters, which `\w` does not match. All digits are ASCII by then.
_MARKS: Final = (
    "\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0dff"
)
_TOKEN: Final = re.compile(
    rf"(?P<unspaced>[{_NO_SPACES}]+)"
    rf"|(?P<word>(?:[^\W\d_{_NO_SPACES}]|[{_MARKS}])+)"
    r"|(?P<number>\d+)"
    r"|(?P<mark>[^\w\s]|_)"
)
# A full stop before a digit may belong to an abbreviation: "No. 12".
_SENTENCE_END: Final = re.compile(r"[!?。।۔։]+|\.(?=\s+\D|$)|;\s")
# Marks that join the parts of a word, or words that belong together.
_JOINTS: Final = frozenset("-'’‘`\"״׳/·")
# Shared by all tokens without a meaning; never changed.
_NO_ROLES: Final[Roles] = {}


@frozen()
class Token:
    """A word, a number or a mark, and its place in its line."""

    text: str
    kind: str
    start: int
    end: int
    roles: Roles = _NO_ROLES

    @property
    def is_joint(self) -> bool:
        """Whether this is a mark that joins words."""
        return self.text in _JOINTS


@frozen(eq=False)
class Sentence:
    """A sentence of a line: its tokens and its place."""

    tokens: tuple[Token, ...]
    start: int
    end: int


@dataclass(slots=True)
class Line:
    """A line that is not blank, its white space folded."""

    text: str
    where: str
    _sentences: tuple[Sentence, ...] | None = None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences, made on first use: most lines are far from any number."""
        if self._sentences is None:
            self._sentences = tuple(_sentences(self.text))
        return self._sentences


def lines(text: str, where: str) -> list[Line]:
    """Return the lines that are not blank; lines of one digit each are joined."""
    pieces = (piece for line in text[:MOST_READ].splitlines() for piece in _pieces(tidy(line)))
    tidied = "\n".join(pieces)
    joined = _ONE_DIGIT_EACH.sub(lambda match: " ".join(match[0].split()), tidied)
    return [Line(line, where) for line in joined.split("\n") if line]


def _pieces(line: str) -> Iterator[str]:
    start = 0
    while len(line) - start > _LONGEST_LINE:
        end = line.rfind(" ", start, start + _LONGEST_LINE) + 1 or start + _LONGEST_LINE
        yield line[start:end].strip()
        start = end
    yield line[start:]


def tidy(line: str) -> str:
    """Return a line with plain digits, dashes and spaces, without invisible characters."""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line.translate(_ALIKE))
        line = "".join(map(_plain, line))
    return " ".join(line.split())


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return "" if unicodedata.category(character) == "Cf" else character


def _sentences(text: str) -> Iterator[Sentence]:
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        for piece in range(start, end, _LONGEST_SENTENCE):
            stop = min(end, piece + _LONGEST_SENTENCE)
            yield Sentence(tuple(_joined(list(_tokens(text, piece, stop)))), piece, stop)
        start = end


def _tokens(text: str, start: int, end: int) -> Iterator[Token]:
    known = vocabulary()
    for match in _TOKEN.finditer(text, start, end):
        kind = match.lastgroup or ""
        if kind == "unspaced":
            yield from _unspaced(match[0], match.start())
        else:
            roles = known.roles(match[0]) if kind == "word" else {}
            yield Token(match[0], kind, match.start(), match.end(), roles)


def _unspaced(text: str, offset: int) -> Iterator[Token]:
    """Split text without spaces into the longest known words, and whatever is between them."""
    unknown = place = 0
    while place < len(text):
        length = _known_at(text, place)
        if length:
            if unknown < place:
                yield Token(text[unknown:place], "word", offset + unknown, offset + place)
            word = text[place : place + length]
            yield Token(
                word, "word", offset + place, offset + place + length, vocabulary().unspaced[word]
            )
            unknown = place + length
        place += length or 1
    if unknown < len(text):
        yield Token(text[unknown:], "word", offset + unknown, offset + len(text))


def _known_at(text: str, place: int) -> int:
    known = vocabulary()
    for length in range(min(known.longest_unspaced, len(text) - place), 0, -1):
        if text[place : place + length] in known.unspaced:
            return length
    return 0


def _joined(tokens: list[Token]) -> Iterator[Token]:
    """Make one token of words that belong together, such as *one-time*."""
    place = 0
    while place < len(tokens):
        token, length = _longest(tokens, place)
        yield token
        place += length


def _longest(tokens: list[Token], place: int) -> tuple[Token, int]:
    first = tokens[place]
    best, length = first, 1
    if first.kind != "word":
        return best, length
    for others, roles in vocabulary().joined.get(unaccented(folded(first.text)), ()):
        end = _end_of(tokens, place + 1, others)
        if end and end - place >= length:
            merged = dict(roles) if end - place > length else {**best.roles, **roles}
            words = " ".join(one.text for one in tokens[place:end] if one.kind == "word")
            best = Token(words, "word", first.start, tokens[end - 1].end, merged)
            length = end - place
    return best, length


def _end_of(tokens: list[Token], place: int, words: tuple[str, ...]) -> int:
    """Return where the expected words end, or 0 if they do not follow."""
    for word in words:
        while place < len(tokens) and tokens[place].is_joint:
            place += 1
        if place == len(tokens) or not _is(tokens[place], word):
            return 0
        place += 1
    return place


def _is(token: Token, word: str) -> bool:
    text = unaccented(folded(token.text))
    return text.startswith(word[:-1]) if word.endswith("*") else text == word

"""The addresses in a field (RFC 5322 section 3.4), each parsed by itself.

A malformed entry stays as it was sent, and does not affect the others. The obsolete forms of
section 4.4 are read too: routes, white space and comments around dots, empty entries in a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from . import encoded_words, lexer
from .defects import Defect, DefectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .lexer import Token

_MARKS: Final = "<>@,;:[]"
_NO_ADDRESS: Final = "has no address: "
_ODD: Final = "has an address with wrong syntax: "
_ODD_DOTS: Final = "has an address with a misplaced dot: "
_NO_COMMA: Final = "has no comma after an address: "
_OPEN_GROUP: Final = "has a group that does not end: "
_TOO_MANY: Final = "has very many addresses: what follows is not taken apart"
ENCODED: Final = "has an encoded word where RFC 2047 section 5 forbids it: "

#: How many words of all fields of one name are read, a plain entry counted as one; arbitrary.
_MOST: Final = 60_000
#: Characters that are shown before a stray `;`, which belongs to no entry; arbitrary.
_SHOWN: Final = 60


# Most entries look like this: `ann@x.test`, `Ann <ann@x.test>`, `"Ann, shop" <ann@x.test>`. Then
# one match instead of a look at each word saves nine tenths of the time. The numbers are arbitrary;
# with them, an entry that does not match in the end takes a bounded time.
_ATOMS: Final = r"[\w+-]{1,64}+(?:\.[\w+-]{1,64}+){0,20}+"
_SPEC: Final = rf"({_ATOMS}@{_ATOMS})"
_PHRASE: Final = r"""(?:"([\w ,.@'&+-]{0,80}+)"|([\w'&+-][\w .'&+-]{0,80}+))?"""
_PLAIN: Final = re.compile(
    rf"[ \t]*+(?:{_PHRASE}[ \t]*+<{_SPEC}>|{_SPEC})[ \t]*+(?:,|\Z)", re.ASCII
)


class Address(NamedTuple):
    """One address; if it is not valid, `spec` is the entry as it was sent."""

    name: str
    spec: str
    is_valid: bool = True


class Addresses(NamedTuple):
    """The addresses of a field, and its defects; their texts follow the field's name."""

    addresses: tuple[Address, ...]
    defects: tuple[Defect, ...]


def parse(*values: str) -> Addresses:
    """Return the addresses in the fields of one name; never raises."""
    reader = _Reader()
    for value in values:
        reader.read(encoded_words.unfolded(value))
    return Addresses(tuple(reader.found), tuple(reader.defects))


def as_sent(values: Iterable[str]) -> Addresses:
    """Return values that are too long to be read, each as an entry that is not valid."""
    return Addresses(tuple(_whole(encoded_words.unfolded(value)) for value in values), ())


def _whole(value: str) -> Address:
    return Address("", encoded_words.shown(value), is_valid=False)


@dataclass(slots=True)
class _Reader:
    """Reads the values of one name, entry by entry."""

    value: str = ""
    found: list[Address] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    _entry: list[Token] = field(default_factory=list)
    #: The place in an entry: "" in a phrase, "<" after that mark, "route" in a route, and "address"
    #: once an address has certainly begun.
    _place: str = ""
    _group: Token | None = None
    _broken: list[str] = field(default_factory=list)
    _left: int = _MOST

    def read(self, value: str) -> None:
        """Read a whole value."""
        self._begin(value)
        position = 0
        while position < len(value):
            if self._left <= 0:
                self.found.append(_whole(value[position:]))
                self._note("unparsable", _TOO_MANY, "")
                self._group = None
                break
            plain = _PLAIN.match(value, position)
            position = self._plain_entry(plain) if plain else self._any_entry(position)
        if self._group:
            self._note("unparsable", _OPEN_GROUP, self.value[self._group.start :])

    def _begin(self, value: str) -> None:
        self.value = value
        self._group = None
        self._broken = []

    def _plain_entry(self, match: re.Match[str]) -> int:
        """Note the address of a plain entry; return where the next entry begins."""
        self._left -= 1
        quoted, phrase, spec, bare = match.groups()
        self.found.append(Address(" ".join((quoted or phrase or "").split()), spec or bare))
        return match.end()

    def _any_entry(self, start: int) -> int:
        """Read an entry word by word; return where the next one begins."""
        for token in lexer.tokens(self.value, _MARKS, start, self._broken):
            self._left -= 1
            mark = token.text if token.kind == "mark" else ""
            if mark in (",", ";") and self._place != "route":
                self._end_entry(token)
                return token.end
            if mark == ":" and not self._place:
                self._begin_group(token)
            else:
                self._entry.append(token)
                self._place = self._next_place(token, mark)
        self._end_entry(None)
        return len(self.value)

    def _next_place(self, token: Token, mark: str) -> str:
        if mark == "@" and self._place == "<":
            # Section 4.4: `obs-route = obs-domain-list ":"`, with commas between the domains.
            return "route"
        if mark == "<":
            return "<"
        if mark in ("@", ">") or (mark == ":" and self._place == "route"):
            return self._place if self._place == "route" and mark == "@" else "address"
        return "address" if self._place == "<" and token.kind == "atom" else self._place

    def _begin_group(self, colon: Token) -> None:
        # Section 3.4: `group = display-name ":" [group-list] ";"`.
        self._group = self._entry[0] if self._entry else colon
        self._entry = []

    def _end_entry(self, mark: Token | None) -> None:
        entry, self._entry, self._place = self._entry, [], ""
        several = list(_each(_significant(entry)))
        for one in several:
            self._read_entry(one)
        if len(several) > 1:
            self._note("unparsable", _NO_COMMA, self._sent(several[0]))
        if mark and mark.text == ";":
            if not self._group:
                self._note("unparsable", _ODD, self.value[max(0, mark.end - _SHOWN) : mark.end])
            self._group = None

    def _read_entry(self, entry: list[Token]) -> None:
        if not _has_words(entry):
            return
        opening = _find(entry, "<")
        if opening is None:
            self._add(entry, _spec(self.value, entry), "")
            return
        closing = _find(entry, ">") or len(entry)
        phrase, rest = entry[:opening], entry[closing + 1 :]
        spec = _spec(self.value, _without_route(entry[opening + 1 : closing]))
        is_odd = any(token.kind in ("mark", "stray", "literal") for token in phrase)
        if spec and (is_odd or _has_words(rest) or closing >= len(entry)):
            self._note("unparsable", _ODD, self._sent(entry))
        self._add(
            entry, spec, encoded_words.decode(self._sent(phrase)) if is_odd else _name(phrase)
        )

    def _add(self, entry: list[Token], spec: str, name: str) -> None:
        if not spec:
            # RFC 2047 section 5: an encoded word must not be an address, so it stays as sent.
            sent = self._sent(entry)
            decoded = encoded_words.decode_phrases(sent)
            shown = encoded_words.shown(sent) if "@" in decoded else decoded
            self.found.append(Address("", shown, is_valid=False))
            self._note("unparsable", _NO_ADDRESS, shown)
        else:
            comments = [token for token in entry if token.kind == "comment"]
            self.found.append(Address(name or _name(comments[-1:]), spec))
        if _has_odd_dots(spec):
            self._note("unparsable", _ODD_DOTS, spec)
        if encoded_words.holds_word(spec) or any(_is_quoted_word(token) for token in entry):
            self._note("bad-encoding", ENCODED, self._sent(entry))

    def _sent(self, entry: list[Token]) -> str:
        return self.value[entry[0].start : entry[-1].end]

    def _note(self, kind: DefectKind, sentence: str, sent: str) -> None:
        self.defects.append(Defect(kind, sentence + encoded_words.shown(sent)))


def _significant(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.kind != "space"]


def _each(entry: list[Token]) -> Iterator[list[Token]]:
    """Yield the addresses of an entry: more than one if a comma is missing between them."""
    begin = 0
    last = max((number for number, token in enumerate(entry) if _is_mark(token, "<")), default=0)
    for number, token in enumerate(entry[:last]):
        if _is_mark(token, ">"):
            yield entry[begin : number + 1]
            begin = number + 1
    yield entry[begin:]


def _find(tokens: list[Token], mark: str) -> int | None:
    return next((number for number, token in enumerate(tokens) if _is_mark(token, mark)), None)


def _is_mark(token: Token, text: str) -> bool:
    return token.kind == "mark" and token.text == text


def _without_route(tokens: list[Token]) -> list[Token]:
    # Section 4.4: "When interpreting addresses, the route portion SHOULD be ignored."
    if tokens and tokens[0].text == "@":
        colon = _find(tokens, ":")
        return [] if colon is None else tokens[colon + 1 :]
    return tokens


def _has_words(tokens: list[Token]) -> bool:
    return any(token.kind != "comment" for token in tokens)


def _is_quoted_word(token: Token) -> bool:
    return token.kind == "quoted" and encoded_words.holds_word(token.text)


def _name(phrase: list[Token]) -> str:
    # Encoded words are not decoded in a quoted string (RFC 2047 section 5).
    texts = (
        encoded_words.shown(token.text)
        if token.kind == "quoted"
        else encoded_words.decode(token.text)
        for token in _joined(phrase)
        if token.kind != "comment" or len(phrase) == 1
    )
    return " ".join(" ".join(texts).split())


def _joined(phrase: list[Token]) -> list[Token]:
    # Adjacent atoms are joined, because adjacent encoded words are decoded together.
    joined: list[Token] = []
    texts: list[str] = []
    for token in phrase:
        if joined and joined[-1].kind == token.kind == "atom":
            texts.append(token.text)
            continue
        if joined and texts:
            joined[-1] = joined[-1]._replace(text=" ".join(texts))
        joined.append(token)
        texts = [token.text] if token.kind == "atom" else []
    if joined and texts:
        joined[-1] = joined[-1]._replace(text=" ".join(texts))
    return joined


def _spec(value: str, tokens: list[Token]) -> str:
    """Return the addr-spec (section 3.4.1) that these tokens make; `""` if they make none."""
    kept = [token for token in tokens if token.kind != "comment"]
    at = _find(kept, "@")
    if at is None:
        return ""
    local, domain = kept[:at], kept[at + 1 :]
    if not _is_dotted(local, ("atom", "quoted")):
        return ""
    is_literal = [token.kind for token in domain] == ["literal"]
    if not is_literal and not _is_dotted(domain, ("atom",)):
        return ""
    return encoded_words.shown("".join(value[token.start : token.end] for token in kept))


def _has_odd_dots(spec: str) -> bool:
    # Section 3.2.3: `dot-atom-text = 1*atext *("." 1*atext)`. In quotes, dots may be anywhere.
    local, _, domain = spec.rpartition("@")
    plain = domain if '"' in local or "[" in domain else f"{local}@{domain}"
    return any(dots in f"@{plain}@" for dots in ("..", "@.", ".@"))


def _is_dotted(tokens: list[Token], kinds: tuple[str, ...]) -> bool:
    """Return whether these are words with dots between them; space may be around a dot."""
    if not tokens or any(token.kind not in kinds for token in tokens):
        return False
    return all(one.text[-1:] == "." or other.text[:1] == "." for one, other in pairwise(tokens))

"""The words of all languages, and their meanings."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, lru_cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Final

# By name, as the others: a test may replace it, and the vocabulary is made once.
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The meaning of a word -> the languages in which it has that meaning.
Roles = dict[str, frozenset[str]]

#: The language of words that all languages use, in `words.toml`.
ANY: Final = "any"

_SHORTEST_STEM: Final = 3
# In shorter words an accent makes another word: Vietnamese "mã" (code) and Italian "ma" (but).
_ACCENTS_COUNT_BELOW: Final = 4
# Hebrew and Arabic write up to three letters before a word, for such as "and", "for" and "the".
_LONGEST_PREFIX: Final = 3
_LONGEST_WORD: Final = 40
#: How many words are kept with their meanings; arbitrary: more than a mail has near its numbers.
_MOST_KEPT: Final = 10_000
_COMPOUNDING: Final = ("da", "nb", "sv", "fi", "is", "de", "nl", "hu", "et", "af")
_UNSPACED: Final = ("Han", "Kana", "Hangul", "Thai", "Lao", "Khmer", "Myanmar")


def folded(word: str) -> str:
    """Return a word with its case folded."""
    return normalize("NFC", word.casefold())


def unaccented(word: str) -> str:
    """Return a folded word without the accents that people leave out."""
    if word.isascii():
        return word
    parted = normalize("NFD", word)
    plain = "".join(one for one in parted if not "\u0300" <= one <= "\u036f").replace("ı", "i")
    return normalize("NFC", plain)


class Vocabulary:
    """All words, in a table for each way to look them up."""

    def __init__(self, languages: Mapping[str, Mapping[str, str]]) -> None:
        self._whole: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._stems: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._prefixed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._ends: dict[str, set[str]] = defaultdict(set)
        self.unspaced: dict[str, Roles] = {}
        #: The first of several words -> the others, with their meaning together.
        self.joined: dict[str, list[tuple[tuple[str, ...], Roles]]] = defaultdict(list)
        for language, words in languages.items():
            self._add_language(language, words)
        self.longest_unspaced = max(map(len, self.unspaced))
        self._known = lru_cache(maxsize=_MOST_KEPT)(self._look_up)

    def roles(self, word: str) -> Roles:
        """Return the meanings of a word as written; empty if it is unknown."""
        return self._known(word[:_LONGEST_WORD])

    def _add_language(self, language: str, words: Mapping[str, str]) -> None:
        for role, line in words.items():
            if role == "script":
                continue
            for entry in line.split():
                if role == "booking":
                    self._add(entry, "other", language, is_unspaced=words["script"] in _UNSPACED)
                self._add(entry, role, language, is_unspaced=words["script"] in _UNSPACED)
                if role == "code" and language in _COMPOUNDING and len(entry) >= _SHORTEST_STEM:
                    self._ends[folded(entry)].add(language)

    def _add(self, entry: str, role: str, language: str, *, is_unspaced: bool) -> None:
        if "_" in entry:
            first, *others = (unaccented(folded(one)) for one in entry.strip("*").split("_"))
            stem = "*" if entry.endswith("*") else ""
            others[-1] += stem
            self.joined[first].append((tuple(others), {role: frozenset((language,))}))
        elif is_unspaced:
            known = self.unspaced.setdefault(entry, {})
            known[role] = known.get(role, frozenset()) | {language}
        else:
            table = self._table(entry)
            for form in _forms(entry.strip("*")):
                table[form][role].add(language)

    def _table(self, entry: str) -> dict[str, dict[str, set[str]]]:
        if entry.startswith("*"):
            return self._prefixed
        return self._stems if entry.endswith("*") else self._whole

    def _look_up(self, word: str) -> Roles:
        lower = folded(word)
        plain = unaccented(lower)
        whole: list[Mapping[str, set[str]]] = [
            self._whole[form] for form in {word, lower, plain} if form in self._whole
        ]
        if not whole:
            compound = self._compound(lower)
            if compound:
                return compound
            whole = [*self._by_stem(lower), *self._by_stem(plain)]
        return _merged([*whole, *self._by_end(lower)])

    def _by_stem(self, word: str) -> Iterator[Mapping[str, set[str]]]:
        # The longest stem is the right word.
        for end in range(len(word), 1, -1):
            if word[:end] in self._stems:
                yield self._stems[word[:end]]
                return

    def _by_end(self, word: str) -> Iterator[Mapping[str, set[str]]]:
        for start in range(min(_LONGEST_PREFIX + 1, len(word))):
            if word[start:] in self._prefixed:
                yield self._prefixed[word[start:]]
                return

    def _compound(self, word: str) -> Roles:
        """Return the meaning of a compound such as *Bestätigungscode*, by its first part."""
        for start in range(_SHORTEST_STEM, len(word) - 2):
            languages = self._ends.get(word[start:])
            if languages:
                return self._compounded(word[:start], frozenset(languages))
        return {}

    def _compounded(self, first: str, languages: frozenset[str]) -> Roles:
        roles = _merged([self._whole.get(first, {}), *self._by_stem(first)])
        for role, made in (("other", "other"), ("proof", "alone"), ("confirm", "alone")):
            if roles.get(role, frozenset()) & (languages | {"en", ANY}):
                return {made: languages, **({"shared": languages} if "shared" in roles else {})}
        return {"qualified": languages}


def _forms(word: str) -> set[str]:
    if word != word.lower() and word.isascii():
        return {word}
    lower = folded(word)
    return {lower, unaccented(lower)} if len(lower) >= _ACCENTS_COUNT_BELOW else {lower}


def _merged(tables: list[Mapping[str, set[str]]]) -> Roles:
    merged: Roles = {}
    for table in tables:
        for role, languages in table.items():
            merged[role] = merged.get(role, frozenset()) | languages
    return merged


@cache
def vocabulary() -> Vocabulary:
    """Return the words of `words.toml`, read on first use."""
    import tomllib

    # Unlike `open` and `Path.read_text`, no test replaces this.
    octets = get_data(__package__, "words.toml")
    assert octets is not None
    return Vocabulary(tomllib.loads(octets.decode()))

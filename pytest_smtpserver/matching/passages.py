"""A passage in a longer text: whether it is there, and if not, what comes nearest to it."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

#: How much of a text is searched for a near passage; arbitrary: what takes a few milliseconds.
_SEARCHED: Final = 100_000

#: How many words are looked for before the whole text is folded; arbitrary.
_FIRST_WORDS: Final = 20

#: How many characters at either end of a passage locate it; arbitrary, and no line is longer.
_ANCHOR: Final = 200

#: How far before its likely place the beginning of a passage is looked for; arbitrary.
_DETOUR: Final = 40

#: This many characters in a row do not agree by chance; arbitrary.
_NO_CHANCE: Final = 20


def folded(text: str) -> str:
    """Return the text with each stretch of white space as one space, and none at its ends."""
    return " ".join(text.split())


def contains(expected: str, text: str) -> bool:
    """Return whether `text` contains `expected`; any white space counts as one space."""
    words = expected.split()
    if expected in text or not words:
        return True
    # Folding megabytes takes long, but a missing word is found at once.
    if not all(word in text for word in words[:_FIRST_WORDS]):
        return False
    return " ".join(words) in folded(text)


def share_of_words(expected: str, text: str) -> float:
    """Return the share, 0 to 1, of the first expected words in the beginning of `text`."""
    words = expected[:_SEARCHED].split()[:_FIRST_WORDS]
    searched = text[:_SEARCHED]
    return sum(word in searched for word in words) / max(1, len(words))


def nearest_passage(expected: str, text: str) -> tuple[str, str] | None:
    """Return `expected` and what `text` has in its place, both folded, or `None`.

    The place is where the beginning of `expected` is found, or else its end. Only the
    beginning of huge texts is searched.
    """
    sought, searched = folded(expected[:_SEARCHED]), folded(text[:_SEARCHED])
    enough = min(_NO_CHANCE, (len(sought) + 1) // 2)
    head = _longest_beginning(sought[:_ANCHOR], searched)
    tail = _longest_beginning(sought[: -_ANCHOR - 1 : -1], searched[::-1])
    if max(head, tail) < enough:
        return None
    if head >= enough:
        start = searched.find(sought[:head])
        return sought, searched[start : start + len(sought)]
    end = searched.rfind(sought[-tail:]) + tail
    return sought, searched[_start(sought[:head], searched, end - len(sought)) : end]


def _start(head: str, searched: str, likely: int) -> int:
    # The text between the beginning and the end that was found may be longer than expected.
    near = searched.rfind(head, max(0, likely - _DETOUR), likely + len(head)) if head else -1
    return near if near >= 0 else max(0, likely)


def _longest_beginning(sought: str, text: str) -> int:
    # If a beginning is not in the text, no longer one is either: bisect.
    lengths = range(1, len(sought) + 1)
    return bisect_left(lengths, True, key=lambda length: sought[:length] not in text)

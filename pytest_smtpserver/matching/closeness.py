"""Which of the records that do not match comes closest, and which of several texts does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen

from .passages import share_of_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .criterion import Comparison, Difference

# Both bounds are arbitrary; they make a failure among thousands of records quick.

#: How many texts of a record are compared.
_TEXTS: Final = 5

#: How many characters of a text are compared.
_CHARACTERS: Final = 100


@frozen(eq=False)
class Seen:
    """A record that was looked at; `number` counts from 1."""

    number: int
    record: object
    #: What it does not meet: nothing if it matches.
    differences: tuple[Difference, ...]


def closest(seen: Sequence[Seen]) -> Seen | None:
    """Return the record that comes closest without matching, or `None` if none differs.

    That is the one with the fewest differences; of those, the one whose texts are the most
    similar; of those, the latest.
    """
    different = [one for one in seen if one.differences]
    fewest = min((len(one.differences) for one in different), default=0)
    return max(
        (one for one in different if len(one.differences) == fewest), key=_rank, default=None
    )


def nearest_text(comparison: Comparison) -> str:
    """Return the text most similar to the expected one; the comparison has at least one text."""
    return max(comparison.texts, key=lambda text: similarity(comparison, text))


def similarity(comparison: Comparison, text: str) -> float:
    """Return how similar the text, or its beginning, is to the expected one, from 0 to 1."""
    if comparison.contained:
        return share_of_words(comparison.expected, text)
    expected, actual = _pairs(comparison.expected), _pairs(text)
    return 2 * len(expected & actual) / (len(expected) + len(actual))


def _pairs(text: str) -> set[tuple[str, str]]:
    # Pairs of neighbouring characters, compared by the Sorensen-Dice coefficient: almost as good as
    # difflib, and ten times as fast. NUL marks both ends.
    text = text[:_CHARACTERS]
    return set(zip(f"\0{text}", f"{text}\0", strict=True))


def _rank(seen: Seen) -> tuple[float, int]:
    comparisons = [difference.comparison for difference in seen.differences]
    return sum(_best(comparison) for comparison in comparisons if comparison), seen.number


def _best(comparison: Comparison) -> float:
    return max(similarity(comparison, text) for text in comparison.texts[:_TEXTS])

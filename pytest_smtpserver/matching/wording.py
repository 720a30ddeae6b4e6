"""Values in words: on one line, of limited length, with invisible characters made visible."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: How many characters of a text are shown; arbitrary: with a keyword before it, it fits a line.
WIDTH: Final = 72

#: How many characters a line of a failure's text has at most; arbitrary, but nobody reads more.
LINE: Final = 200

#: How many of several values are shown before the rest is only counted; arbitrary.
_SHOWN: Final = 3

#: How far from the place of a cut a space is looked for; arbitrary: a long word.
_TO_A_SPACE: Final = 12

#: How many characters are compared at once; arbitrary.
_BLOCK: Final = 4096


def _bounded_repr() -> Callable[[object], str]:
    bounded = reprlib.Repr()
    bounded.maxstring = bounded.maxother = WIDTH
    return bounded.repr


_repr = _bounded_repr()


def shown(value: object) -> str:
    """Return the `repr` of `value` on one line, shortened in the middle if it is long.

    A function is shown by its name. Only the ends of huge texts are looked at.
    """
    name = getattr(value, "__name__", None) if callable(value) else None
    return name if isinstance(name, str) else _one_line(_repr(value))


def shortened(text: str, width: int = 2 * WIDTH) -> str:
    """Return the text on one line, without its middle if it is longer than `width`."""
    # Cut before escaping, as the text may be huge, and after it, as escapes make it longer.
    return _cut_in_the_middle(_one_line(_cut_in_the_middle(text, width)), width)


def _cut_in_the_middle(text: str, width: int) -> str:
    half = (width - 3) // 2
    return text if len(text) <= width else f"{text[:half]}...{text[-half:]}"


def fitted(line: str) -> str:
    """Return a line of a failure's text without its middle if it is too long."""
    return line if len(line) <= LINE else shortened(line, LINE)


def counted(count: int, noun: str) -> str:
    """Return the number with the noun, in the plural if necessary."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _one_line(text: str) -> str:
    return printable(" ".join(text.splitlines()))


def listed(values: Iterable[object]) -> str:
    """Return the first few values, separated by commas, and how many more there are."""
    every = list(values)
    texts = [shown(value) for value in every[:_SHOWN]]
    if len(every) > _SHOWN:
        texts.append(f"... {len(every) - _SHOWN} more")
    return ", ".join(texts)


def first_difference(one: str, other: str) -> int:
    """Return the index of the first character in which the texts differ.

    If one text begins with the other, it is the length of the shorter one.
    """
    shorter = min(len(one), len(other))
    # Compare blocks first: megabytes character by character would take a second.
    blocks = (slice(start, start + _BLOCK) for start in range(0, shorter, _BLOCK))
    start = next((block.start for block in blocks if one[block] != other[block]), shorter)
    return next((at for at in range(start, shorter) if one[at] != other[at]), shorter)


def aligned(expected: str, actual: str, width: int = WIDTH) -> tuple[str, str, int]:
    """Return both texts, quoted, and the column of the first difference in either.

    Texts longer than `width` are cut to the same part around the difference, between words if there
    is a space nearby. `...` marks what is left out. A caret in that column is under the difference.
    """
    at = first_difference(expected, actual)
    start = _start(actual, at, width) if max(len(expected), len(actual)) > width else 0
    lead = "..." if start else ""
    column = len(lead) + 1 + _columns(visible(actual[start:at]))
    return lead + _cut(expected, start, width), lead + _cut(actual, start, width), column


def _start(text: str, at: int, width: int) -> int:
    start = at - width // 2
    if start <= 0:
        return 0
    space = text.find(" ", start, min(start + _TO_A_SPACE, at))
    return start if space < 0 else space + 1


def _cut(text: str, start: int, width: int) -> str:
    if len(text) <= start + width:
        return _quoted(text[start:])
    space = text.rfind(" ", start + width - _TO_A_SPACE, start + width + 1)
    return f"{_quoted(text[start : space if space > start else start + width])}..."


def _quoted(text: str) -> str:
    r"""Return the text in quotes, on one line: control characters and the like are escaped."""
    quote = '"' if "'" in text and '"' not in text else "'"
    return f"{quote}{visible(text)}{quote}"


def visible(text: str) -> str:
    """Return the text with control characters and other invisible ones escaped.

    Backslashes are escaped, too, so that the text can be read back.
    """
    return "\\\\".join(_without(part, _literal) for part in text.split("\\"))


def printable(text: str) -> str:
    r"""Return a text from outside so that it can be printed safely, on one line.

    Escape sequences would act on the terminal, and marks of direction would reorder the text around
    them. An octet that was not UTF-8 is shown as `\xff`.
    """
    return _without(text, escaped)


def escaped(character: str) -> str:
    r"""Return a character as an escape; one that stands for an octet (PEP 383) as `\xff`."""
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else _literal(character)


def _literal(character: str) -> str:
    """Return a character as it can be written in Python."""
    return character.encode("unicode_escape").decode("ascii")


def _without(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else escape(one) for one in text)


def _columns(text: str) -> int:
    """Return the columns that a terminal takes for the text (Unicode Standard Annex 11)."""
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )

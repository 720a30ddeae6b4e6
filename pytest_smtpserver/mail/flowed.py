"""Joins the lines of text with format=flowed (RFC 3676), which the sender's program broke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Section 4.3: the line before a signature is neither flowed nor part of a paragraph.
_SIGNATURE: Final = "-- "


def unwrapped(text: str, *, delsp: bool) -> str:
    r"""Return a text with `\n` line ends in which each paragraph is one line.

    With `delsp` the space at which a line was broken is deleted (section 4.4).
    """
    return "\n".join(_paragraphs(text, delsp=delsp))


def _paragraphs(text: str, *, delsp: bool) -> Iterator[str]:
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        # Section 4.5: "Count and remove any quote marks"; section 4.4: then a stuffed space.
        unquoted = line.lstrip(">") if line[:1] == ">" else line
        level = len(line) - len(unquoted)
        unstuffed = unquoted[1:] if unquoted[:1] == " " else unquoted
        is_apart = level != depth or unstuffed == _SIGNATURE
        if paragraph and is_apart:
            yield _quoted(depth, paragraph)
            paragraph = []
        depth = level
        is_flowed = unstuffed[-1:] == " " and unstuffed != _SIGNATURE
        paragraph.append(unstuffed[:-1] if is_flowed and delsp else unstuffed)
        if not is_flowed:
            yield _quoted(depth, paragraph)
            paragraph = []
    if paragraph:
        yield _quoted(depth, paragraph)


def _quoted(depth: int, lines: list[str]) -> str:
    text = "".join(lines)
    return f"{'>' * depth} {text}" if depth and text else f"{'>' * depth}{text}"

"""The blocks of a page, and whether what a page shows was printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BLOCK = re.compile(
    r"^(?:<!-- (prints|fails with) -->\n)?```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(r"# ([\w./-]+\.(?:py|toml|ini|cfg|feature))(, continued)?\n")

# What is different in each run.
_VOLATILE: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\[?::1\]?:\d+", "[::1]:PORT"),
    (r"\d\d:\d\d:\d\d(\.\d+)?( UTC)?", "TIME"),
    (r"\+\d+\.\d{3} ", "+SECONDS "),
    (r"\b\d+\.\d+ ?s\b", "SECONDS s"),
    (r"in \d+ s\b", "in SECONDS s"),
    (r"(TLSv1\.3) with \w+", r"\1 with SUITE"),
    # The case of what smtplib sends is not the same in all versions of Python.
    (r"C: (?i:ehlo|mail from|rcpt to|data|quit)\b", lambda command: command[0].upper()),
    (r"={3,}", "==="),
    (r"-{3,}", "---"),
    (r"made at \S+", "made at LINE"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block: the words after the fence, its text, and the number of its first line."""

    info: str
    text: str
    line: int
    #: What the block above is to do with the text.
    role: str | None

    @property
    def file(self) -> str | None:
        """The name of the project's file that it is, if it is one."""
        found = _FILE.match(self.text)
        return found[1] if found else None


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(3)) + 1
        yield Block(found[2].strip(), found[3], line, found[1])


class PageError(AssertionError):
    """A page shows something that does not happen."""


def compare(block: Block, command: str, shown: str, printed: str) -> None:
    """Raise `PageError` unless the shown text was printed, in this order."""
    rest = f"\n{_normalized(printed)}\n"
    for text in re.split(r"^\[\.\.\.\]\n", shown, flags=re.MULTILINE):
        if not (piece := _normalized(text)):
            continue
        # Within a line it means the rest of that line.
        pattern = re.escape(f"\n{piece}\n").replace(re.escape("[...]"), ".*")
        if not (found := re.search(pattern, rest)):
            raise PageError(
                f"line {block.line}: `{command}` does not print this (here, or at all):\n\n{piece}"
                f"\n\nIt prints:\n\n{printed}"
            )
        rest = rest[found.end() - 1 :]


def _normalized(text: str) -> str:
    for pattern, replacement in _VOLATILE:
        text = re.sub(pattern, replacement, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())

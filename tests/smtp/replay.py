r"""Dialogues as text files, and how they are replayed. A file has three parts between `---` lines:

1. Its subject, as comments, and the server's settings, in TOML. `rules` is a list of tables, one
   for each rule: its `stage`, its `match`, and its steps in order, with their argument (or with
   several, in a table), such as `reply = "550 no"`.
2. The dialogue:

   * `C: ` is a line of the client and `S: ` a line of the server, both without their CRLF;
   * `C> ` and `S> ` are octets, used if a line end is missing or is not CRLF;
   * `* ` is an event: `* eof`, `* reset`, `* idle`, `* stop`, `* resume`, `* tls` (the handshake is
     done), see `HAPPENINGS`.

   Octets are UTF-8. The escapes `\r`, `\n`, `\t`, `\0`, `\\`, `\xff` have their usual meaning, and
   `\{a*600}` is 600 times "a". In a line of the server, `[...]` matches anything.
3. The expected records, as `recorded.py` writes them.

Consecutive lines of the client are sent together, and the lines of the server after them are its
whole answer to them. The way in which the client's octets are cut must make no difference: see
`CUTS`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tests.conversation import Conversation, in_pieces
from tests.smtp.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from pytest_smtpserver import ServerSettings
    from tests.conversation import Rules

FILES = sorted((Path(__file__).parent / "dialogues").glob("*.txt"))

#: name -> a function that cuts one turn of the client.
CUTS: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "whole": lambda octets: [octets],
    "in turns": lambda octets: [octets],
    "by lines": lambda octets: octets.splitlines(keepends=True),
    "by octets": lambda octets: in_pieces(octets, 1),
}

#: What can happen besides octets: name -> a function that returns what the server then sends.
HAPPENINGS: Mapping[str, Callable[[Conversation], bytes]] = {
    "eof": lambda conversation: conversation.eof(),
    "reset": lambda conversation: conversation.eof(reset=True),
    "idle": lambda conversation: conversation.end("idle"),
    "stop": lambda conversation: conversation.end("stop"),
    "resume": lambda conversation: conversation.resume(),
    "tls": lambda conversation: conversation.tls_done(),
}

_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|\{(.+)\*([0-9]+)\}|([rnt0\\]))")
_CHARACTERS = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


@dataclass(frozen=True)
class Turn:
    """What the client sends, or what happens, and what the server says to it."""

    octets: bytes
    happening: str
    answer: bytes


@dataclass(frozen=True)
class Dialogue:
    """The content of one file."""

    settings: ServerSettings
    #: Each the stage, the match, and the steps with their arguments, as TOML has them.
    rules: list[dict[str, Any]]
    turns: list[Turn]
    recorded: str

    def make_rules(self, book: Rules) -> None:
        """Make the rules in a rule book."""
        for row in self.rules:
            rule = book.on(row["stage"], **row.get("match", {}))
            for name, argument in row.items():
                if name not in ("stage", "match"):
                    _take_step(getattr(rule, name), argument)


def read(path: Path) -> Dialogue:
    """Return the dialogue in a file."""
    head, body, records = path.read_text("utf-8").split("---\n")
    table = tomllib.loads(head)
    rules = table.pop("rules", [])
    return Dialogue(cast("ServerSettings", table), rules, list(_turns(body)), records)


def replay(dialogue: Dialogue, cut: str) -> tuple[list[tuple[Turn, bytes]], str]:
    """Play the client's side, its octets cut; return what was said wrong, and the records."""
    turns = _joined(dialogue.turns) if cut == "whole" else dialogue.turns
    conversation = Conversation(rules=dialogue.make_rules, **dialogue.settings)
    greeting = conversation.greeting
    wrong = [] if _agree(turns[0].answer, greeting) else [(turns[0], greeting)]
    for turn in turns[1:]:
        if turn.happening:
            said = HAPPENINGS[turn.happening](conversation)
        else:
            said = b"".join(map(conversation.send, CUTS[cut](turn.octets)))
        if not _agree(turn.answer, said):
            wrong.append((turn, said))
    return wrong, recorded(conversation)


def _take_step(step: Callable[..., object], argument: Any) -> None:
    if isinstance(argument, dict):
        step(**argument)
    else:
        step(argument.encode() if step.__name__ == "send" else argument)


def _turns(body: str) -> Iterator[Turn]:
    octets, happening, answer = b"", "", b""
    for side, lines in groupby(body.splitlines(), key=lambda line: line[0]):
        if side == "S":
            yield Turn(octets, happening, b"".join(map(_octets, lines)))
            octets, happening = b"", ""
            continue
        if octets or happening:
            yield Turn(octets, happening, answer)
            octets, happening = b"", ""
        if side == "C":
            octets = b"".join(map(_octets, lines))
        else:
            (happening,) = (line.removeprefix("* ") for line in lines)
    if octets or happening:
        yield Turn(octets, happening, answer)


def _joined(turns: list[Turn]) -> list[Turn]:
    # The greeting comes of itself; all that is sent without anything happening goes together.
    joined = [turns[0]]
    for happens, some in groupby(turns[1:], key=lambda turn: turn.happening):
        together = list(some)
        octets, answers = (b"".join(t.octets for t in together), [t.answer for t in together])
        joined.append(Turn(octets, happens, b"".join(answers)))
    return joined


def _octets(line: str) -> bytes:
    end = {":": b"\r\n", ">": b""}[line[1]]
    return _ESCAPE.sub(_unescaped, line[3:].encode()) + end


def _unescaped(match: re.Match[bytes]) -> bytes:
    code, repeated, times, character = match.groups()
    if repeated:
        return repeated * int(times)
    return bytes.fromhex(code.decode()) if code else _CHARACTERS[character]


def _agree(expected: bytes, said: bytes) -> bool:
    pattern = re.escape(expected).replace(rb"\[\.\.\.\]", rb"[^\r\n]*")
    return re.fullmatch(pattern, said) is not None

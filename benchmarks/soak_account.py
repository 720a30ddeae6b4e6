"""What the clients of the soak know about the messages that they sent, apart from the records."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_smtpserver import Message

_FIELD = b"X-Soak: "
_numbers = itertools.count(1)
_numbering = threading.Lock()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that a client means to send; its name is in its first line."""

    name: bytes
    content: bytes


def letter(body: bytes) -> Letter:
    """Return a letter with a name of its own."""
    with _numbering:
        name = b"%d" % next(_numbers)
    return Letter(name, _FIELD + name + b"\r\nSubject: soak\r\n\r\n" + body)


@dataclass
class Account:
    """For each letter: it was accepted, it was not, or only the server can know."""

    accepted: list[Letter] = field(default_factory=list)
    refused: list[Letter] = field(default_factory=list)
    unknown: list[Letter] = field(default_factory=list)

    def faults(self, messages: Iterable[Message]) -> Iterator[str]:
        """Yield a sentence for each message that is missing, doubled, altered or invented."""
        contents = [message.content for message in messages]
        arrived = Counter(map(_name, contents))
        right = {"accepted": (1,), "refused": (0,), "unknown": (0, 1)}
        for fate, times in right.items():
            for one in getattr(self, fate):
                if arrived[one.name] not in times:
                    recorded = f"recorded {arrived[one.name]} times"
                    yield f"letter {one.name.decode()} ({fate}) is {recorded}"
        sent = {one.name: one.content for one in (*self.accepted, *self.unknown)}
        for content in contents:
            if sent.get(_name(content)) != content:
                yield f"nobody sent {content[:60]!r}"


def _name(content: bytes) -> bytes:
    return content.partition(b"\r\n")[0].removeprefix(_FIELD)

"""Which parts are the body, by the algorithm of RFC 8621 section 4.1.4.

What it decides
---------------

A mail has two bodies: the one for readers who prefer plain text, and the one for readers who prefer
HTML. Each part goes to one of them, to both, or to neither; then it is an attachment.

* In a multipart/alternative, text/plain goes to the text body and text/html to the HTML body. If it
  had only one of the two kinds, that kind goes to the other body too (`_Level.end`).
* In a multipart/related, only the first part can be a body. The others, such as pictures, are what
  it refers to.
* Anywhere else, a text or a picture goes to both bodies. There is one exception: inside an
  alternative, a text/html part closes the text body, and a text/plain part closes the HTML body,
  for the rest of their multipart (`None` in `_Level`).

Example: a newsletter with a picture, sent through a mailing list.

    multipart/mixed
      multipart/alternative
        text/plain            text body
        multipart/related
          text/html           HTML body; closes the text body within this multipart
          image/png           not the first part of a related: an attachment
      text/plain              the list's footer: both bodies
      application/pdf         neither text nor picture: an attachment

Afterwards the text body keeps its text/plain parts and the HTML body its text/html parts. All other
parts are attachments, pictures in a body too.

How it is written
-----------------

The standard has a recursive function, `parseStructure`. Hostile mail nests parts thousands deep,
so here is a loop with a stack. A `_Level` on the stack is one call of that function: its arguments,
and its local variables. `next` is the loop's counter, and `text_length` and `html_length` are how
long the bodies were when the call began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .structure import Part


class Chosen(NamedTuple):
    """The parts of the text body, those of the HTML body, and all others, each in order."""

    texts: list[Part]
    htmls: list[Part]
    others: list[Part]


def choose(content: bytes, root: Part) -> Chosen:
    """Return the parts of a message that have content, sorted into bodies and others."""
    texts: list[Part] = []
    htmls: list[Part] = []
    leaves: list[Part] = []
    stack = [_Level([root], "mixed", False, texts, htmls)]
    while stack:
        level = stack[-1]
        if level.next == len(level.parts):
            stack.pop().end()
            continue
        part = level.parts[level.next]
        level.next += 1
        if part.children:
            stack.append(level.within(part))
        elif not _is_void(content, part):
            leaves.append(part)
            level.take(part)
    # Each body may also have pictures, and parts of the other kind that stand in for it.
    texts = [part for part in texts if leaf_type(part) == "text/plain"]
    htmls = [part for part in htmls if leaf_type(part) == "text/html"]
    numbers = {part.number for part in (*texts, *htmls)}
    return Chosen(texts, htmls, [leaf for leaf in leaves if leaf.number not in numbers])


def leaf_type(part: Part) -> str:
    """Return the type of a part without children: a multipart without parts is read as text."""
    return "text/plain" if part.type.startswith("multipart/") else part.type


def _is_void(content: bytes, part: Part) -> bool:
    # A multipart without parts and without text has nothing to show.
    is_multipart = part.type.startswith("multipart/")
    return is_multipart and not content[part.body : part.end].strip()


@dataclass(slots=True)
class _Level:
    """One call of the standard's `parseStructure`: its arguments and its local variables."""

    parts: list[Part]
    subtype: str
    in_alternative: bool
    #: The standard's `textBody` and `htmlBody`; `None` once this one is closed.
    text: list[Part] | None
    html: list[Part] | None
    next: int = 0
    taken: int = 0
    text_length: int = -1
    html_length: int = -1

    def __post_init__(self) -> None:
        if self.text is not None:
            self.text_length = len(self.text)
        if self.html is not None:
            self.html_length = len(self.html)

    def within(self, part: Part) -> _Level:
        """Return the level for the parts of a multipart."""
        self.taken += 1
        subtype = part.type.partition("/")[2]
        in_alternative = self.in_alternative or subtype == "alternative"
        return _Level(part.children, subtype, in_alternative, self.text, self.html)

    def take(self, part: Part) -> None:
        """Append a part to the bodies that it belongs to."""
        kind = leaf_type(part)
        is_body = self._is_inline(part, kind)
        self.taken += 1
        if not is_body:
            return
        if self.subtype == "alternative":
            self._take_alternative(part, kind)
            return
        if self.in_alternative:
            self.html = None if kind == "text/plain" else self.html
            self.text = None if kind == "text/html" else self.text
        for body in (self.text, self.html):
            if body is not None:
                body.append(part)

    def _take_alternative(self, part: Part, kind: str) -> None:
        if kind == "text/plain" and self.text is not None:
            self.text.append(part)
        if kind == "text/html" and self.html is not None:
            self.html.append(part)

    def _is_inline(self, part: Part, kind: str) -> bool:
        is_media = kind.startswith(("image/", "audio/", "video/"))
        if part.disposition.value == "attachment" or not (
            is_media or kind in ("text/plain", "text/html")
        ):
            return False
        # "If multipart/related, only the first part can be inline. If a text part with a filename,
        # and not the first item in the multipart, assume it is an attachment".
        is_first = self.taken == 0
        return is_first or (self.subtype != "related" and (is_media or not part.filename))

    def end(self) -> None:
        """After an alternative of only one kind, let its parts stand in for the other kind."""
        if self.subtype != "alternative" or self.text is None or self.html is None:
            return
        no_text = len(self.text) == self.text_length
        no_html = len(self.html) == self.html_length
        if no_text and not no_html:
            self.text.extend(self.html[self.html_length :])
        if no_html and not no_text:
            self.html.extend(self.text[self.text_length :])

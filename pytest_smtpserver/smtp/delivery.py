"""The end of a message's content: who answers for it, and what is recorded before.

In SMTP the server answers once. RFC 2033 section 4.2: an LMTP server "is required to return one
reply for each previously successful RCPT command in the mail transaction, in the order that the
RCPT commands were issued".
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import replies
from .states import END_OF_CONTENT, State
from .turn import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.engine import Action

    from .content import Chunks, Content
    from .dialogue import Dialogue


def content_ended(dialogue: Dialogue, content: Content) -> Iterable[Action]:
    """Answer the end of the content that came after DATA."""
    return _deliver(dialogue, content, END_OF_CONTENT, ("message",))


def chunk_ended(dialogue: Dialogue, chunks: Chunks) -> Iterable[Action]:
    """Answer a chunk; the last one is the end of the content (RFC 3030 section 2)."""
    if chunks.is_last and not chunks.is_too_big:
        return _deliver(dialogue, chunks, chunks.line, ("message", "bdat", "*"))
    reply = replies.TOO_BIG if chunks.is_too_big else replies.chunk_received(chunks.chunk)
    own = dialogue.offer.dressed(reply)
    return Turn(
        dialogue, ("bdat", "*"), lambda: own, dialogue.chunk_answered, line=chunks.line
    ).answer()


def _deliver(
    dialogue: Dialogue, content: Content | Chunks, line: str, stages: tuple[str, ...]
) -> Iterable[Action]:
    octets = content.octets()
    if octets is None:
        what: str | bytes = f"[{content.size:,} octets of content, too many to be kept]"
        reply, stages = replies.TOO_BIG, ()
    else:
        what, reply = octets, replies.ACCEPTED
        dialogue.content_complete(octets)
    own = dialogue.offer.dressed(reply)
    is_lmtp = dialogue.offer.settings.protocol == "lmtp"
    recipients: tuple[str | None, ...] = dialogue.recipients if is_lmtp else (None,)
    message = dialogue.message
    for number, recipient in enumerate(recipients, 1):
        about = {"message": message, "recipient": recipient}
        if number == 1 and line == END_OF_CONTENT:
            dialogue.session.asked(line, dialogue.now)
        elif number > 1:
            dialogue.session.asked(END_OF_CONTENT, dialogue.now)
        if number == 1:
            dialogue.session.noticed("C", what, dialogue.now)
        is_last = number == len(recipients)
        yield from Turn(
            dialogue,
            stages,
            lambda: own,
            partial(dialogue.content_answered, recipient, is_last=is_last),
            line=line,
            about=partial(dict, about),
        ).answer()
        if dialogue.state is State.CLOSED:
            return

"""The end of a message's content: how many replies it gets, and what is recorded before them.

In SMTP the server answers once. RFC 2033 section 4.2: an LMTP server "is required to return one
reply for each previously successful RCPT command in the mail transaction, in the order that the
RCPT commands were issued".
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import replies
from .states import END_OF_CONTENT, State
from .turn import Turn, answer_without_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.records.reply import Reply

    from .content import Chunks, Content
    from .dialogue import Dialogue


def content_ended(dialogue: Dialogue, content: Content) -> Iterable[Action]:
    """Answer the end of the content that came after DATA."""
    return _deliver(dialogue, content, END_OF_CONTENT, ("message",))


def chunk_ended(dialogue: Dialogue, chunks: Chunks) -> Iterable[Action]:
    """Answer a chunk; the last one is the end of the content (RFC 3030 section 2)."""
    if chunks.is_last:
        return _deliver(dialogue, chunks, chunks.line, ("message", "bdat", "*"))
    reply = replies.TOO_BIG if chunks.is_too_big else replies.chunk_received(chunks.chunk)
    own = dialogue.offer.rendered(reply)
    return Turn(
        dialogue, ("bdat", "*"), lambda: own, dialogue.chunk_answered, line=chunks.line
    ).answer()


def _deliver(
    dialogue: Dialogue, content: Content | Chunks, line: str, stages: tuple[str, ...]
) -> Iterable[Action]:
    transaction = dialogue.transaction
    assert transaction is not None
    octets = content.octets()
    transaction.complete(octets, content.size, dialogue.now)
    if octets is None:
        what: str | bytes = f"[{content.size:,} octets of content, too many to be kept]"
        own = dialogue.offer.rendered(replies.TOO_BIG)
    else:
        what, own = octets, dialogue.offer.rendered(replies.ACCEPTED)
    dialogue.session.noticed("C", what, dialogue.now)
    if line == END_OF_CONTENT:
        dialogue.session.asked(line, dialogue.now)
    if dialogue.offer.settings.protocol == "lmtp":
        return _answer_for_each(dialogue, own, line, stages)
    return _answer(dialogue, own, line, stages)


def _answer_for_each(
    dialogue: Dialogue, own: Reply, line: str, stages: tuple[str, ...]
) -> Iterable[Action]:
    transaction = dialogue.transaction
    assert transaction is not None
    recipients, message = transaction.addresses, transaction.message
    last = len(recipients) - 1
    for number, recipient in enumerate(recipients):
        if number:
            dialogue.session.asked(END_OF_CONTENT, dialogue.now)
        facts = {"message": message, "recipient": recipient}
        carry_out = partial(dialogue.content_answered, recipient, is_last=number == last)
        yield from Turn(
            dialogue, stages, lambda: own, carry_out, line=line, facts=partial(dict, facts)
        ).answer()
        if dialogue.progress.state in (State.CLOSED, State.SILENT):
            # A reply was withheld, so there will be no other: the transaction ends as it is.
            dialogue.reset()
            return


def _answer(dialogue: Dialogue, own: Reply, line: str, stages: tuple[str, ...]) -> Iterable[Action]:
    carry_out = partial(dialogue.content_answered, None, is_last=True)
    if not dialogue.rules.rules:
        return answer_without_rules(dialogue, own, carry_out)
    assert dialogue.transaction is not None
    facts = {"message": dialogue.transaction.message}
    return Turn(
        dialogue, stages, lambda: own, carry_out, line=line, facts=partial(dict, facts)
    ).answer()

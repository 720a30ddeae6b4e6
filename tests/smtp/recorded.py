"""The records of a conversation as text, with one fact on each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_smtpserver import Session, Transaction
    from tests.conversation import Conversation


def recorded(conversation: Conversation) -> str:
    """Return all sessions with their transactions and contents, and the count of messages."""
    lines = []
    for session in conversation.recorder.sessions():
        lines.append(f"session ended by {session.ended_by}, {_introduction(session)}")
        lines += [f"  {attempt!r}" for attempt in session.auth]
        for transaction in session.transactions:
            lines += _transaction(transaction)
    lines.append(f"messages: {len(conversation.messages)}")
    return "\n".join(lines) + "\n"


def _introduction(session: Session) -> str:
    if session.helo is None:
        return "no EHLO or HELO"
    return f"{'EHLO' if session.is_esmtp else 'HELO'} {session.helo}"


def _transaction(transaction: Transaction) -> Iterator[str]:
    envelope = transaction.envelope
    to = zip(envelope.rcpt_to, envelope.rcpt_parameters, strict=True)
    recipients = ", ".join(_path(*one) for one in to) or "nobody"
    sender = _path(envelope.mail_from, envelope.parameters)
    yield f"{transaction.outcome}: {sender} -> {recipients}"
    for address, reply in transaction.refused:
        yield f"  refused <{address}>: {reply}"
    yield f"  reply {transaction.reply}"
    if transaction.message:
        for line in transaction.message.content.split(b"\r\n")[:-1]:
            yield f"  | {_shown(line)}".rstrip(" ")


def _path(address: str, parameters: Mapping[str, str | None]) -> str:
    given = (
        keyword if value is None else f"{keyword}={value}" for keyword, value in parameters.items()
    )
    return " ".join((f"<{address}>", *given))


def _shown(line: bytes) -> str:
    text = line.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )

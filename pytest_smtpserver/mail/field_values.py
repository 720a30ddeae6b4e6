"""Decodes the values of fields, and knows which fields may have encoded words.

RFC 2047 section 5 allows encoded words in unstructured fields, in comments and in phrases. All
other values stay as they were sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import addresses, encoded_words, lexer
from .defects import Defect

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Fields that hold addresses: RFC 5322 section 3.6, RFC 8098 section 2.1.
ADDRESSES: Final = frozenset(
    (
        "bcc", "cc", "disposition-notification-to", "from", "reply-to", "resent-bcc", "resent-cc",
        "resent-from", "resent-reply-to", "resent-sender", "resent-to", "sender", "to",
    )
)  # fmt: skip
#: Structured fields without phrases: RFC 5322, 2045, 2183, 2369, 3834, 6376, 8058, 8601.
_WITHOUT_PHRASES: Final = frozenset(
    (
        "arc-authentication-results", "arc-message-signature", "arc-seal", "authentication-results",
        "auto-submitted", "content-disposition", "content-id", "content-transfer-encoding",
        "content-type", "date", "dkim-signature", "in-reply-to", "list-archive", "list-help",
        "list-owner", "list-post", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post",
        "message-id", "mime-version", "received", "references", "resent-date", "resent-message-id",
        "return-path",
    )
)  # fmt: skip
#: In the parameters of these, senders do write encoded words, and readers decode them
#: (`structured`).
_OF_MIME: Final = frozenset(("content-disposition", "content-type"))
#: A wrong address in these fields is a defect; others, such as Sender, are rarely looked at.
READ: Final = ("From", "To", "Cc", "Reply-To")


def decode(name: str, value: str) -> str:
    """Return the value of a field of that name, decoded as far as allowed; never raises."""
    # Most values have nothing to decode.
    if not may_be_encoded(value) and "\n" not in value:
        return value.strip(" \t\r")
    lower = name.lower()
    if lower in _WITHOUT_PHRASES:
        return as_sent(value)
    return (
        encoded_words.decode_phrases(value) if lower in ADDRESSES else encoded_words.decode(value)
    )


def as_sent(value: str) -> str:
    """Return a value on one line, as text, without decoding it."""
    return encoded_words.shown(encoded_words.unfolded(value))


def may_be_encoded(value: str) -> bool:
    """Return whether there may be something to decode in a value."""
    return not value.isascii() or "=?" in value


def defects(name: str, value: str) -> Iterator[Defect]:
    """Yield what is wrong with the encoding of a field's value."""
    if not may_be_encoded(value):
        return
    lower = name.lower()
    if lower not in _OF_MIME:
        for text in encoded_words.complaints(value):
            yield Defect("bad-encoding", f"{name} {text}")
    if lower in _WITHOUT_PHRASES - _OF_MIME and _holds_word_outside_comments(value):
        yield Defect("bad-encoding", f"{name} {addresses.ENCODED}{as_sent(value)}")


def _holds_word_outside_comments(value: str) -> bool:
    return any(
        token.kind != "comment" and encoded_words.holds_word(token.text)
        for token in lexer.tokens(value, "<>")
    )

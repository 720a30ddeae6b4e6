"""The criteria as keywords that type checkers know; `matching` has what they mean.

Each takes a str, a compiled pattern, a callable, `None`, or any object that compares equal. So most
types end in `object`; the type before it is what a callable gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from .message import Message
    from .session import Session
    from .transaction import Transaction

#: What one text can be compared with.
ExpectedText = str | re.Pattern[str] | Callable[[str], object] | object | None
#: What one address can be compared with.
ExpectedAddress = str | re.Pattern[str] | Collection[str] | Callable[[str], object] | object | None
#: What several addresses can be compared with; a callable is given all of them.
ExpectedAddresses = (
    str | re.Pattern[str] | Collection[str] | Callable[[tuple[str, ...]], object] | object | None
)


class ContentCriteria(TypedDict, total=False):
    """What is expected of a message and of where it came from."""

    mail_from: ExpectedAddress
    rcpt_to: ExpectedAddresses
    from_: ExpectedAddress
    to: ExpectedAddresses
    cc: ExpectedAddresses
    reply_to: ExpectedAddresses
    subject: ExpectedText
    header: Mapping[str, ExpectedText]
    text: ExpectedText
    html: ExpectedText
    body: ExpectedText
    attachment: ExpectedText
    username: ExpectedText


class MessageCriteria(ContentCriteria, total=False):
    """The criteria of messages; all that are given must hold."""

    where: Callable[[Message], object]


class TransactionCriteria(TypedDict, total=False):
    """The criteria of transactions; all that are given must hold."""

    outcome: ExpectedText
    mail_from: ExpectedAddress
    rcpt_to: ExpectedAddresses
    where: Callable[[Transaction], object]


class SessionCriteria(TypedDict, total=False):
    """The criteria of sessions; all that are given must hold."""

    helo: ExpectedText
    username: ExpectedText
    mechanism: ExpectedText
    tls: bool | object
    ended_by: ExpectedText
    where: Callable[[Session], object]

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
Text = str | re.Pattern[str] | Callable[[str], object] | object | None
#: What one address can be compared with.
Address = str | re.Pattern[str] | Collection[str] | Callable[[str], object] | object | None
#: What several addresses can be compared with; a callable is given all of them.
Addresses = (
    str | re.Pattern[str] | Collection[str] | Callable[[tuple[str, ...]], object] | object | None
)


class ContentCriteria(TypedDict, total=False):
    """What is expected of a message and of where it came from."""

    mail_from: Address
    rcpt_to: Addresses
    from_: Address
    to: Addresses
    cc: Addresses
    reply_to: Addresses
    subject: Text
    header: Mapping[str, Text]
    text: Text
    html: Text
    body: Text
    attachment: Text
    username: Text


class MessageCriteria(ContentCriteria, total=False):
    """The criteria of messages; all that are given must hold."""

    where: Callable[[Message], object]


class TransactionCriteria(TypedDict, total=False):
    """The criteria of transactions; all that are given must hold."""

    outcome: Text
    mail_from: Address
    rcpt_to: Addresses
    where: Callable[[Transaction], object]


class SessionCriteria(TypedDict, total=False):
    """The criteria of sessions; all that are given must hold."""

    helo: Text
    username: Text
    mechanism: Text
    tls: bool | object
    ended_by: Text
    where: Callable[[Session], object]

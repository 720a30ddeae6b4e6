"""The accepted messages as pytest-localserver's `smtpserver` gives them, for tests that used it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, NamedTuple, SupportsIndex, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from email.message import EmailMessage

    from pytest_smtpserver.engine import SocketAddress
    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.records.message import Message


class Details(NamedTuple):
    """The envelope of a message in an outbox; options are as sent, such as `SIZE=12`."""

    peer: SocketAddress
    mailfrom: str
    rcpttos: list[str]
    mail_options: list[str]
    rcpt_options: list[str]


if TYPE_CHECKING:

    class DetailedMessage(EmailMessage):
        """A message as type checkers see it: an `EmailMessage` that has its envelope, too."""

        details: Details


class Outbox(list["DetailedMessage"]):
    """A list of messages, each with its `details`; the server forgets what is deleted from it.

    It is always current: before each read, it adds what `messages` returns.
    """

    def __init__(
        self,
        messages: Callable[[], Sequence[Message]],
        forget: Callable[[Message], object],
    ) -> None:
        super().__init__()
        self._read = messages
        self._forget = forget
        self._taken: Sequence[Message] = ()
        self._messages: dict[int, Message] = {}

    def _refresh(self) -> None:
        messages = self._read()
        if messages is not self._taken:
            self._taken = messages
            self._messages = {id(message.email): message for message in messages}
            super().__setitem__(slice(None), map(_with_details, messages))

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        kept = list(self)
        del kept[index]
        self[:] = kept

    def __setitem__(self, index: SupportsIndex | slice, value: object) -> None:
        before = list(self)
        super().__setitem__(index, value)  # type: ignore[call-overload]  # list's own overloads
        self._forget_others(before)

    def __reduce__(self) -> tuple[type[list[DetailedMessage]], tuple[list[DetailedMessage]]]:
        """Let `copy` and `pickle` make an ordinary list, which stays as it is."""
        return list, (list(self),)

    def pop(self, index: SupportsIndex = -1) -> DetailedMessage:
        """Remove a message, and return it."""
        email = self[index]
        del self[index]
        return email

    def remove(self, email: DetailedMessage) -> None:
        """Remove a message; raises `ValueError` if it is not there."""
        del self[self.index(email)]

    def clear(self) -> None:
        """Remove all messages."""
        del self[:]

    def _forget_others(self, before: Iterable[EmailMessage]) -> None:
        # Without the messages that have arrived since: what was deleted would be there again.
        left = set(map(id, list.__iter__(self)))
        for email in before:
            if id(email) not in left and (message := self._messages.pop(id(email), None)):
                self._forget(message)


def _live(name: str) -> Callable[..., object]:
    method = getattr(list, name)

    @wraps(method)
    def call(self: Outbox, *args: object, **kwargs: object) -> object:
        self._refresh()
        return method(self, *args, **kwargs)

    return call


#: All methods that read a list.
_READING = (
    "__add__", "__contains__", "__eq__", "__ge__", "__getitem__", "__gt__", "__iter__", "__le__",
    "__len__", "__lt__", "__mul__", "__ne__", "__repr__", "__reversed__", "__rmul__", "copy",
    "count", "index",
)  # fmt: skip

for _name in _READING:
    setattr(Outbox, _name, _live(_name))


def _with_details(message: Message) -> DetailedMessage:
    envelope = message.envelope
    email = cast("DetailedMessage", message.email)
    email.details = Details(
        peer=message.session.client,
        mailfrom=envelope.mail_from,
        rcpttos=list(envelope.rcpt_to),
        mail_options=_options(envelope.parameters),
        rcpt_options=[one for each in envelope.rcpt_parameters for one in _options(each)],
    )
    return email


def _options(parameters: Parameters) -> list[str]:
    return [key if value is None else f"{key}={value}" for key, value in parameters.items()]

"""The guarded view: a message's content, parsed on first use and then kept.

Nothing here raises: each accessor falls back to the raw value, and `defects` reports it.

Parsed on first use
-------------------

Most messages are asked for very little. Example: `wait_for_message(subject="Welcome")` looks at
three messages. It splits three headers and decodes three subjects; no body is parsed. If the test
then asks for `message.links`, the parts, the text and the HTML of that one message are read. Each
step is kept, because later steps share it: `code()`, `links` and `str(message)` all need `parts`.

Shared by threads
-----------------

A message is the same object in all snapshots, so several threads may ask for the same thing at
once: the test, and the servers' thread for a rule's criteria. There is no lock. All of it is
computed from the content, which never changes, so two threads that ask at the same moment compute
equal values, and either of them may be kept. That costs a little time twice, once in a while; a
lock would cost some on every access. Do not add state here that depends on who asked first.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import replaced
from pytest_smtpserver.matching.mailboxes import comparable

from . import addresses, field_values, header, html, links, long_html, parts
from .defects import Defect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage

    from .addresses import Address, Addresses
    from .header import Field
    from .links import Link

#: How many defects are listed; arbitrary. Hostile mail has a million.
_MOST_DEFECTS: Final = 100
#: How many characters of encoded values are decoded; arbitrary: no mailer makes a tenth of it.
_MOST: Final = 500_000
_TOO_MUCH: Final = (
    f"the header has more than {_MOST:,} characters in encoded values: they are not checked, and "
    "in a field that has so many they are not decoded"
)


class View:
    """The content of one message, parsed on demand."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._section = header.split(content)
        self._values: dict[str, tuple[str, ...]] = {}
        self._addresses: dict[str, Addresses] = {}

    @property
    def fields(self) -> tuple[Field, ...]:
        """Name and value of each field, as sent."""
        return self._section.fields

    @property
    def body_start(self) -> int:
        """The position in the content where the body begins."""
        return self._section.body

    @cached_property
    def _raw(self) -> dict[str, list[str]]:
        # By name, so that a million fields are not searched for each name.
        found: dict[str, list[str]] = {}
        for name, value in self._section.fields:
            found.setdefault(name.lower(), []).append(value)
        return found

    def count(self, name: str) -> int:
        """Return how many fields of that name there are."""
        return len(self._raw.get(name.lower(), ()))

    def values(self, name: str) -> tuple[str, ...]:
        """Return the decoded values of all fields of that name."""
        lower = name.lower()
        if lower not in self._raw:
            return ()
        if lower not in self._values:
            sent = self._raw[lower]
            self._values[lower] = (
                tuple(map(field_values.as_sent, sent))
                if _are_too_much(sent)
                else tuple([field_values.decode(lower, value) for value in sent])
            )
        return self._values[lower]

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return each address in the fields of that name."""
        return self._parsed_addresses(name).addresses

    @cached_property
    def named(self) -> frozenset[object]:
        """The recipients in To and Cc, as they compare."""
        found = (*self.addresses("To"), *self.addresses("Cc"))
        return frozenset(comparable(address.spec) for address in found)

    @cached_property
    def parts(self) -> parts.Parts:
        """The bodies and the attachments."""
        return parts.parse(self._content, self._section)

    @cached_property
    def _page(self) -> html.Page:
        return html.read(self.parts.html)

    @property
    def html_text(self) -> str:
        """What a reader sees of the HTML body."""
        return self._page.text

    @cached_property
    def document(self) -> str:
        """The HTML body as one document that a browser can show."""
        from .document import document

        return document(self.parts.html, self.parts.attachments)

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of both bodies."""
        return self._links[0]

    @cached_property
    def _links(self) -> tuple[tuple[Link, ...], bool]:
        return links.together(self.parts.text, self._anchors)

    @cached_property
    def _anchors(self) -> tuple[tuple[str, str], ...]:
        if long_html.is_long(self.parts.html):
            return html.long_anchors(self.parts.html)
        return self._page.anchors

    @cached_property
    def defects(self) -> tuple[Defect, ...]:
        """What could not be parsed: the first ones, and of each kind, how many more there are."""
        found = tuple(dict.fromkeys(self._defects()))
        more = Counter(one.kind for one in found[_MOST_DEFECTS:])
        return (
            *found[:_MOST_DEFECTS],
            *(Defect(kind, f"and {count} more") for kind, count in more.items()),
        )

    def _defects(self) -> Iterator[Defect]:
        yield from self.parts.defects
        if self._section.complaint:
            yield Defect("unparsable", self._section.complaint)
        if _are_too_much([value for _, value in self.fields]):
            yield Defect("unparsable", _TOO_MUCH)
        else:
            for name, value in self.fields:
                yield from field_values.defects(name, value)
        if long_html.is_long(self.parts.html) and long_html.may_hide(self.parts.html):
            yield Defect("unparsable", long_html.NOT_APPLIED)
        if links.may_be_too_many(self.parts.text, self.parts.html) and self._links[1]:
            yield Defect("unparsable", links.TOO_MANY)
        for name in field_values.READ:
            yield from self._parsed_addresses(name).defects

    @cached_property
    def email(self) -> EmailMessage:
        """The message as the standard library parses it."""
        from email import message_from_bytes
        from email.message import EmailMessage
        from email.policy import default

        try:
            return message_from_bytes(self._content, EmailMessage, policy=default)
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            return self._without_structure(EmailMessage(default))

    def _without_structure(self, email: EmailMessage) -> EmailMessage:
        for name, value in self.fields:
            if name.lower() not in ("content-type", "content-transfer-encoding"):
                email._headers.append((name, value))  # type: ignore[attr-defined]
        email.set_payload(self._content[self.body_start :].decode("ascii", "surrogateescape"))
        return email

    def _parsed_addresses(self, name: str) -> Addresses:
        lower = name.lower()
        if lower not in self._addresses:
            sent = self._raw.get(lower, ())
            found = addresses.as_sent(sent) if _are_too_much(sent) else addresses.parse(*sent)
            self._addresses[lower] = found._replace(
                defects=tuple(
                    [replaced(defect, text=f"{name} {defect.text}") for defect in found.defects]
                )
            )
        return self._addresses[lower]


def _are_too_much(values: Sequence[str]) -> bool:
    """Return whether these values have too many characters to be decoded."""
    if sum(map(len, values)) <= _MOST:
        return False
    return sum(map(len, filter(field_values.may_be_encoded, values))) > _MOST

"""The guarded view: what a message's content says, parsed when it is asked for.

Each accessor falls back to the raw value where a parser gives up, and `defects` tells of it.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from . import header, html, parts
from .defects import Defect

if TYPE_CHECKING:
    from email.message import EmailMessage

_ADDRESS_FIELDS = ("From", "To", "Cc", "Reply-To")
# Characters. Arbitrary: some thirty thousand addresses, half a second of the parser's time.
_LONGEST_ADDRESS_FIELD = 1_000_000

# RFC 5322 sections 3.2.4 and 3.2.2: what may hold an "@" that is no address's. One that does not
# end goes on to the end of the field, or looking for its end would take quadratic time.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)|\((?:\\.|[^()\\])*+(?:\)|\\?\Z)')
# `ann@example.org <bob@example.org>` names two, and cannot mean both.
_TWO_IN_ONE = re.compile(r"@[^,;:<>@]*<")

#: Display name and addr-spec of each address, and the fields of which nothing can be made.
Addresses = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]


class View:
    """The content of one message, parsed."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.fields, self.body, self._header_is_whole = header.split(content)
        # Two threads that race find the same.
        self._parsed: dict[str, Addresses] = {}

    def values(self, name: str) -> tuple[str, ...]:
        """Return the decoded values of all fields of that name."""
        lower = name.lower()
        return tuple(header.decode(value) for field, value in self.fields if field.lower() == lower)

    def addresses(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return display name and addr-spec of each address in the fields of that name."""
        return self._addresses(name)[0]

    @cached_property
    def parts(self) -> parts.Parts:
        """The bodies and the attachments."""
        return parts.parse(self._content)

    @cached_property
    def html_text(self) -> str:
        """What a reader sees of the HTML body."""
        return html.visible_text(self.parts.html)

    @cached_property
    def links(self) -> tuple[html.Link, ...]:
        """The links of both bodies."""
        return html.links(self.parts.text, self.parts.html)

    @cached_property
    def defects(self) -> tuple[Defect, ...]:
        """What could not be parsed."""
        found = list(self.parts.defects)
        if not self._header_is_whole:
            sentence = "the header has a line that is no field; the body begins there"
            found.append(Defect("unparsable", sentence))
        for name, value in self.fields:
            found += [Defect("bad-encoding", text) for text in header.defects(name, value)]
        for name in _ADDRESS_FIELDS:
            texts = (f"{name} has no address: {raw}" for raw in self._addresses(name)[1])
            found += [Defect("unparsable", text) for text in texts]
        return tuple(dict.fromkeys(found))

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
        email.set_payload(self.body.decode("ascii", "surrogateescape"))
        return email

    def _addresses(self, name: str) -> Addresses:
        lower = name.lower()
        if lower not in self._parsed:
            values = [value for field, value in self.fields if field.lower() == lower]
            self._parsed[lower] = _parse_all(values)
        return self._parsed[lower]


def _parse_all(values: list[str]) -> Addresses:
    # Parsed before it is decoded: an encoded display name may hold commas and brackets.
    found: list[tuple[str, str]] = []
    unparsable: list[str] = []
    for raw in values:
        parsed = _parse_addresses(raw)
        if parsed is None:
            decoded = header.decode(raw)
            unparsable.append(decoded)
            parsed = [("", decoded)]
        found += parsed
    return tuple(found), tuple(unparsable)


def _parse_addresses(raw: str) -> list[tuple[str, str]] | None:
    """Return the addresses in a field, or `None` if nothing can be made of it."""
    unfolded = " ".join(raw.split())
    if len(unfolded) > _LONGEST_ADDRESS_FIELD or _TWO_IN_ONE.search(_QUOTED.sub("", unfolded)):
        return None
    parsed = _leniently_parsed(unfolded)
    # A group may be empty (RFC 5322 section 3.4: "undisclosed-recipients:;").
    if not parsed and unfolded and not unfolded.endswith(";"):
        return None
    if not all(_is_addr_spec(spec, unfolded) for _, spec in parsed):
        return None
    return [(header.decode(who), header.decode(spec)) for who, spec in parsed]


def _leniently_parsed(unfolded: str) -> list[tuple[str, str]]:
    from email import utils

    # Newer Pythons parse strictly, but give up on domain literals and on commas in comments.
    lenient = {"strict": False} if hasattr(utils, "supports_strict_parsing") else {}
    try:
        return [(who, spec) for who, spec in utils.getaddresses([unfolded], **lenient) if spec]
    except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
        return []


def _is_addr_spec(spec: str, sent: str) -> bool:
    local, at, domain = spec.rpartition("@")
    # The parser closes a domain literal that the sender left open.
    is_mended = spec.endswith("]") and "]" not in sent
    return bool(local and at and domain) and not is_mended

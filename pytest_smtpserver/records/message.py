"""A message: its envelope, its content octet for octet, and guarded views of what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pytest_smtpserver import matching
from pytest_smtpserver.frozen import frozen, later, not_pickled
from pytest_smtpserver.matching import given
from pytest_smtpserver.matching.mailboxes import comparable
from pytest_smtpserver.matching.wording import printable, shown
from pytest_smtpserver.suggesting import suggesting

from . import assertions, finding, following

if TYPE_CHECKING:
    import os
    import re
    from collections.abc import Callable, Collection, Mapping
    from email.message import EmailMessage
    from types import EllipsisType
    from typing import Unpack

    from pytest_smtpserver.mail.dkim import Key
    from pytest_smtpserver.mail.header import Field
    from pytest_smtpserver.mail.links import Link
    from pytest_smtpserver.mail.parts import Attachment
    from pytest_smtpserver.mail.snapshot import Mask
    from pytest_smtpserver.mail.view import View

    from .envelope import Envelope
    from .keywords import ExpectedAddress, ExpectedAddresses, ExpectedText, MessageCriteria
    from .problems import Problem
    from .session import Session
    from .transaction import Transaction


class Origin(Protocol):
    """Where a message came from; asked each time, because it may still go on."""

    @property
    def session(self) -> Session:
        """The session as it is now."""

    @property
    def transaction(self) -> Transaction:
        """The transaction as it is now."""


@not_pickled
@suggesting
@frozen(kw_only=True, eq=False)
class Message:
    """A message that the server received.

    `content` is exactly what was transmitted, dots unstuffed, up to and including the CRLF before
    the final dot. Reading malformed mail never raises: the raw value is returned instead, and
    `defects` says so.
    """

    envelope: Envelope
    content: bytes
    # Seconds since the epoch; the date is built on demand.
    _received: float
    _origin: Origin
    # Made on first use; two threads that race make two equal ones.
    _viewed: View | None = later()
    _found: tuple[Problem, ...] | None = later()
    _written: str | None = later()

    @property
    def received_at(self) -> datetime:
        """When the content became complete: an aware `datetime` in UTC."""
        return datetime.fromtimestamp(self._received, UTC)

    @property
    def session(self) -> Session:
        """The session as it is now, and once it has ended, its final value."""
        return self._origin.session

    @property
    def transaction(self) -> Transaction:
        """The transaction as it is now, and once it has ended, its final value."""
        return self._origin.transaction

    @property
    def email(self) -> EmailMessage:
        """The message as the standard library parses it; reading *its* headers may raise."""
        return self._view.email

    def __getitem__(self, name: str) -> str | None:
        """Return the decoded value of the first header field of that name, or `None`."""
        values = self._header_values(name)
        return values[0] if values else None

    def __contains__(self, name: object) -> bool:
        """Return whether there is a header field of that name, without regard to case."""
        return isinstance(name, str) and self._view.count(name) > 0

    @property
    def headers(self) -> tuple[Field, ...]:
        """Name and value of each header field as sent, still folded.

        Octets that are not UTF-8 are lone surrogates (the error handler `surrogateescape`).
        """
        return self._view.fields

    def _header_values(self, name: str) -> tuple[str, ...]:
        """Return the values of all fields of that name, decoded (RFC 2047) and unfolded."""
        return self._view.values(given.text("name", name))

    def _address_values(self, name: str) -> tuple[str, ...]:
        """Return each address of a field as `Display Name <addr-spec>`, or the addr-spec alone."""
        found = self._view.addresses(name)
        return tuple(f"{one.name} <{one.spec}>" if one.name else one.spec for one in found)

    @property
    def subject(self) -> str:
        """The decoded Subject; `""` if there is none."""
        values = self._view.values("Subject")
        return values[0] if values else ""

    @property
    def from_(self) -> str:
        """The addr-spec of the (first) author; `""` if there is none.

        If From has no valid address, it is the text that was sent there.
        """
        found = sorted(self._view.addresses("From"), key=lambda address: not address.is_valid)
        return found[0].spec if found else ""

    @property
    def to(self) -> tuple[str, ...]:
        """The addr-specs in To."""
        return self._specs("To")

    @property
    def cc(self) -> tuple[str, ...]:
        """The addr-specs in Cc."""
        return self._specs("Cc")

    @property
    def reply_to(self) -> tuple[str, ...]:
        """The addr-specs in Reply-To."""
        return self._specs("Reply-To")

    @property
    def text(self) -> str:
        r"""The plain-text body with `\n` line ends; `""` if there is none."""
        return self._view.parts.text

    @property
    def html(self) -> str:
        r"""The HTML body with `\n` line ends; `""` if there is none."""
        return self._view.parts.html

    @property
    def html_text(self) -> str:
        """The HTML body as a reader sees it: a line for each block, white space folded."""
        return self._view.html_text

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of both bodies, each once."""
        return self._view.links

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The parts that are not the body, inline ones and forwarded messages included."""
        return self._view.parts.attachments

    @property
    def blind_recipients(self) -> tuple[str, ...]:
        """The recipients of the envelope that are in neither To nor Cc."""
        named = self._view.named
        return tuple(one for one in self.envelope.rcpt_to if comparable(one) not in named)

    @property
    def defects(self) -> tuple[str, ...]:
        """A sentence for each thing that could not be parsed."""
        return tuple(dict.fromkeys(printable(defect.text) for defect in self._view.defects))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of the content, as listed in the reference; empty if there are none."""
        if self._found is None:
            from .problems import problems

            object.__setattr__(self, "_found", problems(self))
        return self._found or ()

    def link(
        self,
        contains: str | None = None,
        *,
        text: str | re.Pattern[str] | None = None,
        pattern: str | re.Pattern[str] | None = None,
    ) -> str:
        """Return the URL of the one link that fits; the same URL in both bodies counts once.

        The URL contains `contains`, and `pattern` is found in it; the visible text contains `text`,
        where any white space equals one space. Raises `SMTPAssertionError` listing the links if
        none or several fit, `ValueError` for a wrong pattern.
        """
        __tracebackhide__ = True
        return finding.link(self, contains, text, pattern)

    def code(self, pattern: str | re.Pattern[str] | None = None) -> str:
        """Return the one code in subject and body; the same one in both bodies counts once.

        Without a pattern it finds the one-time code: 4 to 8 digits (`123 456` too) that words for
        such a code, in some seventy languages, point at, and returns plain ASCII digits. Of
        `G-123456` it returns `123456`, as a user would type it; a code with letters among its
        digits is returned as it is. Prices, and telephone, order and postal numbers are not codes;
        years and dates are codes only if such words point closely at them. With a pattern it
        returns the first group, or the whole match if there is no group. Raises
        `SMTPAssertionError` listing the candidates, each with why it was or was not taken,
        `ValueError` for a wrong pattern.
        """
        __tracebackhide__ = True
        return finding.code(self, pattern)

    def attachment(self, glob: str = "*", *, content_type: str | None = None) -> Attachment:
        """Return the one attachment whose file name fits the glob; case matters.

        `content_type` is a glob, too, such as `image/*`; its case does not matter. Raises
        `SMTPAssertionError` listing the attachments if none or several fit.
        """
        __tracebackhide__ = True
        return finding.attachment(self, glob, content_type)

    def unsubscribe_link(self, *, one_click: bool = False) -> str:
        """Return the URL in List-Unsubscribe (RFC 2369): the first of http(s), or else the first.

        `one_click=True` checks what RFC 8058 demands: one HTTPS URL, List-Unsubscribe-Post, and a
        DKIM signature, if there is one, that covers both fields. Raises `SMTPAssertionError`, which
        says what is missing.
        """
        __tracebackhide__ = True
        return following.unsubscribe_link(self, one_click=one_click)

    def html_document(self) -> str:
        """Return the HTML body as one self-contained document, for a browser to show.

        It contains the pictures that `cid:` URLs name. Scripts and everything that would be loaded
        from outside are removed, and a policy forbids them. Raises `SMTPAssertionError` if there is
        no HTML body.
        """
        __tracebackhide__ = True
        return following.html_document(self)

    def assert_links(
        self,
        fetch: Callable[[str], Any],
        *,
        ignore: str | re.Pattern[str] | Collection[str | re.Pattern[str]] = (),
    ) -> None:
        """Raise `SMTPAssertionError` unless all links work, each `http` and `https` one once.

        `fetch` is called with each URL. Its result has a `status_code` or a `status`, or is such a
        number; 400 and above, or an exception, means that the link does not work. Raises
        `TypeError` for another result. URLs that contain a text of `ignore`, or in which one of its
        patterns is found, are not fetched.
        """
        __tracebackhide__ = True
        following.links_work(self, fetch, ignore)

    def assert_matches(self, **criteria: Unpack[MessageCriteria]) -> None:
        """Raise `SMTPAssertionError` unless the message meets all criteria."""
        __tracebackhide__ = True
        assertions.meets(self, matching.Criteria.for_messages(criteria))

    def assert_envelope(
        self,
        *,
        mail_from: ExpectedAddress = ...,
        rcpt_to: ExpectedAddresses = ...,
        parameters: Mapping[str, ExpectedText] | EllipsisType = ...,
    ) -> None:
        """Raise `SMTPAssertionError` unless the envelope is as expected.

        `parameters` maps MAIL parameters that must be there (others may be) to their expected
        values; `None` is a keyword without value. Arguments that are not given are not compared.
        """
        __tracebackhide__ = True
        expected = {"mail_from": mail_from, "rcpt_to": rcpt_to, "parameters": parameters}
        assertions.has_envelope(self, expected)

    def assert_header(self, name: str, expected: ExpectedText = assertions.ANY) -> None:
        """Raise `SMTPAssertionError` unless a header field of that name is as expected.

        Without `expected` it may have any value; `None` means that there is no such field.
        """
        __tracebackhide__ = True
        header = {given.text("name", name): expected}
        assertions.meets(self, matching.Criteria.for_messages({"header": header}))

    def assert_body(
        self, expected: ExpectedText, *, part: Literal["any", "text", "html"] = "any"
    ) -> None:
        """Raise `SMTPAssertionError` unless the body is as expected; a str must be contained in it.

        `part="html"` means the text that a reader sees, or the source; `"any"` means these or the
        plain text. Raises `ValueError` for another part.
        """
        __tracebackhide__ = True
        assertions.has_body(self, expected, part)

    def assert_no_problems(self, *, ignore: Collection[str] = ()) -> None:
        """Raise `SMTPAssertionError` if the message has problems other than the ignored codes.

        Raises `ValueError` for an unknown code.
        """
        __tracebackhide__ = True
        assertions.has_no_problems(self, ignore)

    def assert_dkim(
        self, domain: str | None = None, selector: str | None = None, *, key: Key
    ) -> None:
        """Raise `SMTPAssertionError` unless the content has a valid DKIM signature (RFC 6376).

        It must be one of `domain`, made with `selector`; if these are `None`, any will do. Nothing
        is looked up in DNS: `key` is the text of the TXT record, a public key in PEM, or a mapping
        of names, such as `"sel._domainkey.example.com"`, to records. Raises `TypeError` or
        `ValueError` for an impossible key, `ModuleNotFoundError` if dkimpy (the extra `[dkim]`) is
        not installed.
        """
        __tracebackhide__ = True
        assertions.has_dkim(self, domain, selector, key)

    def snapshot(self, *, mask: Mask | Collection[Mask] = ()) -> str:
        """Return a text that is the same for the same mail in each run, for snapshots.

        It has the envelope, the decoded header fields, the parts, the bodies as a reader gets them,
        and the attachments with size and digest. `<date>`, `<message-id>` and the like replace
        values that differ in each run. `mask` replaces more: what a compiled pattern finds becomes
        `<...>`, and the value of a header field that it names becomes that name, such as
        `<x-request-id>`. Raises `TypeError` for another mask.
        """
        from . import snapshots

        if mask != ():
            return snapshots.of_message(self, mask)
        if self._written is None:
            object.__setattr__(self, "_written", snapshots.of_message(self, mask))
        return self._written or ""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the content to a file, and return its path.

        In a directory the file is named after the subject, with a number if that name is taken.
        Missing parents are made. Raises `OSError` if it cannot be written.
        """
        given.path("path", path)
        target = Path(path)
        if target.is_dir():
            from pytest_smtpserver.mail import harmless

            target = harmless.free_path(target, harmless.name(self.subject, "message"), ".eml")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.content)
        return target

    @property
    def _view(self) -> View:
        """What the content says, parsed on first use."""
        if self._viewed is None:
            # The code that reads mail is imported when the first message is looked at.
            from pytest_smtpserver.mail.view import View

            object.__setattr__(self, "_viewed", View(self.content))
        assert self._viewed is not None
        return self._viewed

    def _specs(self, name: str) -> tuple[str, ...]:
        return tuple(address.spec for address in self._view.addresses(name))

    def __str__(self) -> str:
        """Return the text of `snapshot` without further masks."""
        return self.snapshot()

    def __repr__(self) -> str:
        return f"<Message {shown(self.subject)}: {self.envelope._route}>"

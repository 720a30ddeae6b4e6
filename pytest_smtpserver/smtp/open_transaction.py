"""The transaction that is open: its recipients, its content, and what becomes of it.

It begins with MAIL, and `finish` or `give_up` ends it. It does not decide about the order of
commands: `states` does. Methods that take a reply are called before it is sent; `None`: there will
be none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .content import Chunks, Content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smtpserver.recording.session import SessionRecording
    from pytest_smtpserver.records.envelope import Parameters
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.transaction import Outcome


class OpenTransaction:
    """One transaction, from MAIL to its end (RFC 5321 section 3.3)."""

    __slots__ = (
        "_content_refused",
        "_data_refused",
        "_is_delivered",
        "_max_size",
        "_recording",
        "_session",
        "chunks",
        "content",
    )

    def __init__(
        self,
        session: SessionRecording,
        mail_from: str,
        parameters: Parameters,
        max_size: int,
        now: float,
    ) -> None:
        self._session = session
        self._recording = session.begin(mail_from, parameters, now)
        self._max_size = max_size
        #: The content, after DATA or in chunks.
        self.content: Content | None = None
        self.chunks: Chunks | None = None
        self._data_refused = False
        self._is_delivered = False
        # Whether all replies to the content (LMTP gives several) have refused it.
        self._content_refused = True

    @property
    def mail_from(self) -> str:
        """The sender."""
        return self._recording.mail_from

    @property
    def is_binary(self) -> bool:
        """Whether MAIL has asked for BINARYMIME (RFC 3030 section 3)."""
        return (self._recording.parameters.get("BODY") or "").upper() == "BINARYMIME"

    @property
    def is_utf8(self) -> bool:
        """Whether MAIL has asked for SMTPUTF8 (RFC 6531)."""
        return "SMTPUTF8" in self._recording.parameters

    @property
    def recipients(self) -> Sequence[tuple[str, Parameters]]:
        """The accepted recipients, each with its parameters: a list that only grows."""
        return self._recording.recipients

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the accepted recipients."""
        return self._recording.addresses

    @property
    def message(self) -> Message | None:
        """The message, once its content is complete."""
        return self._recording.message

    def answered(self, reply: Reply) -> None:
        """Note a reply to it."""
        self._recording.answered(reply)

    def accept_recipient(self, address: str, parameters: Parameters, reply: Reply) -> None:
        """Add a recipient."""
        self._recording.accept(address, parameters, reply)

    def refuse_recipient(self, address: str, reply: Reply) -> None:
        """Note a recipient that was refused."""
        self._recording.refuse(address, reply)

    def expect_content(self, reply: Reply) -> None:
        """Expect the content."""
        self._recording.answered(reply)
        self._data_refused = False
        self.content = Content(self._max_size)
        self._recording.expect(self.content.kept_so_far)

    def refuse_content(self, reply: Reply) -> None:
        """Note that the content was refused before it came."""
        self._recording.answered(reply)
        self._data_refused = not reply.is_positive

    def expect_chunk(self, size: int, line: str, *, is_last: bool) -> None:
        """Expect a chunk of the content."""
        if self.chunks is None:
            self.chunks = Chunks(self._max_size)
            self._recording.expect(self.chunks.kept_so_far)
        self.chunks.expect(size, line, is_last=is_last)

    def take_incomplete(self) -> tuple[bytes | None, int] | None:
        """Return the content that has arrived, `None` if it is too big, and its size in octets.

        Call it when no more can come. It returns `None` if no content was expected.
        """
        content, self.content, self.chunks = self.content or self.chunks, None, None
        return None if content is None else content.so_far()

    def complete(self, octets: bytes | None, size: int, now: float) -> None:
        """Keep the whole content as the message, not accepted yet; `None` if it is too big."""
        self.content = self.chunks = None
        if octets is None:
            self._recording.dropped(size)
        else:
            self._recording.received(octets, now)

    def content_answered(self, recipient: str | None, reply: Reply | None) -> None:
        """Note a reply to the content, given to all recipients or (LMTP) to one."""
        if reply is None:
            self._content_refused = False
            return
        self._recording.answered(reply)
        if reply.is_completion:
            self._is_delivered, self._content_refused = True, False
            return
        self._content_refused &= not reply.is_positive
        if recipient is not None:
            self._recording.refuse(recipient, reply)

    def show_message(self) -> None:
        """Show a message accepted for one recipient before the others are answered (LMTP)."""
        if self._is_delivered:
            self._session.accept(self._recording)

    def finish_content(self) -> None:
        """End the transaction after the last reply to its content."""
        if self._is_delivered:
            self.finish("accepted")
        else:
            self.finish("rejected" if self._content_refused else "aborted")

    def give_up(self) -> None:
        """End the transaction before its content was answered."""
        if self._is_delivered:
            self.finish("accepted")
            return
        recording = self._recording
        nobody_left = recording.refused and not recording.recipients
        self.finish("rejected" if self._data_refused or nobody_left else "aborted")

    def finish(self, outcome: Outcome) -> None:
        """End the transaction."""
        self.content = self.chunks = None
        self._session.finish(self._recording, outcome)

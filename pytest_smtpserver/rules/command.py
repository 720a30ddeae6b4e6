"""The `Command`: a rule is asked about it, and a callable of the test gets it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.suggesting import suggesting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smtpserver.recording.session import SessionRecording
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.session import Session


@suggesting
@frozen(kw_only=True, eq=False)
class Command:
    """Something that a client did and that the server is about to answer.

    `verb` is in upper case: `""` for a new connection or a TLS handshake, `"."` for the end of the
    content. `argument` is the rest of the line, and `line` the whole, both with secrets masked.
    `mail_from` is the sender of the transaction, or `None`; `rcpt_to` has its accepted recipients,
    and at RCPT the one now given as the last. `recipient` is the one recipient that the command is
    about, or `None`. `message` is there when the content is complete. `username` and `mechanism`
    are those of the current AUTH command, otherwise those of the authenticated user, or `None`.
    """

    verb: str
    line: str
    mail_from: str | None
    recipient: str | None = None
    message: Message | None = None
    username: str | None = None
    mechanism: str | None = None
    _session: SessionRecording
    # The accepted recipients, each with its parameters: a list that only grows, so the list and a
    # count are a snapshot. A new tuple for each RCPT would be quadratic work.
    _accepted: Sequence[tuple[str, object]]
    _accepted_count: int
    # Whether this command names `recipient`, which is then not among them yet.
    _is_given: bool = False

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The accepted recipients, and at RCPT the one now given as the last."""
        accepted = [address for address, _ in islice(self._accepted, self._accepted_count)]
        if self._is_given and self.recipient is not None:
            accepted.append(self.recipient)
        return tuple(accepted)

    @property
    def argument(self) -> str:
        """The rest of the command line after the verb."""
        return self.line.partition(" ")[2].strip()

    @property
    def session(self) -> Session:
        """The session as it is now."""
        return self._session.snapshot()

    @property
    def session_id(self) -> int:
        """The id of the session."""
        return self._session.id

    @property
    def _number(self) -> int:
        """How many exchanges came before this command in its session."""
        return self._session.exchange_count

    @property
    def helo(self) -> str | None:
        """The name that the client gives now, or else has given."""
        return self.argument if self.verb in ("EHLO", "HELO", "LHLO") else self._session.helo

    def __repr__(self) -> str:
        return f"<Command {self.line!r} of session {self.session_id}>"

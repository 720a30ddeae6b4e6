"""A fault: one row of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.rules.rule import Rule
    from pytest_smtpserver.settings import Settings

    from .at_work import FaultAtWork
    from .needs import Need
    from .rows import MakeRules

#: Returns whether the client of a session has met a fault that has no rule.
Met = Callable[["Session"], bool]


class Server(Protocol):
    """What a fault needs of a server."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session, oldest first."""

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """Every attempt to deliver a message."""

    @property
    def on(self) -> Callable[..., Rule]:
        """Makes a rule at a stage; see `SMTPServer.on`."""

    def wait_closed(self, timeout: float | None = None) -> None:
        """Wait until no client is connected."""


class Wrapper(Protocol):
    """Something that wraps a server, such as an `AsyncSMTPServer`."""

    @property
    def server(self) -> Server:
        """The server."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which servers fail.

    `name` says what happens; `stage` is where in a session, as `server.on` calls it; `text` is
    the rule in words; `source` is the RFC section or the known case that it comes from; `wanted`
    is what a good client does.
    """

    name: str
    stage: str
    text: str
    source: str
    wanted: str
    rules: MakeRules = field(default=lambda on, settings: (), repr=False, compare=False)
    #: The settings that a test's `smtpserver` gets, and which of them the fault cannot do without.
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    needs: tuple[Need, ...] = field(default=(), repr=False, compare=False)
    #: For a fault that has no rule: whether a session has met it.
    met: Met | None = field(default=None, repr=False, compare=False)
    #: What it does to TLS. `"fails"`: the client gets no TLS. `"untrusted"`: the client gets TLS
    #: that does not protect it.
    tls: str = field(default="", repr=False, compare=False)
    #: Whether a client must send several messages to meet it.
    is_about_several: bool = field(default=False, repr=False, compare=False)

    def lacking(self, settings: Settings) -> tuple[Need, ...]:
        """Return the needs of the fault that the settings do not meet."""
        return tuple(need for need in self.needs if not need.is_met(settings))

    def apply(self, server: Server | Wrapper) -> FaultAtWork:
        """Set the fault to work on a server, and return it at work, for `check`.

        Its rules are optional. Raises `ValueError` naming the settings that the server lacks, and
        `TypeError` if `server` is not a server.
        """
        from pytest_smtpserver.settings import Settings

        __tracebackhide__ = True
        held = cast("Server", getattr(server, "server", server))
        if not isinstance(getattr(held, "settings", None), Settings):
            raise TypeError(f"a fault is applied to an SMTPServer, not to {server!r}")
        if lacking := self.lacking(held.settings):
            wanted = ", ".join(need.words for need in lacking)
            given = ", ".join(
                f"{need.setting}={getattr(held.settings, need.setting)!r}" for need in lacking
            )
            raise ValueError(f"the fault {self.name!r} needs {wanted}; this server has {given}")
        from .at_work import FaultAtWork

        return FaultAtWork.of(self, held)

    def __str__(self) -> str:
        return self.name

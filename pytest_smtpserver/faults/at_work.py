"""A fault at work on a server."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn

from pytest_smtpserver.clock import now
from pytest_smtpserver.matching import SMTPAssertionError
from pytest_smtpserver.numeric import is_number

from .belief import Beliefs

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.rules.rule import Rule

    from .belief import Sent
    from .fault import Fault, Server

# Seconds until the server has noticed that a client closed its connection; arbitrary. A client
# that keeps its connection open is not waited for any longer.
_GRACE = 0.2


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FaultAtWork:
    """A fault of the catalogue, at work on a server; `check` gives the verdict on a client."""

    fault: Fault
    server: Server
    _rules: tuple[Rule, ...]
    #: Called with what is worth knowing about a client that has done nothing wrong.
    _note: Callable[[str], object] = lambda text: None

    @classmethod
    def of(cls, fault: Fault, server: Server) -> FaultAtWork:
        """Return a fault at work on a server that has the settings for it."""
        rules = tuple(fault.rules(partial(server.on, optional=True), server.settings))
        return cls(fault, server, rules)

    @property
    def name(self) -> str:
        """What happens, such as `"greylisted"`."""
        return self.fault.name

    @property
    def stage(self) -> str:
        """Where it happens in a session."""
        return self.fault.stage

    @property
    def text(self) -> str:
        """What happens, in words."""
        return self.fault.text

    @property
    def source(self) -> str:
        """The RFC section or the known case that it comes from."""
        return self.fault.source

    @property
    def wanted(self) -> str:
        """What a good client does."""
        return self.fault.wanted

    @property
    def was_met(self) -> bool:
        """Whether a client has met the fault."""
        if self.fault.met is not None:
            return any(map(self.fault.met, self.server.sessions))
        return any(rule.hits for rule in self._rules)

    def check(
        self,
        *,
        sent: Sent,
        timeout: float | None = None,
        tls: Literal["required", "opportunistic"] = "required",
    ) -> None:
        """Raise `SMTPAssertionError`, which says what the client did wrong, if it did.

        `sent` is what the mailer believes: `True` (delivered), `False` (failed for good), `None`
        (to be tried again), the exception that it raised (not delivered), or a mapping of
        recipients to these. `timeout` is how many seconds the mailer may take, from its first
        connection to this call; without it the time is not judged. `tls="opportunistic"` allows
        content in clear where there is no TLS. If no client met the fault, the test is skipped.
        Raises `TypeError` or `ValueError` for other values.
        """
        __tracebackhide__ = True
        called, beliefs = now(), Beliefs(sent)
        if tls not in ("required", "opportunistic"):
            raise ValueError(f"tls={tls!r}: must be 'required' or 'opportunistic'")
        if timeout is not None and not (is_number(timeout) and timeout >= 0):
            raise ValueError(f"timeout={timeout!r}: must be a number of seconds from 0")
        from . import verdict
        from .evidence import Evidence

        self._see_clients_gone()
        evidence = Evidence.of(self, beliefs, called=called, timeout=timeout, tls=tls)
        if (text := verdict.on(evidence)) is not None:
            raise SMTPAssertionError(text)
        if not self.was_met:
            _skip(f"the client never met the fault {self.name!r} ({self.text})")
        for note in verdict.notes(evidence):
            self._note(note)

    def _see_clients_gone(self) -> None:
        try:
            self.server.wait_closed(_GRACE)
        except SMTPAssertionError:
            return

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<FaultAtWork {self.name} on {self.server!r}>"


def _skip(reason: str) -> NoReturn:
    __tracebackhide__ = True
    # pytest's way to skip, if it runs the test, else unittest's.
    if pytest := sys.modules.get("pytest"):
        pytest.skip(reason)
    from unittest import SkipTest

    raise SkipTest(reason)

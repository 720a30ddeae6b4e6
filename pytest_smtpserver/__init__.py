"""A real SMTP server inside a test run.

Its rooms; each imports only from those below it:

* `plugin`: the pytest plugin: options, marker, fixtures, report sections, comparing, Django
* `__main__`: the same server at a terminal
* `inbox`: the live page of the mail, served by an HTTP engine
* `report`: the mail of a run for people to look at: an HTML file, `.eml` files
* `server`: the objects that a test uses, and what a client needs to reach the server
* `faults`: the catalogue of faults, and the verdicts on a client
* `waiting`: waiting for records, in a thread or in a task
* `smtp`: the protocol, pure: octets and times in, actions and records out
* `rules`: what the test told the server to do instead
* `recording`: sessions and transactions while they last; threads share this data, under a lock
* `records`: what happened, as values
* `mail`: what a message says, as pure functions of its octets
* `network`: trio: the background thread, listeners, driving a connection; it knows no SMTP
* `matching`: criteria on records, and what a failing test says; pure
* `settings`: one frozen value, and the table of what is allowed
* `engine`: what an engine is; `input`: the octets that an engine has not looked at yet
* `clock`: time that no test can freeze; `unpatched`: threads that no test can replace;
  `frozen`: values that refuse assignment; `suggesting`: records that suggest a name for an unknown
  attribute; `expressions`: regular expressions, compiled when used; `numeric`: what counts as a
  number

The names below are public. Each is imported when it is first used, so a test run that does not use
the plugin does not pay for it.

PYTEST_DONT_REWRITE: our few assertions only tell type checkers what is known. Without this word
pytest would warn that it cannot rewrite them if this package is imported before it starts.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from .engine import TLSInfo as TLSInfo
    from .faults import FAULTS as FAULTS
    from .faults import Fault as Fault
    from .faults import FaultAtWork as FaultAtWork
    from .mail.links import Link as Link
    from .mail.parts import Attachment as Attachment
    from .matching import CriterionError as CriterionError
    from .matching import SMTPAssertionError as SMTPAssertionError
    from .recording.recorder import ServerCrashed as ServerCrashed
    from .records.envelope import Envelope as Envelope
    from .records.exchange import Exchange as Exchange
    from .records.keywords import MessageCriteria as MessageCriteria
    from .records.keywords import SessionCriteria as SessionCriteria
    from .records.keywords import TransactionCriteria as TransactionCriteria
    from .records.message import Message as Message
    from .records.problems import Problem as Problem
    from .records.reply import Reply as Reply
    from .records.session import AuthAttempt as AuthAttempt
    from .records.session import Session as Session
    from .records.transaction import Transaction as Transaction
    from .records.violations import Violation as Violation
    from .rules.command import Command as Command
    from .rules.keywords import Match as Match
    from .rules.rule import Rule as Rule
    from .server.asynchronous import AsyncRule as AsyncRule
    from .server.asynchronous import AsyncSMTPServer as AsyncSMTPServer
    from .server.certificates import CertificateAuthority as CertificateAuthority
    from .server.server import ServerFactory as ServerFactory
    from .server.server import SMTPServer as SMTPServer
    from .settings import Settings as Settings
    from .settings import SettingsError as SettingsError
    from .settings.keywords import ServerSettings as ServerSettings


class _OurModules:
    """A context in which Python finds the modules of this package, and no other finder does.

    pytest's finder, which rewrites assertions, reads a compiled module several times as slowly as
    Python does. So our plugin is imported in this context, and a run takes place in it.
    """

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *error: object) -> None:
        # A test may have taken it out, or restored an older list.
        with suppress(ValueError):
            sys.meta_path.remove(self)

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where one of our modules is; `None` for another module."""
        return PathFinder.find_spec(name, path) if name.startswith("pytest_smtpserver.") else None


# Imported at once: both keep the real clock and the real threads, before a test can replace them.
with _OurModules():
    from . import clock as _clock  # noqa: F401
    from . import unpatched as _unpatched  # noqa: F401

_HOMES = {
    "AsyncRule": "server.asynchronous",
    "AsyncSMTPServer": "server.asynchronous",
    "Attachment": "mail.parts",
    "AuthAttempt": "records.session",
    "CertificateAuthority": "server.certificates",
    "Command": "rules.command",
    "CriterionError": "matching",
    "Envelope": "records.envelope",
    "Exchange": "records.exchange",
    "FAULTS": "faults",
    "Fault": "faults",
    "FaultAtWork": "faults",
    "Link": "mail.links",
    "Match": "rules.keywords",
    "Message": "records.message",
    "MessageCriteria": "records.keywords",
    "Problem": "records.problems",
    "Reply": "records.reply",
    "Rule": "rules.rule",
    "SMTPAssertionError": "matching",
    "SMTPServer": "server.server",
    "ServerCrashed": "recording.recorder",
    "ServerFactory": "server.server",
    "ServerSettings": "settings.keywords",
    "Session": "records.session",
    "SessionCriteria": "records.keywords",
    "Settings": "settings",
    "SettingsError": "settings",
    "TLSInfo": "engine",
    "Transaction": "records.transaction",
    "TransactionCriteria": "records.keywords",
    "Violation": "records.violations",
}

# Written out, because type checkers read it for `from pytest_smtpserver import *`.
__all__ = [
    "FAULTS",
    "AsyncRule",
    "AsyncSMTPServer",
    "Attachment",
    "AuthAttempt",
    "CertificateAuthority",
    "Command",
    "CriterionError",
    "Envelope",
    "Exchange",
    "Fault",
    "FaultAtWork",
    "Link",
    "Match",
    "Message",
    "MessageCriteria",
    "Problem",
    "Reply",
    "Rule",
    "SMTPAssertionError",
    "SMTPServer",
    "ServerCrashed",
    "ServerFactory",
    "ServerSettings",
    "Session",
    "SessionCriteria",
    "Settings",
    "SettingsError",
    "TLSInfo",
    "Transaction",
    "TransactionCriteria",
    "Violation",
]


# Here, because every start of pytest imports this file anyway, and each further file costs time.
def _imported_when_used(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package with names from these of its modules."""

    def imported(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Not kept: whoever restores `sys.modules`, as pytester does, would leave an old class here.
        return getattr(import_module(f"{package}.{home}"), name)

    return imported


if not TYPE_CHECKING:  # pragma: no branch  # a type checker would let any name pass
    __getattr__ = _imported_when_used(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(["__version__", *__all__])

"""The match keywords of all stages, and the stages' names, as type checkers know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_smtpserver.records.keywords import ContentCriteria, ExpectedText

if TYPE_CHECKING:
    from collections.abc import Callable

    from .command import Command

# Repeated by hand, because type checkers understand only literals; a test compares it with
# `stages.py`.
#: The stages by name. Any other verb is a stage too, so a parameter takes a `str` as well.
StageName = Literal[
    "connect",
    "tls",
    "ehlo",
    "lhlo",
    "helo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "bdat",
    "message",
    "rset",
    "noop",
    "vrfy",
    "expn",
    "help",
    "quit",
    "*",
]


class Match(ContentCriteria, total=False):
    """The match keywords of a rule; each stage knows some of them."""

    helo: ExpectedText
    mechanism: ExpectedText
    argument: ExpectedText
    session: int | object
    where: Callable[[Command], object]

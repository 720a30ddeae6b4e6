"""The mail of a failed test in the reports of other plugins: pytest-html and allure-pytest."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.mail import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_smtpserver.records.message import Message

# Arbitrary: as many messages as a person will look at, and octets that a report can hold.
_MOST: Final = 20
_LARGEST: Final = 1024 * 1024


def attach(report: pytest.TestReport, item: pytest.Item, messages: Sequence[Message]) -> None:
    """Attach the messages to the reports that are being made; only the first, if there are many."""
    shown = messages[:_MOST]
    named = [(_name(number, one), one.content[:_LARGEST]) for number, one in enumerate(shown, 1)]
    manager = item.config.pluginmanager
    if manager.hasplugin("html") and item.config.getoption("htmlpath", None):
        _to_html(report, named)
    if manager.hasplugin("allure_pytest") and (allure := sys.modules.get("allure")):
        for name, content in named:
            allure.attach(content, name=name, attachment_type="message/rfc822", extension="eml")


def _name(number: int, message: Message) -> str:
    # pytest-html does not escape a name.
    return f"mail {number} {harmless.name(message.subject, 'no-subject')}"


def _to_html(report: pytest.TestReport, named: Sequence[tuple[str, bytes]]) -> None:
    from pytest_html import extras

    texts = [
        extras.text(content.decode("utf-8", "backslashreplace"), name=name)
        for name, content in named
    ]
    # pytest's report class declares no such attribute, so type checkers refuse an assignment.
    vars(report)["extras"] = [*getattr(report, "extras", []), *texts]

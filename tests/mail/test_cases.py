"""Mails of which each stands for a kind: `cases/mail/expected.json` has what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import SMTPAssertionError
from tests.making import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Message

CASES = Path(__file__).parent / "cases" / "mail"
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (CASES / "expected.json").read_text(encoding="utf-8")
)
#: `test_code_cases.py` asks for the codes.
NOT_HERE = ("kind", "code")


def link(mail: Message) -> str | None:
    try:
        return mail.link()
    except SMTPAssertionError:
        return None


def problems(mail: Message) -> set[str]:
    return {problem.code for problem in mail.problems}


def attachments(mail: Message, wanted: list[dict[str, str]]) -> list[dict[str, str]]:
    found = [
        {
            "filename": one.filename,
            "content_type": one.content_type,
            "content": one.content.decode(),
        }
        for one in mail.attachments
    ]
    keys = {key for one in wanted for key in one} or {"filename"}
    return [{key: value for key, value in one.items() if key in keys} for one in found]


#: What is right, by the key of the case: given the message and what is expected.
CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "subject": lambda mail, wanted: mail.subject == wanted,
    "from_": lambda mail, wanted: mail.from_ == wanted,
    "to": lambda mail, wanted: list(mail.to) == wanted,
    "text": lambda mail, wanted: mail.text.rstrip("\n") == wanted,
    "html": lambda mail, wanted: mail.html.rstrip("\n") == wanted,
    "html_text": lambda mail, wanted: mail.html_text.rstrip("\n") == wanted,
    "link": lambda mail, wanted: link(mail) == wanted,
    "attachments": lambda mail, wanted: attachments(mail, wanted) == wanted,
    "problems": lambda mail, wanted: problems(mail).issuperset(wanted),
    "no_problems": lambda mail, wanted: problems(mail).isdisjoint(wanted),
    "complains": lambda mail, wanted: bool(mail.problems or mail.defects) == wanted,
    "defects": lambda mail, wanted: bool(mail.defects) == wanted,
}
ASKED = [
    (name, key)
    for name, expected in EXPECTED.items()
    for key in expected
    if key not in NOT_HERE
]  # fmt: skip


@pytest.mark.parametrize(("name", "key"), ASKED)
def test_a_mail_says_what_a_reader_sees(name: str, key: str) -> None:
    content = (CASES / f"{name}.eml").read_bytes()
    mail = message(content, parameters={"BODY": "8BITMIME", "SMTPUTF8": None})
    wanted = EXPECTED[name][key]
    possible = wanted["any"] if isinstance(wanted, dict) else [wanted]
    assert any(CHECKS[key](mail, one) for one in possible)


def test_every_case_is_asked_for() -> None:
    assert {path.stem for path in CASES.glob("*.eml")} == set(EXPECTED)

"""`Message.code` on whole mails of many languages, with a code and without."""

from __future__ import annotations

import json
from typing import Any

import pytest
from code_messages import CASES, cases, of, paragraphs, parsed

from pytest_smtpserver import Message, SMTPAssertionError

FILES = ("codes.json", "more-codes.json", "tricky-codes.json")
MAILS = [mail for name in FILES for mail in cases(name)]
EXPECTED: dict[str, dict[str, Any]] = json.loads((CASES / "mail/expected.json").read_text("utf-8"))
WITH_A_CODE = {name: values["code"] for name, values in EXPECTED.items() if "code" in values}


def code_of(message: Message) -> str | None:
    try:
        return message.code()
    except SMTPAssertionError:
        return None


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["name"])
def test_the_code_of_a_plain_text_is_found_and_nothing_else_is_one(mail: dict[str, Any]) -> None:
    assert code_of(of(mail["text"], mail["subject"])) == mail["code"]


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["name"])
def test_the_code_of_paragraphs_is_found_and_nothing_else_is_one(mail: dict[str, Any]) -> None:
    message = of(paragraphs(mail["text"]), mail["subject"], "html")
    assert code_of(message) == mail["code"]


@pytest.mark.parametrize("name", WITH_A_CODE)
def test_the_code_of_a_whole_message_is_found(name: str) -> None:
    content = (CASES / f"mail/{name}.eml").read_bytes()
    assert code_of(parsed(content)) == WITH_A_CODE[name]


def test_the_cases_are_in_at_least_25_languages_other_than_english() -> None:
    languages = {mail["language"] for mail in MAILS if mail["code"]}
    assert len(languages - {"en"}) >= 25

"""`Message.code` on whole mails of many languages, with a code and without."""

from __future__ import annotations

import json
import re
from html import escape
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from pytest_smtpserver import Message, SMTPAssertionError
from pytest_smtpserver.mail.codes.reading import tidy
from tests import making

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list[dict[str, Any]]:
    """Return the mails of a file of cases."""
    loaded: list[dict[str, Any]] = json.loads((CASES / name).read_text("utf-8"))
    return loaded


FILES = ("codes.json", "more-codes.json", "tricky-codes.json")
TO_MIX = [mail for name in FILES for mail in cases(name)]
# Here a receipt, or a booking, is one only as long as nothing is said of logging in.
MAILS = [*TO_MIX, *cases("unseen-codes.json")]
EXPECTED: dict[str, dict[str, Any]] = json.loads((CASES / "mail/expected.json").read_text("utf-8"))
WITH_A_CODE = {name: values["code"] for name, values in EXPECTED.items() if "code" in values}


# Two codes in one mail are not one code.
HAVE_TWO = (
    "en-two",
    "tricky-x-two-parts",
    "tricky-w-two-otp",
    "tricky-w-two-lang",
    "tricky-v-54",
    "tricky-v-55",
    "tricky-v-56",
)
OF_DIGITS = [mail for mail in TO_MIX if mail["code"] and mail["code"].isdecimal()]
WITHOUT = [mail for mail in TO_MIX if not mail["code"] and mail["name"] not in HAVE_TWO]


def paragraphs(text: str) -> str:
    """Return a text as HTML: a paragraph for each line that is not blank."""
    return "".join(f"<p>{escape(one)}</p>\n" for one in text.split("\n") if one.strip())


def code_of(message: Message) -> str | None:
    try:
        return message.code()
    except SMTPAssertionError:
        return None


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["name"])
def test_the_code_of_a_plain_text_is_found_and_no_other_number(mail: dict[str, Any]) -> None:
    assert code_of(making.text(mail["text"], mail["subject"])) == mail["code"]


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["name"])
def test_the_code_of_paragraphs_is_found_and_no_other_number(mail: dict[str, Any]) -> None:
    message = making.html(paragraphs(mail["text"]), mail["subject"])
    assert code_of(message) == mail["code"]


@pytest.mark.parametrize("name", WITH_A_CODE)
def test_the_code_of_a_whole_message_is_found(name: str) -> None:
    content = (CASES / f"mail/{name}.eml").read_bytes()
    assert code_of(making.message(content)) == WITH_A_CODE[name]


def without_its_code(mail: dict[str, Any]) -> tuple[str, str]:
    """Return subject and text without the code, in whatever way its digits are written."""
    expression = re.compile(r"[ \xa0\n·-]*".join(mail["code"]))
    return (
        expression.sub("", tidied(mail["subject"])),
        expression.sub("", tidied(mail["text"])),
    )


def tidied(text: str) -> str:
    return "\n".join(map(tidy, text.split("\n")))


@pytest.mark.parametrize("mail", OF_DIGITS, ids=lambda mail: mail["name"])
def test_numbers_that_are_not_a_code_in_one_mail_are_not_in_another(mail: dict[str, Any]) -> None:
    number = OF_DIGITS.index(mail)
    subject, text = without_its_code(mail)
    for other in islice(cycle(WITHOUT), number * 7, number * 7 + 3):
        assert code_of(making.text(f"{text}\n{other['text']}", subject)) is None
        assert code_of(making.text(f"{other['text']}\n{mail['text']}", mail["subject"])) in (
            mail["code"],
            None,
        )


def test_the_cases_are_in_at_least_25_languages_other_than_english() -> None:
    languages = {mail["language"] for mail in MAILS if mail["code"]}
    assert len(languages - {"en"}) >= 25

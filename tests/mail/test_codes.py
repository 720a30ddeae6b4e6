"""`Message.code` finds the one-time code, and nothing that only looks like one."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import SMTPAssertionError
from pytest_smtpserver.mail.codes.vocabulary import vocabulary
from tests.making import both, html, text

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("Your code is 4839.", "4839"),
        ("Your code is 48392011.", "48392011"),
        ("123 456 is your verification code", "123456"),
        ("Your one-time code:\n\n123-456\n\nIt is good for 10 minutes.", "123456"),
        ("G-123456 is your Google code.", "123456"),
        ("Enter this OTP: 1 2 3 4 5 6", "123456"),
        ("PIN 0042", "0042"),
        ("*482913* is your verification code", "482913"),
        ("Your code is **482913**.", "482913"),
        ("482913 is your OTP for the payment of INR 4999 to the shop.", "482913"),
        ("482913 is your OTP for the payment of Rs. 4999 to the shop.", "482913"),
        ("Your login code: 048 213.", "048213"),
        ("Your login code: 0482-1397", "04821397"),
        ("Ihr Bestätigungscode lautet 443322.", "443322"),
        ("Your PIN is 2031", "2031"),
        ("Hi Ann,\n\nPIN code: 482913\n\nIt expires soon.", "482913"),
        ("Melden Sie sich an:\nPIN-Code: 482913", "482913"),
        ("Sign in with this - PIN code: 482913", "482913"),
        ("Your code is 482913 Security codes expire soon.", "482913"),
        ("Your verification code: 482913 codes are valid for an hour.", "482913"),
        ("Your PIN code: 482913", "482913"),
        ("Your PIN code is 482913", "482913"),
        ("482913 is your code", "482913"),
        ("Your code:\n\n20261125\n", "20261125"),
        ("Your code: １２３４５６", "123456"),
        ("رمز التحقق: ١٢٣٤٥٦", "123456"),
        ("सत्यापन कोड: १२३४५६", "123456"),
        ("您的验证码是123456，5分钟内有效。", "123456"),
        ("Your code is FB-48291.", "48291"),
        ("Verification code: 1\u200b2\u200b3\u200b4\u200b5\u200b6", "123456"),
        ("Verification code: 123\u00a0456", "123456"),
        ("Verification code\u2014123456", "123456"),
        ("Your security code: A7K2P9", "A7K2P9"),
    ],
)
def test_a_code_near_such_a_word_is_found(body: str, code: str) -> None:
    assert text(body).code() == code


@pytest.mark.parametrize(
    "other",
    [
        "© 2026 Example Inc.",
        "Sent on 2026-11-25 at 12:30.",
        "Sent on 25.11.2026.",
        "Sent on 25 November 2026.",
        "Since November 25th, 2026.",
        "It changed in 2024.",
        "You paid $1234.",
        "You paid 1299 EUR.",
        "Total: 4500",
        "You paid 1,299.00 in all.",
        "Call 5551234 for help.",
        "Call our support team at 5551234.",
        "Call +49 30 1234567.",
        "Call (030) 123456.",
        "Or 030 123456, or 0171 234 5678.",
        "Call 555-123-4567.",
        "Sent to the phone ending in 4567.",
        "Your order 12345678 is on its way.",
        "Order number: 123456",
        "Invoice RE-20260012",
        "See #445566.",
        "Card 4929 1234 5678 9012",
        "Good for 1440 minutes.",
        "https://shop.example/55512345",
        "mail 55512345@shop.example",
        "Our zip code is 12345.",
        "A very long number: 12345678901",
    ],
)
def test_numbers_that_only_look_like_a_code_are_not_taken(other: str) -> None:
    assert text(f"Your code is 837261. {other}").code() == "837261"
    with pytest.raises(SMTPAssertionError, match=r"^no one-time code: "):
        text(f"We changed how the code works. {other}").code()


def test_digits_far_from_any_such_word_are_not_a_code() -> None:
    with pytest.raises(SMTPAssertionError, match=r"^no one-time code: '837261': no word for"):
        text(f"Code\n{'Much text. ' * 20}\nAnd 837261 of many").code()


def test_the_word_may_stand_in_the_subject_and_the_code_too() -> None:
    assert text("837261", subject="Your verification code").code() == "837261"
    assert text("Enter it soon.", subject="Your code is 837261").code() == "837261"


def test_the_same_code_in_both_bodies_counts_once() -> None:
    markup = "<p>Your code:<table><tr><td>123<td>456</table>"
    assert both("Your code: 123456", markup).code() == "123456"


def test_two_codes_in_the_two_bodies_are_one_too_many() -> None:
    with pytest.raises(SMTPAssertionError, match=r"^2 one-time codes, not one: '123456', '654321'"):
        both("Your code: 123456", "<p>Your code: 654321").code()


@pytest.mark.parametrize("tag", ["td", "div", "p", "span"])
def test_a_code_may_have_an_element_for_each_digit(tag: str) -> None:
    cells = "".join(f"<{tag}>{digit}</{tag}>" for digit in "482913")
    wrapped = f"<table><tr>{cells}</tr></table>" if tag == "td" else cells
    assert html(f"<p>Your verification code</p>{wrapped}").code() == "482913"


def test_an_element_of_its_own_speaks_for_a_number() -> None:
    markup = "<p>Enter the code <b>4829</b> at the desk, or 1355.</p>"
    with pytest.raises(SMTPAssertionError) as caught:
        html(markup).code()
    assert "'4829' not taken: it follows 'code'; it has an element of its own" in str(caught.value)


def test_a_code_in_hidden_text_does_not_count() -> None:
    hidden = "<style>.code { color: 123456 }</style><p hidden>code 222222<p>Your code: 837261"
    assert html(hidden).code() == "837261"


def test_two_codes_are_listed_with_what_speaks_for_each() -> None:
    with pytest.raises(SMTPAssertionError) as caught:
        text("Your login code is 1234, the backup code is 5678.").code()
    assert str(caught.value) == (
        "2 one-time codes, not one: '1234', '5678'\n\n"
        "in <Message 'Hello': app@example.org -> ann@example.org>\n\n"
        "  '1234' may be the code: 'login code' points at it\n"
        "    text: Your login code is 1234, the backup code is 5678.\n\n"
        "  '5678' may be the code: 'backup code' points at it\n"
        "    text: Your login code is 1234, the backup code is 5678."
    )


def test_a_failure_says_why_each_candidate_was_not_taken() -> None:
    with pytest.raises(SMTPAssertionError) as caught:
        text("Order 482913 of 2 March 2026. Promo code: 48291. Call 555-123-4567.").code()
    assert str(caught.value) == (
        "no one-time code: '482913': it is called 'Order' "
        "(3 candidates: '482913', '2026', '48291')\n\n"
        "in <Message 'Hello': app@example.org -> ann@example.org>\n\n"
        "  '482913' not taken: it is called 'Order'\n"
        "    text: Order 482913 of 2 March 2026. Promo code: 48291. Call 555-123-4567.\n\n"
        "  '2026' not taken: it is part of a date\n"
        "    text: Order 482913 of 2 March 2026. Promo code: 48291. Call 555-123-4567.\n\n"
        "  '48291' not taken: it is called 'Promo code'\n"
        "    text: Order 482913 of 2 March 2026. Promo code: 48291. Call 555-123-4567."
    )


def test_a_failure_without_any_candidate_says_so() -> None:
    with pytest.raises(SMTPAssertionError, match=r"^no one-time code: no number of 4 to 8 digits"):
        text("Hello, Ann!").code()


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Your gift card", "Security code: 4829"),
        ("Your gift card", "Card number: 6034 9322 1111 2222\n\nSecurity code: 482913"),
        ("Ihre Geschenkkarte", "Sicherheitscode: 4829"),
        ("Votre carte cadeau", "Code de s\u00e9curit\u00e9 : 482913"),
        ("Thank you", "Here is your gift card.\nSecurity code: 4829"),
    ],
)
def test_the_security_code_of_a_gift_card_is_not_a_one_time_code(subject: str, body: str) -> None:
    with pytest.raises(SMTPAssertionError, match="a gift is mentioned"):
        text(body, subject).code()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("Your order code:\n482913, packed today", "it is called 'order code'"),
        ("Order code\n482913", "it is called 'Order code'"),
        ("Your order OTP is 482913", "it is called 'order OTP'"),
        ("Postcode\n482913", "'Postcode' is above it"),
        ("482913\nYour order code", "no word for a code points at it"),
        (f"Your code is {'for you and ' * 8} 482913", "no word for a code points at it"),
        ("PIN code: 482913, New Delhi", "it is the PIN code of an Indian address"),
        ("Is your PIN code 482913 and address right?", "it is the PIN code of an Indian address"),
        ("You sent 482913 verification codes.", "it counts codes"),
        ("You have used 482913 of 500000 codes.", "it counts codes"),
        ("Verification codes sent: 482913", "it counts codes"),
        ("OTPs sent: 482913", "it counts codes"),
        ("Verification code attempts: 482913", "it counts codes"),
    ],
)
def test_a_number_that_is_called_something_else_nearby_is_not_a_code(body: str, why: str) -> None:
    with pytest.raises(SMTPAssertionError) as failure:
        text(body).code()
    assert str(failure.value).startswith(f"no one-time code: '482913': {why} ")


@pytest.mark.parametrize(
    "body", ["Your code: 123456\n654321, by the way", "654321\nYour code is 123456"]
)
def test_a_word_for_a_code_points_at_the_number_beside_it(body: str) -> None:
    assert text(body).code() == "123456"


def test_the_start_of_the_subject_does_not_follow_the_text() -> None:
    with pytest.raises(SMTPAssertionError, match=r"^no one-time code: '482913': no word"):
        text("Enter your login code:", "482913 - Example").code()


def test_a_failure_says_why_the_likeliest_candidate_was_not_taken() -> None:
    with pytest.raises(SMTPAssertionError) as failure:
        text("Hello, your code is 482913", "Your order").code()
    assert "'482913': the text is about something other" in str(failure.value).split("\n")[0]


def test_a_failure_stays_short_whatever_the_mail_holds() -> None:
    body = "\n".join(f"Line {number} of {'many ' * 100} {1000 + number}" for number in range(500))
    with pytest.raises(SMTPAssertionError) as caught:
        text(body).code()
    lines = str(caught.value).split("\n")
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 200


@pytest.mark.parametrize(
    ("line", "begins", "ends"),
    [
        (f"48291 {'many ' * 40}", "48291 many ", "..."),
        (f"{'many ' * 40}48291", "...", "many 48291"),
        (f"{'many ' * 40}48291 {'many ' * 40}", "...", "..."),
    ],
)
def test_a_failure_shows_where_a_long_line_is_cut(line: str, begins: str, ends: str) -> None:
    with pytest.raises(SMTPAssertionError) as caught:
        text(line).code()
    shown = str(caught.value).split("\n")[-1].removeprefix("    text: ")
    assert (shown[: len(begins)], shown[-len(ends) :]) == (begins, ends)
    assert "48291" in shown


def test_of_many_different_words_not_all_are_kept() -> None:
    words = vocabulary()
    for number in range(20_000):
        words.roles(f"word{number}")
    assert words._known.cache_info().currsize < 20_000


def test_a_pattern_gives_its_group_or_all_that_it_matched() -> None:
    message = text("Your token is ABC-123")
    assert message.code(r"[A-Z]{3}-\d+") == "ABC-123"
    assert message.code(re.compile(r"token is (\S+)")) == "ABC-123"
    with pytest.raises(SMTPAssertionError, match=r"^there is no code \(expected one matching"):
        message.code(r"\d{9}")


def test_a_wrong_pattern_names_itself() -> None:
    with pytest.raises(ValueError, match=r"pattern='\(' is not a regular expression: "):
        text("x").code("(")
    wrong: Any = 5
    with pytest.raises(TypeError, match=r"pattern=5: must be a str"):
        text("x").code(wrong)


def calls_during(do: Callable[[], object]) -> int:
    """Return how many functions are called: a measure of work that no machine changes."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        do()
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize(
    "piece",
    [
        "1234 ",
        "1234\n",
        "code 1234 ",
        "code\n1234\n",
        "验证码1234",
        "1 ",
        "1\n",
        "code ",
        "[1234] ",
    ],
)
def test_the_work_grows_no_faster_than_the_mail(piece: str) -> None:
    from pytest_smtpserver.mail import codes

    def work(size: int) -> int:
        body = piece * (size // len(piece))
        return calls_during(lambda: codes.weigh("Your code", {"text": body}))

    work(100)
    assert work(8_000) < 2.3 * work(4_000)

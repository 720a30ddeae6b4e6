"""`Message.code` finds the one-time code, and nothing that only looks like one."""

import re

import pytest
from making import both, html, text

from pytest_smtpserver import SMTPAssertionError


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
        ("Your code:\n\n20261125\n", "20261125"),
    ],
)
def test_a_code_near_such_a_word_is_found(body, code):
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
def test_what_only_looks_like_a_code_is_not_taken_for_one(other):
    assert text(f"Your code is 837261. {other}").code() == "837261"
    with pytest.raises(SMTPAssertionError, match=r"one-time code"):
        text(f"We changed how the code works. {other}").code()


def test_digits_far_from_any_such_word_are_no_code():
    with pytest.raises(SMTPAssertionError, match="the only one-time code is '837261': "):
        text(f"Code\n{'Much text. ' * 20}\n837261").code()


def test_the_word_may_stand_in_the_subject_and_the_code_too():
    assert text("837261", subject="Your verification code").code() == "837261"
    assert text("Enter it soon.", subject="Your code is 837261").code() == "837261"


def test_the_same_code_in_both_bodies_counts_once():
    markup = "<p>Your code:<table><tr><td>123<td>456</table>"
    assert both("Your code: 123456", markup).code() == "123456"


def test_a_code_in_what_a_reader_does_not_see_is_none():
    hidden = "<style>.code { color: 123456 }</style><p hidden>code 222222<p>Your code: 837261"
    assert html(hidden).code() == "837261"


def test_two_codes_are_listed():
    with pytest.raises(SMTPAssertionError) as caught:
        text("Your code is 1234, the backup code is 5678.").code()
    assert str(caught.value).startswith("2 one-time codes, not 1: '1234', '5678'\n")


def test_a_pattern_gives_its_group_or_all_that_it_matched():
    message = text("Your token is ABC-123")
    assert message.code(r"[A-Z]{3}-\d+") == "ABC-123"
    assert message.code(re.compile(r"token is (\S+)")) == "ABC-123"
    with pytest.raises(SMTPAssertionError, match=r"^there is no code \(expected one matching"):
        message.code(r"\d{9}")


def test_a_wrong_pattern_names_itself():
    with pytest.raises(ValueError, match=r"pattern='\(' is not a regular expression: "):
        text("x").code("(")
    with pytest.raises(TypeError, match=r"pattern=5: must be a str"):
        text("x").code(5)

"""One-time codes in a text: 4 to 8 digits near a word such as "code", and what is none.

What only looks like a code (a date, a price, a telephone number) is a table of expressions; what
they find is blanked before codes are looked for. All quantifiers are bounded, and so is the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How much of a text is searched; arbitrary: what takes a few hundredths of a second.
_SEARCHED: Final = 50_000

# How far from the word a code may stand, in characters; arbitrary: a sentence or two.
_AFTER_THE_WORD: Final = 120
_BEFORE_THE_WORD: Final = 60

_WORDS: Final = (
    r"\b(?:\w{0,20}codes?|passcodes?|otp|totp|pin|tan|verif\w{1,10}|one[ -]time|2fa|mfa"
    r"|two[ -]factor|authenticat\w{1,4}|c[oó]dig[oi]s?|codice|kod|kode|einmal\w{1,12}"
    r"|best[äa]tigung\w{0,8})\b"
)
_WORD: Final = re.compile(_WORDS, re.IGNORECASE)

_MONTH: Final = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)[a-zäé]{0,7}\.?"
)
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|\.)?"
_PHONE: Final = "call|phone|telephone|tel|fax|mobile|hotline|dial|telefon"
_NUMBER: Final = "(?: (?:number|no|nr|id|code))?(?: is| was)?"
_AMOUNT: Final = "total|amount|price|sum|costs?|paid|pay|fee|balance"
_MONEY: Final = (
    r"(?:EUR|USD|GBP|CHF|JPY|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|TRY|INR|CNY|KRW|SGD|HKD|BRL|MXN|ZAR"
    r"|Rs\.?|euros?|dollars?|pounds?|rupees?)"
)
_NUMBERED: Final = (
    "order|invoice|booking|reservation|ticket|case|tracking|customer|account|reference|ref|receipt"
    "|transaction|shipment|parcel|item|article|bill|member|membership|policy|contract|serial"
    "|request|bestellung|bestellnummer|rechnung|auftrag|kundennummer"
)
_UNITS: Final = (
    "seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|years?|characters?|digits?|points?"
    "|times|users?|people|items?|kb|mb|gb|km|miles?|minuten|sekunden|stunden|tagen?"
)
_NOT_ONE_TIME: Final = (
    "zip|postal|post|area|country|dialling|dialing|promo|promotion|discount|coupon|voucher|error"
    "|status|exit|source|product|bar|sort|order|tracking|airport|currency|language|dress"
)

#: What only looks like a code, and how to tell.
_NO_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "URL or address": (
        r"\b(?:https?://|www\.)[^\s<>\"]{1,2000}",
        r"[\w.+-]{1,64}@[\w.-]{1,255}",
    ),
    "date": (
        r"\b\d{4}-\d{1,2}-\d{1,2}(?:T[\d:.]{4,20})?",
        r"\b\d{1,4}[./]\d{1,2}[./]\d{2,4}\b",
        rf"\b(?:{_DAY}[ -](?:of )?)?{_MONTH}[ -](?:{_DAY},? )?\d{{4}}\b",
        r"\b(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d\b",
        r"(?:©|\(c\)|copyright) ?(?:\(c\) |© )?\d{4}\b",
    ),
    "time": (r"\b\d{1,2}:\d{2}(?::\d{2})?\b",),
    "price": (
        rf"\b(?:{_AMOUNT})\b[ :]{{0,3}}(?:is |of |was )?\d{{1,9}}",
        rf"(?:[$€£¥₹]|\b{_MONEY}) ?\d[\d.,' ]{{0,15}}",
        rf"\b\d[\d.,']{{0,15}} ?(?:[$€£¥₹%]|{_MONEY}\b)",
    ),
    "decimal number or quantity": (
        r"\b\d{1,15}(?:[.,]\d{1,15}){1,5}\b",
        rf"\b\d{{1,8}}[ -](?:{_UNITS})\b",
    ),
    "telephone number": (
        r"\+ ?\d[\d ()./-]{5,20}",
        r"\(\d{2,5}\) ?\d[\d -]{3,15}",
        r"\b(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}\b",
        r"\b\d{3}-\d{4}\b",
        r"\b0\d{1,4}[ /-](?:\d{5,12}\b|\d{3,4}[ -]\d{2}[\d -]{0,10})",
        rf"\b(?:{_PHONE})\b(?:(?!{_WORDS})[^.\n\d]){{0,30}}\d[\d ()./-]{{3,20}}",
        r"(?:\bending(?: in| with)?|\*{2,20}|\bx{2,20}) ?\d{2,4}\b",
    ),
    "number of an order, a card, an account": (
        rf"\b(?:{_NUMBERED})s?{_NUMBER}[ .:#]{{0,4}}(?:[A-Z]{{1,5}}-?)?\d[\d-]{{2,20}}",
        r"# ?\d{1,20}",
        r"\b\d{4}(?:[ -]\d{4}){2,5}\b",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,8}\b",
    ),
    "code that is not for once": (
        rf"\b(?:{_NOT_ONE_TIME})[ -]?codes?(?: is)?[ :]{{0,3}}\d{{3,8}}\b",
    ),
}
_NO_CODE: Final = tuple(
    re.compile(expression, re.IGNORECASE)
    for expressions in _NO_CODES.values()
    for expression in expressions
)

# Digits in one run or in groups; a letter and a hyphen may stand before them ("G-123456").
_CODE: Final = re.compile(
    r"""(?<![\w.,/+#-]) (?:[A-Za-z]-)?
    ( (?<!\d[ ]) (?: \d{3}[ -]\d{3} | \d{4}[ -]\d{4} | \d{2}[ -]\d{2}[ -]\d{2} | \d(?:[ ]\d){3,7} )
      (?![ -]?\d)
    | \d{4,8} )
    (?! \w | [-/]\d | [.,]\d )""",
    re.VERBOSE,
)

# Four digits that may be a year, or eight that may be a date, must be called a code.
_MAY_BE_A_DATE: Final = re.compile(r"(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?")
_CALLED_A_CODE: Final = re.compile(r"[^.\n]{0,30}?(?:\bis\b|[:=\n])\s{0,4}\Z", re.IGNORECASE)
_IS_THE_CODE: Final = re.compile(r"\s{1,4}is (?:your|the)\b", re.IGNORECASE)


def find_codes(text: str) -> list[str]:
    """Return the digits of each one-time code in a text, in order, each once."""
    text = _tidy(text)
    blanked = _blank(text)
    found = (match for match in _CODE.finditer(blanked) if _is_code(text, match))
    return list(dict.fromkeys(_digits(match[1]) for match in found))


def find_numbers(text: str) -> list[str]:
    """Return what looks like a code at first sight: the candidates if there is no code."""
    return list(dict.fromkeys(_digits(match[1]) for match in _CODE.finditer(_tidy(text))))


def _tidy(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text[:_SEARCHED].split("\n"))


def _blank(text: str) -> str:
    for expression in _NO_CODE:
        text = expression.sub(lambda match: re.sub(r"\S", "~", match[0]), text)
    return text


def _is_code(text: str, match: re.Match[str]) -> bool:
    words = list(
        _WORD.finditer(
            text, max(0, match.start() - _AFTER_THE_WORD), match.end() + _BEFORE_THE_WORD
        )
    )
    if not words or not _MAY_BE_A_DATE.fullmatch(match[1]):
        return bool(words)
    called = any(
        _CALLED_A_CODE.fullmatch(text, word.end(), match.start())
        for word in words
        if word.end() <= match.start()
    )
    return called or bool(_IS_THE_CODE.match(text, match.end()))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)

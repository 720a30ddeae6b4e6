"""Candidates: numbers with the shape of a code, and shapes that say that a number is not one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

_MONEY: Final = (
    r"(?-i:EUR|USD|GBP|CHF|JPY|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|TRY|INR|CNY|KRW|SGD|HKD|BRL|MXN|ZAR"
    r"|RON|BGN|RUB|UAH|VND|IDR|MYR|THB|PHP|AED|SAR|ILS|Rs\.?|Rp\.?|RM|R\$|kr\.?|Kč|zł|Ft|lei|TL"
    r"|руб\.?|грн|лв)"
)
_SIGN: Final = "[$€£¥₹₽₺₴₩₫₪฿₱]"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|er|\.|º|o)?"
_LETTERS: Final = r"[^\W\d_]{3,14}\.?"
_MONTH: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_ENDS: Final = r"ending|ends|endet|endende?|termin\w{1,6}|slutar|slutter|kończ\w{1,6}"
_YEAR: Final = r"(?:19|20)\d\d"
_UPPER: Final = "[A-ZÀ-ÞĀ-ŽΑ-ΩА-ЯЁ]"

#: Why a number only looks like a code -> expressions for such numbers. All quantifiers are bounded,
#: so the time is linear.
_LOOK_ALIKES: Final[Mapping[str, tuple[str, ...]]] = {
    # ASCII only: in scripts without spaces, text may follow directly.
    "is part of a URL or an address": (
        r"\b[a-z][a-z+]{1,8}://[!#-;=?-~]{1,2000}",
        r"\bwww\.[!#-;=?-~]{1,2000}",
        r"[a-z0-9_.+-]{1,64}@[a-z0-9_.-]{1,255}",
        r"\b(?:[a-z0-9_-]{1,63}\.){1,4}[a-z]{2,10}/[!#-;=?-~]{1,2000}",
        r"[?&][a-z0-9_]{1,30}=[!#-;=?-~]{1,2000}",
    ),
    "is part of a date": (
        r"\b\d{4}-\d{1,2}-\d{1,2}(?:T[\d:.]{4,20})?",
        r"\b\d{1,4}[./]\d{1,2}[./]\d{2,4}\b",
        r"\b\d{1,2}-\d{1,2}-\d{4}\b",
        rf"\b{_DAY}[ -](?:(?:of|de|del) )?{_LETTERS},?[ -](?:(?:de|del) )?{_YEAR}\b",
        rf"\b(?:{_MONTH})[a-z]{{0,6}}\.? (?:{_DAY},? )?{_YEAR}\b",
        rf"\b{_YEAR} ?[年년]",
        rf"\b{_YEAR} ?- ?{_YEAR}\b",
        rf"(?:©|\(c\)|copyright)[ (c)©]{{0,6}}{_YEAR}\b",
    ),
    "is part of a time": (r"\b\d{1,2}:\d{2}(?::\d{2})?\b",),
    "is a price": (
        rf"(?:{_SIGN}|\b{_MONEY}) ?\d[\d.,' ]{{0,15}}",
        rf"\b\d[\d.,']{{0,15}}(?: \d{{3}}){{0,3}} ?(?:{_SIGN}|%|{_MONEY}(?!\w))",
    ),
    "is part of a decimal or a version": (
        r"\b\d{1,15}(?:[.,]\d{1,15}){1,5}\b",
        r"\bv\d[\d.]{2,20}",
    ),
    "is a telephone number": (
        r"\+ ?\d[\d ()./-]{5,20}",
        r"\(\d{2,5}\) ?\d[\d -]{3,15}",
        r"\b(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}\b",
        r"\b\d{3}-\d{4}\b",
        r"\b0\d{1,4}[ /-](?:\d{5,12}\b|\d{3,4}[ -]\d{2}[\d -]{0,10})",
        r"\b0\d(?: \d\d){4}\b",
        r"\b8 ?[( -]800[) -][\d -]{5,12}",
        r"\b\d{2,4}-\d{3,4}-\d{4}\b",
    ),
    "is the PIN code of an Indian address": (
        r",[^,]{0,40}\bpin(?:[ -]?code)?[ .:-]{1,3}\d{3} ?\d{3}\b",
        r"\bpincode[ .:-]{1,3}\d{3} ?\d{3}\b",
        r"\bpin[ -]?code[ .:-]{1,3}\d{3} ?\d{3}(?=[ ,]{1,2}(?:and )?(?:address|city|state)\b)",
        r"\bpin[ -]?code[ .:-]{1,3}\d{3} ?\d{3}(?=, (?-i:[A-Z]))",
        r"(?:^|[,;।-] ?)(?:pin|पिन(?: ?कोड)?)[ .:-]{1,3}\d{3} ?\d{3}\b",
    ),
    "counts codes": (
        r"\b(?:sent|used|got|received|requested) \d{1,8}(?: of \d{1,8})? (?:[a-z-]{1,20} )?codes\b",
        r"\b(?:codes|otps) (?:sent|used|left|issued|remaining)[ :]{1,3}\d{1,8}\b",
        r"\bcode (?:attempts|requests)[ :]{1,3}\d{1,8}\b",
    ),
    "is the number of a ticket": (r"\[#\d{1,12}\]",),
    "ends the number of a card or an account": (
        r"(?:\*{2,20}|\bx{2,20}|•{2,20}|\.{3}) ?\d{2,4}\b",
        rf"\b(?:{_ENDS})(?: (?:in|with|on|par|en|em|con|auf|op|på|z|na))? \d{{2,4}}\b",
        r"\b\d{2,4}(?: ile (?:biten|sona)|(?:-\w{2,4})? végződő| végű|-?loppui|-?päättyv)",
    ),
    "is part of a longer number": (
        r"\b\d{4}(?:[ -]\d{4}){2,5}\b",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,8}\b",
        r"\b\d{3} \d{3} \d{3}(?: \d{2,4}){0,2}\b",
        r"\b\d{2,6}-\d{1,7}-\d{1,7}(?:-\d{1,7}){1,3}\b",
        r"\b\d{9,40}\b",
        r"\b\d{4,8}(?: \d{1,3}){2,6}\b",
        r"\b(?:\d{1,3} ){2,6}\d{4,8}\b",
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f-]{5,20}\b",
    ),
}
_LOOK_ALIKE: Final = tuple(
    (why, re.compile(expression, re.IGNORECASE))
    for why, expressions in _LOOK_ALIKES.items()
    for expression in expressions
)

# Postal codes: after an American state; between a comma and a town; with a sign or a district.
_POSTAL: Final = re.compile(
    r"\b[A-Z]{2},? \d{5}(?:-\d{4})?\b"
    rf"|(?:^|[,·|] ?)(?:[A-Z]{{1,2}}-)?(?:\d{{4,6}}|\d{{3}} \d\d) (?=(?:[a-z]{{2,3}} )?{_UPPER})"
    rf"|\b\d{{6}}, (?=(?:г\. ?)?{_UPPER})"
    r"|〒 ?\d{3}-?\d{4}|\b\d{5}-\d{3}\b"
    r"|\b\d{3,6}(?=[^\W\d_]{1,3}[市區区县])"
)

# Digits in one run or in groups, or one by one; letters and a hyphen may precede them.
_CODE: Final = re.compile(
    r"""(?<![A-Za-z0-9.,/+#&-]) (?<![A-Za-z0-9]_) (?P<hash>\#)? (?:[A-Za-z]{1,3}-)?
    (?P<digits>
      (?<!\d[ ]) (?: \d{3}(?:[ ]|[ ]?[-·][ ]?)\d{3} | \d{4}[ -]\d{4} | \d\d[ -]\d\d[ -]\d\d
                   | \d\d[ ]\d\d[ ]\d\d[ ]\d\d
                   | \d(?:(?:[ ]|[ ]?[-·|][ ]?)\d){3,7} )
      (?![ -]?\d)
    | \d{4,8}(?![ ]\d{1,3}$) )
    (?! _?[A-Za-z0-9] | [-/]\d | [.,]\d | -[A-Za-z] )""",
    re.VERBOSE,
)
_MIXED: Final = re.compile(
    r"(?<![\w./+#&=@-])(?=[A-Z]{0,7}\d)(?=\d{0,7}[A-Z])[A-Z\d]{5,8}(?![\w@/-]|\.\w)"
)
# Shops name discounts like this: "SAVE20".
_A_WORD_AND_A_NUMBER: Final = re.compile(r"[A-Z]{3,}\d{1,3}")

_YEAR_OR_DATE: Final = re.compile(
    rf"{_YEAR}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?"
    rf"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2]){_YEAR}"
)


@frozen()
class Candidate:
    """Something that looks like a code: what one would type, its place, and what its shape says."""

    value: str
    start: int
    end: int
    #: Why its shape says that it is not a code, or "".
    look_alike: str = ""
    is_postal: bool = False
    is_numbered: bool = False

    @property
    def is_year_or_date(self) -> bool:
        """Whether this may be a year, or a date without separators."""
        return bool(_YEAR_OR_DATE.fullmatch(self.value))

    @property
    def is_mixed(self) -> bool:
        """Whether this has letters as well as digits."""
        return not self.value.isdecimal()


def candidates(line: str) -> list[Candidate]:
    """Return everything in a line that looks like a code, in order."""
    matches = [*_CODE.finditer(line), *_MIXED.finditer(line)]
    if not matches:
        return []
    spans = [(m.start(), m.end(), why) for why, one in _LOOK_ALIKE for m in one.finditer(line)]
    postal = [match.span() for match in _POSTAL.finditer(line)]
    found = [_candidate(match, spans, postal) for match in matches]
    return sorted(found, key=lambda one: one.start)


def _candidate(
    match: re.Match[str], spans: list[tuple[int, int, str]], postal: list[tuple[int, int]]
) -> Candidate:
    groups = match.groupdict()
    value = re.sub(r"\D", "", groups["digits"]) if groups else match[0]
    start, end = match.span("digits") if groups else match.span()
    why = next((why for low, high, why in spans if low < end and start < high), "")
    if _A_WORD_AND_A_NUMBER.fullmatch(value):
        why = "is a word and a number, like the code of a discount"
    return Candidate(
        value=value,
        start=match.start(),
        end=match.end(),
        look_alike=why,
        is_postal=any(low < end and start < high for low, high in postal),
        is_numbered=bool(groups and groups["hash"]),
    )

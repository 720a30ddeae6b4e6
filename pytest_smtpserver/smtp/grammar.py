"""Paths and parameters, as RFC 5321 section 4.1.2 and RFC 6531 section 3.3 define them.

Each expression is below the ABNF that it follows. RFC 6531 adds UTF-8 to atoms, quoted strings and
domain labels; whether UTF-8 is allowed at the moment is for the dialogue to decide.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.records.envelope import NO_PARAMETERS
from pytest_smtpserver.records.reply import Reply

from .replies import echo

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 6531: UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4
# Sets that have it are written by the ASCII characters that are not in them. Python takes a hundred
# times as long to compile a set that runs up to U+10FFFF; all of them took a tenth of a second.
# RFC 5322: atext = ALPHA / DIGIT / "!" / "#" / ... ; RFC 6531: atext =/ UTF8-non-ascii
_ATEXT = r'[^\x00- "(),.:;<>@\[\\\]\x7f]'
# Dot-string = Atom *("." Atom) ; Atom = 1*atext
_DOT_STRING = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
# Quoted-string = DQUOTE *QcontentSMTP DQUOTE ; QcontentSMTP = qtextSMTP / quoted-pairSMTP
# qtextSMTP = %d32-33 / %d35-91 / %d93-126 ; RFC 6531: qtextSMTP =/ UTF8-non-ascii
# quoted-pairSMTP = %d92 %d32-126
_QUOTED_STRING = r'"(?:[^\x00-\x1f"\\\x7f]|\\[ -~])*"'
# Local-part = Dot-string / Quoted-string
_LOCAL_PART = rf"(?:{_DOT_STRING}|{_QUOTED_STRING})"
# sub-domain = Let-dig [Ldh-str] ; Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
# RFC 6531: sub-domain =/ U-label
_LET_DIG = r"[^\x00-/:-@\[-`{-\x7f]"
_SUB_DOMAIN = rf"{_LET_DIG}(?:[^\x00-,./:-@\[-`{{-\x7f]*{_LET_DIG})?"
# Domain = sub-domain *("." sub-domain)
_DOMAIN = rf"{_SUB_DOMAIN}(?:\.{_SUB_DOMAIN})*"
# address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
#                   General-address-literal ) "]"
# dcontent = %d33-90 / %d94-126
_ADDRESS_LITERAL = r"\[[!-Z^-~]+\]"
# IPv4-address-literal = Snum 3("." Snum) ; Snum = 1*3DIGIT, "a decimal integer value in the range
# 0 through 255"
_SNUM = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_IPV4_LITERAL = expression(rf"\[{_SNUM}(?:\.{_SNUM}){{3}}\]")
# A-d-l = At-domain *( "," At-domain ) ; At-domain = "@" Domain
_SOURCE_ROUTE = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"
# Mailbox = Local-part "@" ( Domain / address-literal )
_MAILBOX = rf"{_LOCAL_PART}@(?:{_DOMAIN}|(?P<literal>{_ADDRESS_LITERAL}))"
# Path = "<" [ A-d-l ":" ] Mailbox ">"
_PATH = expression(rf"<(?:{_SOURCE_ROUTE})?(?P<mailbox>{_MAILBOX})>")
# Reverse-path = Path / "<>"
_NULL_PATH = expression("<(?P<mailbox>)(?P<literal>)>")
# RCPT TO: "<Postmaster>", without a domain and without regard to case (section 4.1.1.3)
_POSTMASTER = expression("<(?P<mailbox>postmaster)(?P<literal>)>", re.IGNORECASE | re.ASCII)

_LITERAL = expression(_ADDRESS_LITERAL)
_DOMAIN_NAME = expression(_DOMAIN)

# RFC 5321 section 4.5.3.1.2: "The maximum total length of a domain name or number is 255 octets."
_LONGEST_DOMAIN = 255

# esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
# esmtp-value = 1*(%d33-60 / %d62-126) ; RFC 6531: esmtp-value =/ UTF8-non-ascii
_PARAMETER = expression(r"([A-Za-z0-9][A-Za-z0-9\-]*)(?:=([^\x00- =\x7f]+))?")

# The same addresses come again and again: the cache saves parsing them, and a copy in each record.
# Its size is arbitrary.
_remembered = lru_cache(maxsize=256)

_REVERSE_PATHS = (_PATH, _NULL_PATH)
_FORWARD_PATHS = (_PATH, _POSTMASTER)

# Real servers also accept paths without angle brackets or without a domain.
_BARE = expression(rf"(?P<mailbox>{_MAILBOX})")
_NO_DOMAIN = expression(rf"<(?P<mailbox>{_LOCAL_PART})(?P<literal>)>")
_LENIENT_PATHS = (_BARE, _NO_DOMAIN)


class ReadPath(NamedTuple):
    """A mailbox (`""` for the null sender), and the rest of the line.

    `objection` is the reply to a path that can be read, but that the grammar does not allow.
    """

    mailbox: str
    rest: str
    objection: Reply | None = None


class Refusal(Exception):  # not an error of ours: it carries the reply to the client
    """A command is refused, with the reply that says why.

    `violation` is the code of the client's violation, `None` if it did nothing wrong.
    """

    def __init__(self, reply: Reply, violation: str | None = "bad-syntax") -> None:
        super().__init__(str(reply))
        self.reply = reply
        self.violation = violation


def legible(text: str) -> str:
    r"""Return a client's words, with octets that are not UTF-8 as `\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@_remembered
def reverse_path(text: str) -> ReadPath:
    """Return the mailbox after `FROM:` and the rest of the line.

    A source route is dropped (RFC 5321 appendix C). Raises `Refusal`.
    """
    return _path(text, "FROM", _REVERSE_PATHS)


@_remembered
def forward_path(text: str) -> ReadPath:
    """Return the mailbox after `TO:` and the rest of the line, as `reverse_path` does."""
    return _path(text, "TO", _FORWARD_PATHS)


def parameters(text: str) -> Mapping[str, str | None]:
    """Return the parameters, keywords in upper case; `None` for one without a value.

    Raises `Refusal` for one that is malformed or given twice.
    """
    found: dict[str, str | None] = {}
    for word in filter(None, text.split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise Refusal(Reply(501, f"malformed parameter: {echo(word)}", "5.5.4"))
        keyword = match[1].upper()
        if keyword in found:
            raise Refusal(Reply(501, f"parameter given twice: {echo(keyword)}", "5.5.4"))
        found[keyword] = match[2]
    # They become part of a record, which must be immutable. An empty mapping of its own for each of
    # 100,000 messages would cost memory.
    return MappingProxyType(found) if found else NO_PARAMETERS


def is_helo_domain(text: str) -> bool:
    """Return whether EHLO and HELO may have this argument: a domain or an address literal.

    RFC 5321 section 4.1.1.1. An address without brackets is neither (section 4.1.3), though
    digits make a label: RFC 1123 section 2.1 says that the last label of a name is alphabetic.
    A domain is in ASCII here (RFC 6531 section 3.7.1).
    """
    if text.startswith("["):
        return _is_address_literal(text)
    if not text.isascii() or len(text) > _LONGEST_DOMAIN or _IPV4_LITERAL.fullmatch(f"[{text}]"):
        return False
    return _DOMAIN_NAME.fullmatch(text) is not None


def _path(text: str, keyword: str, paths: tuple[re.Pattern[str], ...]) -> ReadPath:
    after = len(keyword) + 1
    if text[:after].upper() != f"{keyword}:":
        raise Refusal(Reply(501, f"syntax: {keyword}:<address>", "5.5.4"))
    found = _first_of(paths, text, after, keyword)
    if found is not None:
        return ReadPath(*found)
    refusal = Reply(501, _path_error(text[after:], keyword), _ENHANCED[keyword])
    spaces = len(text) - len(text[after:].lstrip(" "))
    found = _first_of((*paths, *_LENIENT_PATHS), text, spaces, keyword)
    if found is None:
        raise Refusal(refusal)
    return ReadPath(*found, refusal)


def _first_of(
    paths: tuple[re.Pattern[str], ...], text: str, start: int, keyword: str
) -> tuple[str, str] | None:
    for path in paths:
        match = path.match(text, start)
        if match and text[match.end() : match.end() + 1] in ("", " "):
            _check_literal(match["literal"], keyword)
            return match["mailbox"], text[match.end() :]
    return None


# RFC 3463 sections 3.2: bad sender's / destination mailbox address syntax.
_ENHANCED = {"FROM": "5.1.7", "TO": "5.1.3"}


def _path_error(text: str, keyword: str) -> str:
    if _NO_DOMAIN.match(text):
        return f"the address has no domain: {echo(text)}"
    if text.startswith(" "):
        return f"no space is allowed after {keyword}: (RFC 5321 section 3.3)"
    if not text.startswith("<"):
        return f"the address must be in angle brackets: {keyword}:<address>"
    return f"malformed address: {echo(text)}"


def _check_literal(literal: str | None, keyword: str) -> None:
    if literal and not _is_address_literal(literal):
        text = f"malformed address literal: {echo(literal)}"
        raise Refusal(Reply(501, text, _ENHANCED[keyword]))


def _is_address_literal(text: str) -> bool:
    return bool(_IPV4_LITERAL.fullmatch(text)) or (
        bool(_LITERAL.fullmatch(text)) and _is_ipv6(text)
    )


def _is_ipv6(literal: str) -> bool:
    # General-address-literal = Standardized-tag ":" 1*dcontent: no other tag exists.
    from ipaddress import AddressValueError, IPv6Address

    tag, _, address = literal[1:-1].partition(":")
    try:
        # A zone (RFC 4007) means something only on one host, and is not in the grammar.
        return tag.upper() == "IPV6" and IPv6Address(address).scope_id is None
    except AddressValueError:
        return False

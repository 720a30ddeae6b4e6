"""The service extensions, one row for each (RFC 5321 section 2.2).

A row says when the extension is offered and what EHLO announces, which parameters it adds to
MAIL and RCPT with what values they take, and by how many octets it lengthens those command lines.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.settings import EXTENSIONS as OFFERED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver.settings import Settings

    #: Whether a parameter's value is valid; `None` for a parameter that takes no value.
    Value = Callable[[str], object] | None


def always(settings: Settings, encrypted: bool) -> bool:
    """At all times."""
    return True


def under_tls(settings: Settings, encrypted: bool) -> bool:
    """On an encrypted connection."""
    return encrypted


def before_tls(settings: Settings, encrypted: bool) -> bool:
    """On a connection in clear that can be encrypted."""
    return settings.tls == "starttls" and not encrypted


def where_auth_is_taken(settings: Settings, encrypted: bool) -> bool:
    """Where the settings allow AUTH."""
    return settings.auth != "off" and (encrypted or not settings.auth_needs_tls)


@frozen(kw_only=True)
class Extension:
    """One service extension."""

    rfcs: tuple[int, ...]
    #: When it is offered, and which others must be offered at the same time.
    when: Callable[[Settings, bool], bool] = always
    needs: tuple[str, ...] = ()
    #: The text after the keyword in the reply to EHLO.
    announcement: Callable[[Settings], str] = lambda _: ""
    mail: Mapping[str, Value] = MappingProxyType({})
    rcpt: Mapping[str, Value] = MappingProxyType({})
    #: Of these parameters of MAIL only one may be given.
    mail_excludes: tuple[str, ...] = ()
    #: Octets by which the command lines may be longer.
    mail_octets: int = 0
    rcpt_octets: int = 0


# RFC 5234 section 2.3: "ABNF strings are case insensitive", and ASCII: no long s is an S.
_CASELESS = re.IGNORECASE | re.ASCII


def _matches(pattern: str, flags: int = _CASELESS) -> Callable[[str], object]:
    known = expression(pattern, flags)
    # Not `known.fullmatch`: to get that attribute would compile the expression at once.
    return lambda value: known.fullmatch(value)


# RFC 1870 section 3: size-value ::= 1*20DIGIT
_SIZE = _matches(r"[0-9]{1,20}")
# RFC 6152 section 2: body-value = "7BIT" / "8BITMIME"
_BODY = _matches(r"7BIT|8BITMIME")
# RFC 3030 section 3: body-value ::= "7BIT" / "8BITMIME" / "BINARYMIME". The one in the middle
# belongs to the other extension.
_BINARY_BODY = _matches(r"7BIT|BINARYMIME")

# RFC 3461 section 4.3: "FULL" or "HDRS", "in any combination of upper and lower case letters".
_RET = _matches(r"FULL|HDRS")
# RFC 3461 section 4.1: notify-esmtp-value = "NEVER" / 1#notify-list-element
# notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
# "the NEVER keyword MUST appear by itself."
_NOTIFY_ELEMENT = r"(?:SUCCESS|FAILURE|DELAY)"
_NOTIFY = _matches(rf"NEVER|{_NOTIFY_ELEMENT}(?:,{_NOTIFY_ELEMENT})*")
# RFC 3461 section 4: xtext = *( xchar / hexchar )
# xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "="
# hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits
# Sections 4.2 and 4.4: the value before encoding "MUST consist entirely of printable (graphic
# and white space) characters from the US-ASCII repertoire".
_XTEXT = r"(?:[!-*,-<>-~]|\+(?:09|[2-6][0-9A-F]|7[0-9A-E]))+"
# Section 4.4: "The ENVID parameter MAY be up to 100 characters in length."
_ENVID = _matches(rf"(?!.{{101}}){_XTEXT}", 0)
# RFC 6533 section 3: utf-8-addr-unitext = 1*(QUCHAR / EmbeddedUnicodeChar)
# The set is written by what is not in it, as in `grammar`.
_UNITEXT = r"(?:[^\x00- +=\\\x7f]|\\x\{[0-9A-F]+\})+"
# RFC 3461 section 4.2: original-recipient-address = addr-type ";" xtext ; addr-type = atom
# "The entire ORCPT parameter MAY be up to 500 characters in length", the keyword included.
_ORCPT = _matches(
    rf"(?!.{{495}})(?:[A-Za-z0-9!#$%&'*\-/?^_`{{|}}~]+;{_XTEXT}|[Uu][Tt][Ff]-8;{_UNITEXT})",
    0,
)

# RFC 2852 section 4: by-value = by-time ";" by-mode [by-trace] ; by-time = ["-" / "+"] 1*9digit
# by-mode = "N" / "R" ; by-trace = "T". With "R" the time must be greater than zero.
_BY = _matches(r"[+-]?[0-9]{1,9};NT?|\+?(?!0+;)[0-9]{1,9};RT?")

# RFC 6710: priority-value = (["-"] NON-ZERO-DIGIT) / "0"
_PRIORITY = _matches(r"-?[1-9]|0")

# RFC 4865: future-release-integer = %x31-39 *8DIGIT
_HOLDFOR = _matches(r"[1-9][0-9]{0,8}")
# Its erratum 2040: future-release-date-time = date-time ; of RFC 3339 section 5.6
# date-time = full-date "T" full-time
_DATE_TIME = expression(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    r"(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def _holduntil(value: str) -> bool:
    from datetime import date

    match = _DATE_TIME.fullmatch(value)
    try:
        return bool(match and date.fromisoformat(match["date"]))
    except ValueError:
        return False


# RFC 4954 section 5: the value is a mailbox in xtext, or "<>".
_AUTH = _matches(rf"<>|{_XTEXT}")

# RFC 9422 section 4.2: a limit of recipients has six digits at most.
_HIGHEST_LIMIT = 999_999

_ROWS: Mapping[str, Extension] = MappingProxyType(
    {
        "PIPELINING": Extension(rfcs=(2920,)),
        "SIZE": Extension(
            rfcs=(1870,),
            announcement=lambda settings: str(settings.max_message_size),
            mail={"SIZE": _SIZE},
            # Section 3: "the maximum length of a MAIL FROM command line is increased by 26".
            mail_octets=26,
        ),
        "8BITMIME": Extension(
            rfcs=(6152,),
            mail={"BODY": _BODY},
            # Section 2: "increased by 17 characters".
            mail_octets=17,
        ),
        "SMTPUTF8": Extension(
            rfcs=(6531,),
            # Section 3.1: a server that offers it must offer 8BITMIME, too.
            needs=("8BITMIME",),
            mail={"SMTPUTF8": None},
            # Section 3.1: "increased by 10 characters".
            mail_octets=10,
        ),
        "ENHANCEDSTATUSCODES": Extension(rfcs=(2034,)),
        "CHUNKING": Extension(rfcs=(3030,)),
        "BINARYMIME": Extension(
            rfcs=(3030,),
            # Section 3: "can only be used with the "CHUNKING" service extension".
            needs=("CHUNKING",),
            mail={"BODY": _BINARY_BODY},
            # Section 3: "increased by 16 characters".
            mail_octets=16,
        ),
        "DSN": Extension(
            rfcs=(3461, 6533),
            mail={"RET": _RET, "ENVID": _ENVID},
            rcpt={"NOTIFY": _NOTIFY, "ORCPT": _ORCPT},
            # RFC 3461 gives no sum. Counted: " RET=HDRS", and " ENVID=" with 100 characters.
            mail_octets=9 + 107,
            # Counted: " NOTIFY=SUCCESS,FAILURE,DELAY", and a space with 500 of ORCPT.
            rcpt_octets=29 + 501,
        ),
        "DELIVERBY": Extension(
            rfcs=(2852,),
            mail={"BY": _BY},
            # Counted: " BY=-999999999;NT".
            mail_octets=17,
        ),
        "MT-PRIORITY": Extension(
            rfcs=(6710,),
            mail={"MT-PRIORITY": _PRIORITY},
            # Counted: " MT-PRIORITY=-9".
            mail_octets=15,
        ),
        "FUTURERELEASE": Extension(
            rfcs=(4865,),
            # max-future-release-interval SP max-future-release-date-time: the greatest possible
            # values, so that nothing depends on the clock.
            announcement=lambda _: "999999999 9999-12-31T23:59:59Z",
            mail={"HOLDFOR": _HOLDFOR, "HOLDUNTIL": _holduntil},
            mail_excludes=("HOLDFOR", "HOLDUNTIL"),
            # Counted: " HOLDUNTIL=2026-01-01T12:00:00.123456789+01:00".
            mail_octets=46,
        ),
        "LIMITS": Extension(
            rfcs=(9422,),
            announcement=lambda settings: f"RCPTMAX={min(settings.max_recipients, _HIGHEST_LIMIT)}",
        ),
        "REQUIRETLS": Extension(
            rfcs=(8689,),
            # Section 2: "The session itself MUST employ TLS transmission."
            when=under_tls,
            mail={"REQUIRETLS": None},
            # Section 2: "increased by 11 octets".
            mail_octets=11,
        ),
        "STARTTLS": Extension(rfcs=(3207,), when=before_tls),
        "AUTH": Extension(
            rfcs=(4954,),
            when=where_auth_is_taken,
            announcement=lambda settings: " ".join(settings.mechanisms),
            mail={"AUTH": _AUTH},
            # Section 3: "increased by 500 characters".
            mail_octets=500,
        ),
    }
)

#: Those that have settings of their own.
OF_SETTINGS = ("STARTTLS", "AUTH")

#: All, in the order in which they are offered. The names and their order are the settings'; one
#: without a row here is an error when the first server starts.
EXTENSIONS: Mapping[str, Extension] = MappingProxyType(
    {name: _ROWS[name] for name in (*OFFERED, *OF_SETTINGS)}
)

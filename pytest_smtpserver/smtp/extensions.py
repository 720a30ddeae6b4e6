"""The service extensions, one row for each (RFC 5321 section 2.2).

A row says what EHLO announces, which parameters it adds to MAIL and RCPT with what values they
take, and by how many octets it lengthens those command lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver.settings import Settings

#: What a parameter's value must match; `None` for a parameter that takes no value.
Value = re.Pattern[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One service extension."""

    rfc: int
    #: What stands after the keyword in the reply to EHLO.
    announcement: Callable[[Settings], str] = lambda _: ""
    mail: Mapping[str, Value] = field(default_factory=dict)
    rcpt: Mapping[str, Value] = field(default_factory=dict)
    #: Octets by which the MAIL command line may be longer.
    mail_octets: int = 0


# RFC 1870 section 3: size-value ::= 1*20DIGIT
_SIZE = re.compile(r"[0-9]{1,20}")
# RFC 6152 section 2: body-value = "7BIT" / "8BITMIME"
_BODY = re.compile(r"7BIT|8BITMIME", re.IGNORECASE)

EXTENSIONS: Mapping[str, Extension] = MappingProxyType(
    {
        "PIPELINING": Extension(rfc=2920),
        "SIZE": Extension(
            rfc=1870,
            announcement=lambda settings: str(settings.max_message_size),
            mail={"SIZE": _SIZE},
            # Section 3: "the maximum length of a MAIL FROM command line is increased by 26".
            mail_octets=26,
        ),
        "8BITMIME": Extension(
            rfc=6152,
            mail={"BODY": _BODY},
            # Section 2: "increased by 17 characters".
            mail_octets=17,
        ),
        "SMTPUTF8": Extension(
            rfc=6531,
            mail={"SMTPUTF8": None},
            # Section 3.1: "increased by 10 octets".
            mail_octets=10,
        ),
        "ENHANCEDSTATUSCODES": Extension(rfc=2034),
    }
)

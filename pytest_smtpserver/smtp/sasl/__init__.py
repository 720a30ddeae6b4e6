"""The server's side of SASL (RFC 4422) in SMTP's profile of it (RFC 4954), pure.

* `challenges`: what the two sides say to each other: challenges, answers, and the conclusion
* `passwords`: PLAIN and LOGIN, where the client sends the password
* `cram`: CRAM-MD5, where it sends a digest made with it
* `scram`: SCRAM, where each side proves to the other that it knows it
* `bearer`: XOAUTH2 and OAUTHBEARER, where it sends a token
* `codec`: base64 as RFC 4954 defines it

A mechanism sends nothing. It is a generator that yields challenges and returns the conclusion, so
that a rule of the test can still decide otherwise after the client's last answer.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.settings import MECHANISMS as OFFERED

from .bearer import oauthbearer, xoauth2
from .challenges import Challenge, Conclusion, step
from .codec import decoded, decoded_initial, encoded
from .cram import cram_md5
from .passwords import login, plain
from .scram import scram_sha_1, scram_sha_256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver.settings.users import Users

    from .challenges import Challenges

__all__ = [
    "MECHANISMS",
    "Challenge",
    "Conclusion",
    "Mechanism",
    "decoded",
    "decoded_initial",
    "encoded",
    "step",
]


@frozen()
class Mechanism:
    """One SASL mechanism: how an exchange begins, and whether AUTH may carry its first answer."""

    #: Begins an exchange, given who may log in and the server's name.
    begin: Callable[[Users, str], Challenges]
    #: Whether the AUTH command may contain the client's first answer. It then answers the first
    #: challenge, which is not sent.
    takes_initial_response: bool = True


_ROWS: Mapping[str, Mechanism] = MappingProxyType(
    {
        "PLAIN": Mechanism(plain),
        # The server should begin, but clients such as smtplib send the name with the command.
        "LOGIN": Mechanism(login),
        "CRAM-MD5": Mechanism(cram_md5, takes_initial_response=False),
        "SCRAM-SHA-1": Mechanism(scram_sha_1),
        "SCRAM-SHA-256": Mechanism(scram_sha_256),
        "XOAUTH2": Mechanism(xoauth2),
        "OAUTHBEARER": Mechanism(oauthbearer),
    }
)

#: All, in the order in which they are offered. The settings define the order, and what each needs
#: to be offered. A mechanism without a row here is an error when the first server starts.
MECHANISMS: Mapping[str, Mechanism] = MappingProxyType({name: _ROWS[name] for name in OFFERED})

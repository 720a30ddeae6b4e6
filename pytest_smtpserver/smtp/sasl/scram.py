"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677): each side proves that it knows the password.

The library scramp does the arithmetic, the message syntax and SASLprep. Channel binding is not
offered: the mechanisms whose names end in -PLUS are others.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

from .exchange import NO_DATA, Challenge, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .exchange import Exchange

#: What RFC 5802 section 7 calls these errors (`server-error-value`) when it was the credentials
#: that were wrong; any other is one of syntax. The last is scramp's for a password that
#: SASLprep does not allow.
_CREDENTIALS = frozenset({"invalid-proof", "unknown-user", "no-resources"})


def _scram(
    mechanism: str,
    users: Mapping[str, str],
    hostname: str,
    *,
    nonce: str | None = None,
    salt: bytes | None = None,
) -> Exchange:
    """RFC 5802 section 3: two messages from each side. `nonce` and `salt` are random by default.

    Section 5.1 on failure: "a server implementation MAY conclude the SASL exchange with a failure
    without sending the server-final-message".
    """
    from scramp import ScramException, ScramMechanism

    user = _User(users)
    arithmetic = ScramMechanism(mechanism)
    server = arithmetic.make_server(
        lambda name: user.found(name, partial(arithmetic.make_auth_info, salt=salt)), s_nonce=nonce
    )
    try:
        server.set_client_first(text((yield NO_DATA)))
        server.set_client_final(text((yield Challenge(server.get_server_first().encode()))))
    except ScramException as error:
        if getattr(error.server_error, "value", None) not in _CREDENTIALS:
            raise Refusal(replies.malformed(mechanism)) from None
        return Verdict(user.name, succeeded=False)
    # RFC 4954 section 4: "the SMTP protocol doesn't support the SASL feature of returning
    # additional data with a successful outcome", so RFC 4422 section 3.6 has them sent as a
    # challenge, and answered without data.
    if (yield Challenge(server.get_server_final().encode())):
        raise Refusal(replies.malformed(mechanism))
    return Verdict(user.name, succeeded=True)


class _User:
    """Who the client says it is."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self.name: str | None = None

    def found(self, prepared: str, keys_of: Callable[[str], tuple[Any, ...]]) -> Any:
        """Return the keys made from the user's password, or `None` for nobody.

        SASLprep has brought the name to normalization form KC, and so we compare.
        """
        known = (name for name in self._users if normalize("NFKC", name) == prepared)
        self.name = next(known, prepared)
        return keys_of(self._users[self.name]) if self.name in self._users else None


def scram_sha_1(users: Mapping[str, str], hostname: str, **fixed: Any) -> Exchange:
    """RFC 5802."""
    return _scram("SCRAM-SHA-1", users, hostname, **fixed)


def scram_sha_256(users: Mapping[str, str], hostname: str, **fixed: Any) -> Exchange:
    """RFC 7677."""
    return _scram("SCRAM-SHA-256", users, hostname, **fixed)

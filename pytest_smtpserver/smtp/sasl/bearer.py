"""XOAUTH2 and OAUTHBEARER (RFC 7628): the client sends a token.

A user's password in the settings is that user's token.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

from .challenges import NO_DATA, Challenge, Conclusion, accepts, user_name

if TYPE_CHECKING:
    from pytest_smtpserver.settings.users import Users

    from .challenges import Challenges

# As Google and Microsoft write it, with ^A for the octet 1:
# "user=" {User} "^Aauth=Bearer " {Access Token} "^A^A"
_XOAUTH2 = expression(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.IGNORECASE)

# RFC 7628 section 3.1: client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
# kvsep = %x01 ; kvpair = key "=" value kvsep ; key = 1*(ALPHA)
# RFC 5801 section 4: gs2-header = [gs2-nonstd-flag ","] gs2-cb-flag "," [gs2-authzid] ","
# gs2-authzid = "a=" saslname ; gs2-cb-flag = "p=" ... / "n" / "y", and "p" asks for a channel
# binding, which this mechanism does not have.
_OAUTHBEARER = expression(rb"[ny],(?:a=([^,\x01]+))?,\x01((?:[A-Za-z]+=[^\x01]*\x01)*)\x01")
# RFC 5801 section 4: saslname = 1*(UTF8-char-safe / "=2C" / "=3D")
_BAD_ESCAPE = expression(rb"=(?!2C|3D)")
# RFC 6750 section 2.1: credentials = "Bearer" 1*SP b64token; the scheme without case.
_BEARER = expression(rb"Bearer +(.+)", re.IGNORECASE | re.DOTALL)


def xoauth2(users: Users, hostname: str) -> Challenges:
    """XOAUTH2, OAUTHBEARER's forerunner, which Google and Microsoft describe."""
    message = _XOAUTH2.fullmatch((yield NO_DATA))
    if message is None:
        raise Refusal(replies.malformed("XOAUTH2"))
    name, token = user_name(message[1]), message[2]
    if token and accepts(users, "XOAUTH2", name, token):
        return Conclusion(name, succeeded=True)
    return (yield from _refused(name, b'{"status":"401","schemes":"bearer"}'))


def oauthbearer(users: Users, hostname: str) -> Challenges:
    """RFC 7628. A client that gives no name is the user to whom the token belongs."""
    message = _OAUTHBEARER.fullmatch((yield NO_DATA))
    if message is None:
        raise Refusal(replies.malformed("OAUTHBEARER"))
    name = _sasl_name(message[1])
    pairs = dict(pair.split(b"=", 1) for pair in message[2].split(b"\x01") if pair)
    bearer = _BEARER.fullmatch(pairs.get(b"auth", b""))
    if bearer:
        name = name or _owner(users, bearer[1])
        if users.are_anyone or (name and accepts(users, "OAUTHBEARER", name, bearer[1])):
            return Conclusion(name, succeeded=True)
    # Section 3.2.2: "status" is required, and is one of the OAuth error codes.
    return (yield from _refused(name, b'{"status":"invalid_token"}'))


def _refused(name: str | None, why: bytes) -> Challenges:
    # RFC 7628 section 3.2.3: the client gets the error as a challenge, and answers it with a
    # dummy, a single octet 1; with XOAUTH2 it is empty. Nothing depends on it.
    conclusion = Conclusion(name, succeeded=False)
    yield Challenge(why, conclusion)
    return conclusion


def _sasl_name(octets: bytes | None) -> str | None:
    if octets is None:
        return None
    if _BAD_ESCAPE.search(octets):
        raise Refusal(replies.malformed("OAUTHBEARER"))
    return user_name(octets.replace(b"=2C", b",").replace(b"=3D", b"="))


def _owner(users: Users, token: bytes) -> str | None:
    return next((name for name in users if accepts(users, "OAUTHBEARER", name, token)), None)

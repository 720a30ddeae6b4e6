"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677): each side proves that it knows the password.

The library scramp makes the keys and prepares names and passwords (SASLprep, RFC 4013). The
messages are parsed here: scramp takes no authorization identity, and verifies against a single
password. Channel binding is not offered: it has mechanisms of its own, with names in -PLUS.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from hmac import HMAC, compare_digest
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

from .challenges import NO_DATA, Challenge, Conclusion, text

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from pytest_smtpserver.settings.users import Users

    from .challenges import Challenges

# RFC 5802 section 7:
# client-first-message = gs2-header client-first-message-bare
# gs2-header = gs2-cbind-flag "," [ authzid ] "," ; authzid = "a=" saslname
# gs2-cbind-flag = ("p=" cb-name) / "n" / "y", and "p" asks for a channel binding
# client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
# username = "n=" saslname ; nonce = "r=" c-nonce [s-nonce] ; printable = %x21-2B / %x2D-7E
# "reserved-mext" is for mandatory extensions: a server that knows none must fail.
_NAME = r"(?:[^\0,=]|=2C|=3D)+"
_FIRST = expression(
    rf"(?P<header>[ny],(?:a=(?P<authzid>{_NAME}))?,)"
    rf"(?P<bare>n=(?P<name>{_NAME}),r=(?P<nonce>[!-+\--~]+)(?:,[A-Za-z]=[^\0,]+)*)"
)
# client-final-message-without-proof = channel-binding "," nonce ["," extensions]
# client-final-message = client-final-message-without-proof "," proof
# channel-binding = "c=" base64 ; proof = "p=" base64
_FINAL = expression(
    r"(?P<without_proof>c=(?P<header>[A-Za-z0-9+/=]+),r=(?P<nonce>[!-+\--~]+)"
    r"(?:,[A-Za-z]=[^\0,]+)*),p=(?P<proof>[A-Za-z0-9+/=]+)"
)

# Octets of the server's part of the nonce, and of the salt: arbitrary.
_RANDOM = 18


@frozen()
class _Keys:
    """What a server stores for one secret (section 3)."""

    salt: bytes
    stored: bytes
    server: bytes
    iterations: int


def _scram(
    mechanism: str,
    users: Users,
    hostname: str,
    *,
    nonce: str | None = None,
    salt: bytes | None = None,
) -> Challenges:
    """RFC 5802 section 3: two messages from each side. `nonce` and `salt` are random by default.

    Section 5.1 on failure: "a server implementation MAY conclude the SASL exchange with a failure
    without sending the server-final-message".
    """
    first = _FIRST.fullmatch(text((yield NO_DATA)))
    if first is None:
        raise Refusal(replies.malformed(mechanism))
    name = _known_name(users, _prepared(first["name"], mechanism))
    keys = list(_keys_of(mechanism, users.secrets(name), salt or os.urandom(_RANDOM)))
    if not keys:
        return Conclusion(name, succeeded=False)
    if first["authzid"] and _prepared(first["authzid"], mechanism) != _nfkc(name):
        return Conclusion(name, succeeded=False, is_for_another=True)
    whole_nonce = first["nonce"] + (nonce or b64encode(os.urandom(_RANDOM)).decode())
    salt_shown = b64encode(keys[0].salt).decode()
    server_first = f"r={whole_nonce},s={salt_shown},i={keys[0].iterations}"
    final = _FINAL.fullmatch(text((yield Challenge(server_first.encode()))))
    if final is None or not _goes_with(final, first, whole_nonce):
        raise Refusal(replies.malformed(mechanism))
    message = f"{first['bare']},{server_first},{final['without_proof']}".encode()
    signature = _signature(mechanism, keys, message, b64decode(final["proof"]))
    if signature is None:
        return Conclusion(name, succeeded=False)
    # RFC 4954 section 4: "the SMTP protocol doesn't support the SASL feature of returning
    # additional data with a successful outcome". RFC 4422 section 3.6: such data are then sent as a
    # challenge, and the client answers it without data.
    if (yield Challenge(b"v=" + b64encode(signature))):
        raise Refusal(replies.malformed(mechanism))
    return Conclusion(name, succeeded=True)


def _goes_with(final: re.Match[str], first: re.Match[str], nonce: str) -> bool:
    # Section 5.1: the client repeats the header in base64, and the whole nonce.
    try:
        header, _ = b64decode(final["header"], validate=True), b64decode(final["proof"])
    except ValueError:
        return False
    return header == first["header"].encode() and final["nonce"] == nonce


def _signature(mechanism: str, keys: list[_Keys], message: bytes, proof: bytes) -> bytes | None:
    # Section 3: ClientSignature := HMAC(StoredKey, AuthMessage)
    # ClientProof := ClientKey XOR ClientSignature ; StoredKey := H(ClientKey)
    # ServerSignature := HMAC(ServerKey, AuthMessage)
    digest = mechanism.removeprefix("SCRAM-").replace("SHA-", "sha")
    for one in keys:
        signed = HMAC(one.stored, message, digest).digest()
        if len(proof) != len(signed):
            return None
        client_key = bytes(a ^ b for a, b in zip(proof, signed, strict=True))
        if compare_digest(hashlib.new(digest, client_key).digest(), one.stored):
            return HMAC(one.server, message, digest).digest()
    return None


def _keys_of(mechanism: str, secrets: tuple[str, ...], salt: bytes) -> Iterator[_Keys]:
    from scramp import ScramException, ScramMechanism

    for secret in secrets:
        try:
            salted, stored, server, iterations = ScramMechanism(mechanism).make_auth_info(
                secret, salt=salt
            )
        except ScramException:
            # SASLprep does not allow this password, so nobody can log in with it.
            continue
        yield _Keys(salted, stored, server, iterations)


def _prepared(saslname: str, mechanism: str) -> str:
    # Section 5.1: the characters ',' and '=' in a name are sent as '=2C' and '=3D'. The server
    # prepares the name with SASLprep; a name that SASLprep does not allow fails.
    from scramp import ScramException
    from scramp.utils import saslprep

    try:
        prepared: str = saslprep(saslname.replace("=2C", ",").replace("=3D", "="))
    except ScramException:
        raise Refusal(replies.malformed(mechanism)) from None
    if not prepared:
        raise Refusal(replies.NO_USER_NAME)
    return prepared


def _known_name(users: Users, prepared: str) -> str:
    """Return the name as the settings have it, whatever its normalization form."""
    return next((name for name in users if _nfkc(name) == prepared), prepared)


def _nfkc(name: str) -> str:
    # SASLprep brings names to normalization form KC.
    return normalize("NFKC", name)


def scram_sha_1(users: Users, hostname: str, **fixed: Any) -> Challenges:
    """RFC 5802."""
    return _scram("SCRAM-SHA-1", users, hostname, **fixed)


def scram_sha_256(users: Users, hostname: str, **fixed: Any) -> Challenges:
    """RFC 7677."""
    return _scram("SCRAM-SHA-256", users, hostname, **fixed)

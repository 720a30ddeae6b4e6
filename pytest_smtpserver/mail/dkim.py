"""DKIM signatures (RFC 6376), verified offline with a given public key: nothing is looked up.

dkimpy does the cryptography. It is imported only to verify a signature.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The TXT record's text, PEM, or names mapped to records.
Key = str | bytes | Mapping[str, str]
#: The TXT record for all signatures, or the records by name.
Records = bytes | dict[str, bytes]

INSTALL: Final = "assert_dkim needs dkimpy: pip install 'pytest-smtpserver[dkim]'"

# RFC 8301 section 3.2: "Verifiers MUST NOT consider signatures using RSA keys of less than 1024
# bits as valid signatures."
_SHORTEST: Final = 1024

# RFC 6376 section 3.5: `sig-x-tag = %x78 [FWS] "=" [FWS] 1*12DIGIT`.
_TIME: Final = re.compile("[0-9]{1,12}")
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
# RFC 8410 section 4: a SubjectPublicKeyInfo with id-Ed25519; the key itself comes after it.
_ED25519: Final = bytes.fromhex("302a300506032b6570032100")


@frozen()
class Signature:
    """One DKIM-Signature field: its number among them, and its tags."""

    number: int
    tags: Mapping[str, str]

    @property
    def domain(self) -> str:
        """The domain that signs (`d=`)."""
        return self.tags.get("d", "").lower()

    @property
    def selector(self) -> str:
        """The name of the key among those of the domain (`s=`)."""
        return self.tags.get("s", "")

    @property
    def name(self) -> str:
        """Where the key would be looked up (RFC 6376 section 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def signatures(values: tuple[str, ...]) -> Iterator[Signature]:
    """Yield the signatures in the values of all DKIM-Signature fields."""
    for number, value in enumerate(values):
        yield Signature(number, _tags(value))


def _tags(text: str) -> dict[str, str]:
    # RFC 6376 section 3.2; no tag that we read may have white space in its value.
    pairs = (one.partition("=") for one in text.split(";") if "=" in one)
    return {tag.strip(): "".join(value.split()) for tag, _, value in pairs}


def records(key: Key) -> Records:
    """Return what a lookup would find; raises `TypeError` or `ValueError` if `key` is not a key.

    A mapping may have other records of a zone, too.
    """
    if not isinstance(key, Mapping):
        return _record(key)
    names = {str(name).rstrip(".").lower(): text for name, text in key.items()}
    return {name: _record(text) for name, text in names.items() if "._domainkey." in name}


def why_not(content: bytes, signature: Signature, records: Records) -> str | None:
    """Return which part of a signature does not hold; `None` if it holds.

    Raises `ModuleNotFoundError` without dkimpy, `ValueError` if a record has no usable key.
    """
    try:
        import dkim
    except ModuleNotFoundError:
        raise ModuleNotFoundError(INSTALL, name="dkim") from None
    record = records if isinstance(records, bytes) else records.get(signature.name.lower())
    if record is None:
        return f"no key is given for {signature.name}"
    if (wrong := _why_not_at_all(signature) or _why_not_with(signature, record)) is not None:
        return wrong
    try:
        verifier = dkim.DKIM(content, minkey=_SHORTEST)
        holds = verifier.verify(signature.number, lambda name, timeout=0: _without_services(record))
    except (dkim.DKIMException, ValueError, IndexError) as error:
        # For some malformed tags and headers, dkimpy raises more than its own exceptions.
        is_body = "body hash mismatch" in str(error)
        return "the body was changed" if is_body else f"the signature is not valid: {error}"
    return None if holds else "the header was changed, or it was signed with another key"


def _why_not_at_all(signature: Signature) -> str | None:
    """Return why a signature cannot be valid with any key; `None` if it can."""
    tags = signature.tags
    expires = tags.get("x", "")
    if _TIME.fullmatch(expires) and int(expires) < time.time():
        return f"the signature has expired: x={expires}"
    # RFC 8301 section 3.1: "rsa-sha1 MUST NOT be used for signing or verifying."
    if tags.get("a", "").lower() == "rsa-sha1":
        return "the signature is not valid: rsa-sha1 must not be used (RFC 8301 section 3.1)"
    # RFC 6376 section 5.4: "The From header field MUST be signed".
    if "from" not in tags.get("h", "").lower().split(":"):
        return "the signature is not valid: it does not cover From (RFC 6376 section 5.4)"
    return None


def _why_not_with(signature: Signature, record: bytes) -> str | None:
    """Return why this key cannot be used; raises `ValueError` if it is not a key."""
    import dkim

    try:
        _, bits, kind, _ = dkim.evaluate_pk(signature.name, _without_services(record))
    except (dkim.DKIMException, ValueError) as error:
        # dkimpy's error may have the key in brackets; leave it out.
        why = re.sub(r" \(b'.*?'\)", "", str(error))
        raise ValueError(f"key is not a public key of DKIM: {why}") from None
    return _why_not_for(signature, record, kind.decode()) or _why_too_short(kind, bits)


def _without_services(record: bytes) -> bytes:
    # dkimpy takes several service types for an unknown one; `_why_not_for` has looked at them.
    return re.sub(rb"(^|;)\s*s\s*=[^;]*", b"", record)


def _why_not_for(signature: Signature, record: bytes, kind: str) -> str | None:
    """Return why this key is not for this signature (RFC 6376 section 3.6.1)."""
    tags = _tags(record.decode("ascii", "replace"))
    algorithm = signature.tags.get("a", "").lower()
    made_with, _, digest = algorithm.partition("-")
    if made_with in ("rsa", "ed25519") and made_with != kind:
        return f"it was signed with {algorithm}, but this is an {kind} key"
    if not {"*", "email"} & {*tags.get("s", "*").lower().split(":")}:
        return f"the key is not for mail: s={tags['s']} (RFC 6376 section 3.6.1)"
    if digest and digest not in tags.get("h", digest).lower().split(":"):
        return f"the key does not allow {digest}: h={tags['h']} (RFC 6376 section 3.6.1)"
    return None


def _why_too_short(kind: bytes, bits: int) -> str | None:
    if kind == b"rsa" and bits < _SHORTEST:
        return f"the key is too short: {bits} bits, not {_SHORTEST} (RFC 8301 section 3.2)"
    return None


def _record(key: Any) -> bytes:
    """Return the TXT record that a lookup would find."""
    text = key.decode("ascii", "replace") if isinstance(key, bytes) else key
    if not isinstance(text, str):
        raise TypeError(f"key={key!r}: must be a TXT record, PEM, or a mapping of names to records")
    if text.lstrip().startswith('"'):
        text = _joined(text)
    if found := _PEM.search(text):
        return _of_pem(found[1], found[2])
    if "p=" not in text:
        raise ValueError("key must have a public key: 'v=DKIM1; p=...', or PEM")
    if not _tags(text).get("p"):
        # RFC 6376 section 3.6.1: "An empty value means that this public key has been revoked."
        raise ValueError("key is not a public key of DKIM: its p= is empty, so it was revoked")
    return text.encode()


def _joined(text: str) -> str:
    """Return the text of a record that is written as in a zone file (RFC 1035 section 5.1)."""
    # RFC 6376 section 3.6.2.2: "Strings in a TXT RR MUST be concatenated together before use with
    # no intervening whitespace."
    return "".join(re.findall(r'"([^"]*)"', text)).replace("\\;", ";")


def _of_pem(kind: str, body: str) -> bytes:
    if kind not in ("PUBLIC KEY", "RSA PUBLIC KEY"):
        raise ValueError(f"key must be a public key in PEM, not {kind!r}")
    encoded = "".join(body.split())
    try:
        der = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("key must be PEM, but its base64 cannot be decoded") from None
    if der.startswith(_ED25519):
        raw = base64.b64encode(der.removeprefix(_ED25519)).decode()
        return f"v=DKIM1; k=ed25519; p={raw}".encode()
    return f"v=DKIM1; k=rsa; p={encoded}".encode()

"""Verifying a message's DKIM signature with the test's key."""

from __future__ import annotations

import base64
import smtplib
import subprocess
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from pytest_smtpserver import SMTPAssertionError
from tests.failing import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Message, SMTPServer

    Receive = Callable[[bytes], Message]
    from pytest_smtpserver.mail.dkim import Key

MAIL = b"From: shop@x.test\r\nTo: ann@x.test\r\nSubject: Hello\r\nDate: today\r\n\r\nHello Ann\r\n"
NAME = "mail._domainkey.x.test"
_PEM = serialization.Encoding.PEM
_NOT_ENCRYPTED = serialization.NoEncryption()


class KeyPair:
    """A sender's private key, and the public forms of it."""

    def __init__(self, bits: int = 2048) -> None:
        self.private = rsa.generate_private_key(65537, bits)
        self.private_pem = self.private.private_bytes(
            _PEM, serialization.PrivateFormat.TraditionalOpenSSL, _NOT_ENCRYPTED
        )

    def public(self, format: serialization.PublicFormat) -> str:  # noqa: A002
        return self.private.public_key().public_bytes(_PEM, format).decode()

    @property
    def pem(self) -> str:
        return self.public(serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def record(self) -> str:
        return "v=DKIM1; k=rsa; p=" + "".join(self.pem.splitlines()[1:-1])


@cache
def keys(bits: int = 2048) -> KeyPair:
    return KeyPair(bits)


def quoted(record: str) -> str:
    return f'"{record[:100]}" "{record[100:]}"'.replace(";", "\\;")


def signed(mail: bytes = MAIL, *, domain: str = "x.test", pair: KeyPair | None = None) -> bytes:
    private = (pair or keys()).private_pem
    field = dkim.sign(mail, b"mail", domain.encode(), private, include_headers=[b"from", b"to"])
    return bytes(field) + mail


@pytest.fixture
def receive(smtpserver: SMTPServer) -> Receive:
    """Send this content, and return it as it was received."""

    def receive(content: bytes) -> Message:
        with smtplib.SMTP(*smtpserver.addr) as client:
            client.sendmail("shop@x.test", ["ann@x.test"], content)
        return smtpserver.messages[-1]

    return receive


def why_not(message: Message, *arguments: str, key: Key) -> str:
    """Return the first line of the failure."""
    return first_line(message.assert_dkim, *arguments, key=key)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda pair: pair.record, id="record"),
        pytest.param(lambda pair: pair.record.partition("; ")[2], id="record without a version"),
        pytest.param(lambda pair: pair.pem, id="PEM"),
        pytest.param(lambda pair: pair.pem.encode(), id="octets of PEM"),
        pytest.param(lambda pair: pair.public(serialization.PublicFormat.PKCS1), id="PKCS1"),
        pytest.param(lambda pair: quoted(pair.record), id="as in a zone file"),
        pytest.param(lambda pair: {NAME: quoted(pair.record)}, id="mapping to a zone file's"),
        pytest.param(lambda pair: pair.record + "; s=email:x; h=sha1:sha256", id="for mail too"),
        pytest.param(lambda pair: {NAME: pair.record, "other": "p="}, id="mapping"),
        pytest.param(lambda pair: {f"{NAME.upper()}.": pair.pem}, id="mapping of FQDNs to PEM"),
    ],
)
def test_a_signature_holds_with_its_key(receive: Receive, key: Callable[[KeyPair], Key]) -> None:
    receive(signed()).assert_dkim(key=key(keys()))


def test_domain_and_selector_are_those_of_the_signature(receive: Receive) -> None:
    message = receive(signed())
    message.assert_dkim("x.test", "mail", key=keys().record)
    message.assert_dkim("X.test", key=keys().record)
    message.assert_dkim(selector="mail", key=keys().record)


def test_an_ed25519_signature_holds(receive: Receive) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    raw = serialization.Encoding.Raw
    seed = private.private_bytes(raw, serialization.PrivateFormat.Raw, _NOT_ENCRYPTED)
    public = private.public_key().public_bytes(raw, serialization.PublicFormat.Raw)
    field = dkim.sign(
        MAIL, b"mail", b"x.test", base64.b64encode(seed), signature_algorithm=b"ed25519-sha256"
    )
    message = receive(field + MAIL)
    message.assert_dkim(key=f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}")
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    message.assert_dkim(key=private.public_key().public_bytes(_PEM, spki))


def test_one_signature_of_two_is_enough(receive: Receive) -> None:
    both = signed(signed(), domain="y.test", pair=keys(1024))
    message = receive(both)
    message.assert_dkim("x.test", key=keys().record)
    message.assert_dkim("y.test", key=keys(1024).record)
    message.assert_dkim(key=keys().record)
    message.assert_dkim(key={NAME: keys().record, "mail._domainkey.y.test": keys(1024).record})


def test_no_signature(receive: Receive) -> None:
    assert why_not(receive(MAIL), key=keys().record) == "no DKIM signature"


def test_a_body_that_was_changed(receive: Receive) -> None:
    message = receive(signed().replace(b"Hello Ann", b"Hello Bob"))
    said = "the body was changed (DKIM signature of x.test)"
    assert why_not(message, key=keys().record) == said


def test_a_header_that_was_changed(receive: Receive) -> None:
    message = receive(signed().replace(b"To: ann", b"To: bob"))
    said = "the header was changed, or it was signed with another key (DKIM signature of x.test)"
    assert why_not(message, key=keys().record) == said


def test_another_key(receive: Receive) -> None:
    assert why_not(receive(signed()), key=keys(1024).record).startswith(
        "the header was changed, or"
    )


def test_a_field_that_is_not_signed_may_change(receive: Receive) -> None:
    receive(signed().replace(b"Date: today", b"Date: tomorrow")).assert_dkim(key=keys().record)


def test_another_domain(receive: Receive) -> None:
    said = "signed by x.test, not by y.test (DKIM)"
    assert why_not(receive(signed()), "y.test", key=keys().record) == said


def test_another_selector(receive: Receive) -> None:
    said = "signed with selector mail, not other (DKIM)"
    assert why_not(receive(signed()), "x.test", "other", key=keys().record) == said


def test_a_signature_that_has_expired(receive: Receive) -> None:
    expired = int(time.time()) - 1
    content = signed().replace(b"; t=", f"; x={expired}; t=".encode())
    said = why_not(receive(content), key=keys().record)
    assert said == f"the signature has expired: x={expired} (DKIM signature of x.test)"


def test_a_key_that_is_too_short(receive: Receive) -> None:
    said = why_not(receive(signed(pair=keys(1024))), key=_short())
    assert said.startswith("the key is too short: 512 bits, not 1024 (RFC 8301 section 3.2)")


def _short() -> str:
    # A key of 512 bits, made elsewhere: cryptography refuses to make one.
    numbers = rsa.RSAPublicNumbers(65537, (1 << 511) + 187)
    der = numbers.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; p={base64.b64encode(der).decode()}"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (f"k=ed25519; p={'A' * 43}=", "it was signed with rsa-sha256, but this is an ed25519 key"),
        ("{}; s=tlsrpt", "the key is not for mail: s=tlsrpt (RFC 6376 section 3.6.1)"),
        ("{}; h=sha1", "the key does not allow sha256: h=sha1 (RFC 6376 section 3.6.1)"),
    ],
)
def test_a_key_that_is_not_for_this_signature(receive: Receive, record: str, why: str) -> None:
    given = record.format(keys().record)
    assert why_not(receive(signed()), key=given) == f"{why} (DKIM signature of x.test)"


def test_sha1_is_not_valid(receive: Receive) -> None:
    message = receive(signed().replace(b"a=rsa-sha256", b"a=rsa-sha1"))
    assert "rsa-sha1 must not be used (RFC 8301 section 3.1)" in why_not(message, key=keys().record)


def test_a_signature_that_does_not_cover_from(receive: Receive) -> None:
    message = receive(signed().replace(b"h=from : to", b"h=to"))
    assert "it does not cover From (RFC 6376 section 5.4)" in why_not(message, key=keys().record)


def test_a_mapping_without_the_key(receive: Receive) -> None:
    said = f"no key is given for {NAME} (DKIM signature of x.test)"
    assert why_not(receive(signed()), key={"other": keys().record}) == said


def test_the_failure_lists_the_signatures(receive: Receive) -> None:
    message = receive(signed())
    with pytest.raises(SMTPAssertionError) as raised:
        message.assert_dkim("y.test", key=keys().record)
    assert str(raised.value).splitlines()[2:] == [
        f"the message: {message!r}",
        "1 signature:",
        "  d=x.test s=mail h=from:to",
    ]


@pytest.mark.parametrize(
    ("key", "error", "sentence"),
    [
        (3, TypeError, "key=3: must be a TXT record, PEM, or a mapping of names to records"),
        ("hello", ValueError, "key must have a public key: 'v=DKIM1; p=...', or PEM"),
        ("v=DKIM1; p=AAAA", ValueError, "key is not a public key of DKIM: "),
        ("v=DKIM1; p=", ValueError, "key is not a public key of DKIM: its p= is empty, so it was"),
        (keys().private_pem, ValueError, "must be a public key in PEM, not 'RSA PRIVATE"),
        (
            "-----BEGIN PUBLIC KEY-----\n?\n-----END PUBLIC KEY-----",
            ValueError,
            "its base64 cannot be decoded",
        ),
    ],
)
def test_something_that_is_not_a_key(
    receive: Receive, key: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as raised:
        receive(signed()).assert_dkim(key=key)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("key", "error"),
    [(3, TypeError), (None, TypeError), ("hello", ValueError), ("v=DKIM1; p=", ValueError),
     ({NAME: 3}, TypeError), ({NAME: "hello"}, ValueError)],
)  # fmt: skip
def test_something_that_is_not_a_key_is_an_error_without_a_signature_too(
    receive: Receive, key: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        receive(b"From: ann@x.test\r\n\r\nHello").assert_dkim(key=key)


def test_a_mapping_may_have_other_records_of_the_zone(receive: Receive) -> None:
    zone = {NAME: keys().record, "x.test": "v=spf1 -all", "_dmarc.x.test": "v=DMARC1; p="}
    receive(signed()).assert_dkim(key=zone)


def test_without_dkimpy_one_sentence_says_what_to_install() -> None:
    code = """
import smtplib, sys
sys.modules["dkim"] = None
from pytest_smtpserver import SMTPServer
with SMTPServer() as server:
    with smtplib.SMTP(*server.addr) as client:
        client.sendmail("a@x.test", ["b@x.test"], "DKIM-Signature: v=1; d=x.test\\r\\n\\r\\nx")
    try:
        server.messages[0].assert_dkim(key="p=AAAA")
    except ModuleNotFoundError as error:
        print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout == "assert_dkim needs dkimpy: pip install 'pytest-smtpserver[dkim]'\n"

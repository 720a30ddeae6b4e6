"""A DKIM signature with a wrong form does not hold, and is not an error of the test."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pytest_smtpserver import SMTPAssertionError
from tests.making import message

PUBLIC = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
KEY = f"v=DKIM1; k=ed25519; p={base64.b64encode(PUBLIC).decode()}"
TAGS = "v=1; a=ed25519-sha256; d=x.example; s=s; h=from; bh=abcd; b=abcd"


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("x=\u00b2", "the signature is not valid: x= value is not a decimal integer"),
        (f"x={'9' * 5000}", "the signature is not valid: "),
        (f"t={'9' * 5000}", "the signature is not valid: "),
        ("l=", "the signature is not valid: "),
        ("i=x.example", "the signature is not valid: "),
        ("x=1", "the signature has expired: x=1"),
    ],
)
def test_a_tag_with_a_wrong_value_is_a_failure(tag: str, why: str) -> None:
    mail = message(f"DKIM-Signature: {TAGS}; {tag}\nFrom: ann@x.example\n\nHi\n")
    with pytest.raises(SMTPAssertionError) as caught:
        mail.assert_dkim(key=KEY)
    assert str(caught.value).startswith(why)


def test_a_header_with_a_line_that_is_not_a_field_is_a_failure() -> None:
    mail = message(f"DKIM-Signature: {TAGS}\nFrom: ann@x.example\nno field\n\nHi\n")
    with pytest.raises(SMTPAssertionError, match=r"^the signature is not valid: .*b'no field'"):
        mail.assert_dkim(key=KEY)

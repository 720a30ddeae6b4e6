"""XOAUTH2 and OAUTHBEARER (RFC 7628)."""

import json
from base64 import b64decode

import pytest

from pytest_smtpserver.smtp.sasl import Challenge, Conclusion, step
from tests.smtp.sasl.exchanges import begin, challenges, outcome, refusal

XOAUTH2 = b"user=ann\x01auth=Bearer secret\x01\x01"
OAUTHBEARER = b"n,a=ann,\x01host=localhost\x01port=587\x01auth=Bearer secret\x01\x01"
RIGHT = pytest.mark.parametrize(
    ("mechanism", "answer"), [("XOAUTH2", XOAUTH2), ("OAUTHBEARER", OAUTHBEARER)]
)


def test_the_example_of_google_succeeds() -> None:
    answer = b64decode(
        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52"
        "YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
    )
    users = {"someuser@example.com": "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"}

    assert outcome(begin("XOAUTH2", users), answer) == Conclusion(
        "someuser@example.com", succeeded=True
    )


def test_the_example_of_rfc_7628_succeeds() -> None:
    # Section 4.1
    answer = b64decode(
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVy"
        "IHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    users = {"user@example.com": "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="}

    assert outcome(begin("OAUTHBEARER", users), answer) == Conclusion(
        "user@example.com", succeeded=True
    )


@RIGHT
def test_it_begins_with_an_empty_challenge(mechanism: str, answer: bytes) -> None:
    assert challenges(begin(mechanism), answer) == [b""]


@RIGHT
def test_the_right_token_succeeds(mechanism: str, answer: bytes) -> None:
    assert outcome(begin(mechanism), answer) == Conclusion("ann", succeeded=True)


@RIGHT
def test_any_token_succeeds_when_there_are_no_users(mechanism: str, answer: bytes) -> None:
    assert outcome(begin(mechanism, {}), answer) == Conclusion("ann", succeeded=True)


@RIGHT
@pytest.mark.parametrize("dummy", [b"", b"\x01"])
def test_a_refused_token_gets_a_challenge_before_the_end(
    mechanism: str, answer: bytes, dummy: bytes
) -> None:
    exchange = begin(mechanism, {"ann": "other"})
    conclusion = Conclusion("ann", succeeded=False)

    step(exchange, None)
    said = step(exchange, answer)

    assert isinstance(said, Challenge)
    assert said.conclusion == conclusion
    assert step(exchange, dummy) == conclusion


@RIGHT
def test_the_challenge_that_refuses_a_token_says_why_in_json(mechanism: str, answer: bytes) -> None:
    _, why = challenges(begin(mechanism, {"ann": "other"}), answer)

    assert (
        json.loads(why)["status"] == {"XOAUTH2": "401", "OAUTHBEARER": "invalid_token"}[mechanism]
    )


def test_only_the_challenge_that_refuses_a_token_knows_the_outcome() -> None:
    assert step(begin("XOAUTH2"), None) == Challenge(b"", conclusion=None)


def test_the_name_of_the_scheme_has_no_case() -> None:
    assert outcome(begin("XOAUTH2"), XOAUTH2.replace(b"Bearer", b"bearer")).succeeded
    assert outcome(begin("OAUTHBEARER"), OAUTHBEARER.replace(b"Bearer", b"bearer")).succeeded


def test_names_may_have_characters_beyond_ascii() -> None:
    users = {"jürgen": "token"}

    xoauth2 = outcome(begin("XOAUTH2", users), "user=jürgen\1auth=Bearer token\1\1".encode())
    bearer = outcome(begin("OAUTHBEARER", users), "n,a=jürgen,\1auth=Bearer token\1\1".encode())

    assert xoauth2 == bearer == Conclusion("jürgen", succeeded=True)


def test_oauthbearer_takes_commas_and_equals_signs_of_a_name_escaped() -> None:
    answer = b"n,a=a=2Cb=3Dc,\x01auth=Bearer secret\x01\x01"

    assert outcome(begin("OAUTHBEARER", {"a,b=c": "secret"}), answer).succeeded


def test_oauthbearer_without_a_name_is_for_the_owner_of_the_token() -> None:
    answer = b"n,,\x01auth=Bearer secret\x01\x01"

    assert outcome(begin("OAUTHBEARER"), answer) == Conclusion("ann", succeeded=True)
    assert outcome(begin("OAUTHBEARER", {}), answer) == Conclusion(None, succeeded=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"n,a=ann,\x01\x01",
        b"n,a=ann,\x01auth=\x01\x01",
        b"n,a=ann,\x01auth=Basic secret\x01\x01",
        b"n,,\x01auth=Bearer unknown\x01\x01",
    ],
)
def test_oauthbearer_refuses_an_unknown_token(answer: bytes) -> None:
    assert not outcome(begin("OAUTHBEARER"), answer, b"\x01").succeeded


@pytest.mark.parametrize("users", [{}, {"ann": ""}])
def test_there_is_no_empty_token(users: dict[str, str]) -> None:
    xoauth2 = begin("XOAUTH2", users), b"user=ann\x01auth=Bearer \x01\x01", b""
    bearer = begin("OAUTHBEARER", users), b"n,a=ann,\x01auth=Bearer \x01\x01", b"\x01"

    assert not outcome(*xoauth2).succeeded
    assert not outcome(*bearer).succeeded


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"ann",
        b"user=ann\x01auth=Bearer secret",
        b"user=ann\x01auth=Bearer secret\x01",
        b"user=ann\x01auth=Basic secret\x01\x01",
        XOAUTH2 + b"\n",
    ],
)
def test_xoauth2_refuses_a_malformed_answer(answer: bytes) -> None:
    assert str(refusal(begin("XOAUTH2"), answer)) == "501 5.5.2 malformed answer for XOAUTH2"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x01",
        b"n,,auth=Bearer secret\x01\x01",
        b"n,a=ann,\x01auth=Bearer secret\x01",
        b"n,a=a=2Xb,\x01auth=Bearer secret\x01\x01",
        b"p=tls-unique,,\x01auth=Bearer secret\x01\x01",
        b"n,,\x01=secret\x01\x01",
        XOAUTH2,
    ],
)
def test_oauthbearer_refuses_a_malformed_answer(answer: bytes) -> None:
    reply = refusal(begin("OAUTHBEARER"), answer)

    assert str(reply) == "501 5.5.2 malformed answer for OAUTHBEARER"


def test_a_name_that_is_not_text_is_refused() -> None:
    xoauth2 = refusal(begin("XOAUTH2"), XOAUTH2.replace(b"ann", b"\xff"))
    bearer = refusal(begin("OAUTHBEARER"), OAUTHBEARER.replace(b"ann", b"\xff"))

    assert str(xoauth2) == str(bearer) == "501 5.5.2 this answer is not UTF-8"


def test_xoauth2_without_a_name_is_refused() -> None:
    reply = refusal(begin("XOAUTH2"), XOAUTH2.replace(b"ann", b""))

    assert str(reply) == "501 5.5.2 this answer has no user name"

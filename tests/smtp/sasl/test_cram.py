"""CRAM-MD5 (RFC 2195)."""

import re
from hmac import HMAC

import pytest

from pytest_smtpserver.settings.users import Users
from pytest_smtpserver.smtp.sasl import Conclusion
from pytest_smtpserver.smtp.sasl.cram import cram_md5
from tests.smtp.sasl.exchanges import USERS, begin, challenges, outcome, refusal

DIGEST = b"b913a602c7eda7a495b4e6e7334d3890"


def answer_of(name: str, password: str, challenge: bytes) -> bytes:
    digest = HMAC(password.encode(), challenge, "md5").hexdigest()
    return f"{name} {digest}".encode()


def test_the_example_of_the_standard_succeeds() -> None:
    # RFC 2195 section 2
    exchange = cram_md5(
        Users({"tim": "tanstaaftanstaaf"}), "postoffice.reston.mci.net", unique="1896.697170952"
    )

    assert outcome(exchange, b"tim " + DIGEST) == Conclusion("tim", succeeded=True)


def test_the_challenge_is_a_message_id_of_this_server() -> None:
    (challenge,) = challenges(begin("CRAM-MD5"))

    assert re.fullmatch(rb"<[0-9a-f]+@smtpserver\.test>", challenge)


def test_no_challenge_comes_twice() -> None:
    assert challenges(begin("CRAM-MD5")) != challenges(begin("CRAM-MD5"))


@pytest.mark.parametrize(("name", "password"), USERS.items())
def test_the_right_password_succeeds(name: str, password: str) -> None:
    exchange = cram_md5(Users(USERS), "host", unique="1")

    assert outcome(exchange, answer_of(name, password, b"<1@host>")) == Conclusion(
        name, succeeded=True
    )


def test_a_name_may_have_spaces() -> None:
    exchange = cram_md5(Users({"ann b": "secret"}), "host", unique="1")

    assert outcome(exchange, answer_of("ann b", "secret", b"<1@host>")).username == "ann b"


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_another_digest_does_not_succeed(name: str) -> None:
    answer = answer_of(name, "secret", b"<another@host>")

    assert outcome(begin("CRAM-MD5"), answer) == Conclusion(name, succeeded=False)


def test_any_digest_succeeds_when_there_are_no_users() -> None:
    assert outcome(begin("CRAM-MD5", {}), b"bob " + DIGEST) == Conclusion("bob", succeeded=True)


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (b"", "501 5.5.2 malformed answer for CRAM-MD5"),
        (b"ann", "501 5.5.2 malformed answer for CRAM-MD5"),
        (b"ann " + DIGEST.upper(), "501 5.5.2 malformed answer for CRAM-MD5"),
        (b"ann " + DIGEST[1:], "501 5.5.2 malformed answer for CRAM-MD5"),
        (b"ann " + DIGEST + b"\n", "501 5.5.2 malformed answer for CRAM-MD5"),
        (b" " + DIGEST, "501 5.5.2 this answer has no user name"),
        (b"\xff " + DIGEST, "501 5.5.2 this answer is not UTF-8"),
    ],
)
def test_a_malformed_answer_is_refused(answer: bytes, reply: str) -> None:
    assert str(refusal(begin("CRAM-MD5"), answer)) == reply

"""PLAIN (RFC 4616) and LOGIN."""

import pytest

from pytest_smtpserver.smtp.sasl import Conclusion
from tests.smtp.sasl.exchanges import begin, challenges, outcome, refusal


def test_plain_begins_with_an_empty_challenge() -> None:
    assert challenges(begin("PLAIN")) == [b""]


def test_plain_takes_the_examples_of_the_standard() -> None:
    # RFC 4616 section 4
    tim = outcome(begin("PLAIN", {"tim": "tanstaaftanstaaf"}), b"\0tim\0tanstaaftanstaaf")
    kurt = outcome(begin("PLAIN", {"Kurt": "xipj3plmq"}), b"Ursel\0Kurt\0xipj3plmq")

    assert tim == Conclusion("tim", succeeded=True)
    # "they verify [...] that 'Kurt' is entitled to act as 'Ursel'": nobody is.
    assert kurt == Conclusion("Kurt", succeeded=False, is_for_another=True)


def test_plain_lets_a_user_say_that_it_acts_for_itself() -> None:
    # RFC 4954 section 4.1: dGVzdAB0ZXN0ADEyMzQ=
    assert outcome(begin("PLAIN", {"test": "1234"}), b"test\0test\x001234").succeeded


@pytest.mark.parametrize("password", [b"wrong", b"", b"secret ", b"SECRET"])
def test_plain_does_not_succeed_with_another_password(password: bytes) -> None:
    assert outcome(begin("PLAIN"), b"\0ann\0" + password) == Conclusion("ann", succeeded=False)


def test_plain_does_not_succeed_for_an_unknown_user() -> None:
    assert outcome(begin("PLAIN"), b"\0bob\0secret") == Conclusion("bob", succeeded=False)


def test_plain_takes_names_and_passwords_in_utf8() -> None:
    answer = "\0jürgen\0päßwort".encode()

    assert outcome(begin("PLAIN"), answer) == Conclusion("jürgen", succeeded=True)


def test_plain_accepts_an_empty_password_of_a_user_who_has_one() -> None:
    assert outcome(begin("PLAIN"), b"\0nobody\0").succeeded


def test_plain_lets_anyone_in_when_there_are_no_users() -> None:
    assert outcome(begin("PLAIN", {}), b"\0bob\0any") == Conclusion("bob", succeeded=True)


def test_plain_lets_nobody_act_for_somebody_else_even_when_there_are_no_users() -> None:
    assert not outcome(begin("PLAIN", {}), b"ann\0bob\0any").succeeded


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (b"", "501 5.5.2 malformed answer for PLAIN"),
        (b"ann", "501 5.5.2 malformed answer for PLAIN"),
        (b"ann\0secret", "501 5.5.2 malformed answer for PLAIN"),
        (b"\0ann\0sec\0ret", "501 5.5.2 malformed answer for PLAIN"),
        (b"\0\0secret", "501 5.5.2 this answer has no user name"),
        (b"\0ann\0\xff", "501 5.5.2 this answer is not UTF-8"),
        (b"\0\xff\0secret", "501 5.5.2 this answer is not UTF-8"),
    ],
)
def test_plain_refuses_a_malformed_answer(answer: bytes, reply: str) -> None:
    assert str(refusal(begin("PLAIN"), answer)) == reply


def test_login_asks_for_the_name_and_then_for_the_password() -> None:
    assert challenges(begin("LOGIN"), b"ann") == [b"Username:", b"Password:"]


def test_login_succeeds_with_the_right_password() -> None:
    assert outcome(begin("LOGIN"), b"ann", b"secret") == Conclusion("ann", succeeded=True)


def test_login_does_not_succeed_with_another_password() -> None:
    assert outcome(begin("LOGIN"), b"ann", b"wrong") == Conclusion("ann", succeeded=False)


def test_login_takes_names_and_passwords_in_utf8() -> None:
    answers = "jürgen".encode(), "päßwort".encode()

    assert outcome(begin("LOGIN"), *answers) == Conclusion("jürgen", succeeded=True)


def test_login_accepts_an_empty_password_of_a_user_who_has_one() -> None:
    assert outcome(begin("LOGIN"), b"nobody", b"").succeeded


def test_login_does_not_succeed_with_a_password_that_is_not_text() -> None:
    assert not outcome(begin("LOGIN"), b"ann", b"\xff").succeeded


def test_login_lets_anyone_in_when_there_are_no_users() -> None:
    assert outcome(begin("LOGIN", {}), b"bob", b"any") == Conclusion("bob", succeeded=True)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        (b"", "501 5.5.2 this answer has no user name"),
        (b"a\0b", "501 5.5.2 this answer has no user name"),
        (b"\xff", "501 5.5.2 this answer is not UTF-8"),
    ],
)
def test_login_refuses_a_name_that_is_not_text(name: bytes, reply: str) -> None:
    assert str(refusal(begin("LOGIN"), name)) == reply

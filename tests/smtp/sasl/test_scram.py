"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677)."""

from base64 import b64decode, b64encode

import pytest
from scramp import ScramClient

from pytest_smtpserver.settings.users import Users
from pytest_smtpserver.smtp.grammar import Refusal
from pytest_smtpserver.smtp.sasl import MECHANISMS, Challenge, Conclusion, step
from pytest_smtpserver.smtp.sasl.challenges import Challenges
from pytest_smtpserver.smtp.sasl.scram import scram_sha_1, scram_sha_256
from tests.smtp.sasl.exchanges import begin, challenges, outcome, refusal

SCRAM = pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])


def octets_of(said: Challenge | Conclusion) -> bytes:
    assert isinstance(said, Challenge)
    return said.octets


def logged_in(mechanism: str, exchange: Challenges, name: str, password: str) -> Conclusion:
    """Return the conclusion on a client that does as the standard says, and checks the server."""
    client = ScramClient([mechanism], name, password)
    step(exchange, None)
    said = step(exchange, client.get_client_first().encode())
    if isinstance(said, Conclusion):
        return said
    client.set_server_first(said.octets.decode())
    said = step(exchange, client.get_client_final().encode())
    if isinstance(said, Conclusion):
        return said
    client.set_server_final(said.octets.decode())
    conclusion = step(exchange, b"")
    assert isinstance(conclusion, Conclusion)
    return conclusion


def test_the_example_of_rfc_5802_succeeds() -> None:
    # Section 5
    exchange = scram_sha_1(
        Users({"user": "pencil"}),
        "host",
        nonce="3rfcNHYJY1ZVvWVs7j",
        salt=b64decode("QSXCR+Q6sek8bf92"),
    )
    client_first = b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    client_final = (
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    )

    assert step(exchange, None) == Challenge(b"")
    assert octets_of(step(exchange, client_first)) == (
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
    )
    assert octets_of(step(exchange, client_final)) == b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
    assert step(exchange, b"") == Conclusion("user", succeeded=True)


def test_the_example_of_rfc_7677_succeeds() -> None:
    # Section 3
    exchange = scram_sha_256(
        Users({"user": "pencil"}),
        "host",
        nonce="%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt=b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="),
    )
    client_first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    client_final = (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )

    assert step(exchange, None) == Challenge(b"")
    assert octets_of(step(exchange, client_first)) == (
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert octets_of(step(exchange, client_final)) == (
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )
    assert step(exchange, b"") == Conclusion("user", succeeded=True)


@SCRAM
@pytest.mark.parametrize(("name", "password"), [("ann", "secret"), ("jürgen", "päßwort")])
def test_the_right_password_succeeds(mechanism: str, name: str, password: str) -> None:
    conclusion = logged_in(mechanism, begin(mechanism), name, password)

    assert conclusion == Conclusion(name, succeeded=True)


@SCRAM
def test_a_name_is_recorded_as_the_settings_have_it(mechanism: str) -> None:
    # A ligature, which SASLprep decomposes.
    users = {"\ufb01ona": "secret"}

    conclusion = logged_in(mechanism, begin(mechanism, users), "fiona", "secret")

    assert conclusion == Conclusion("\ufb01ona", succeeded=True)


@SCRAM
@pytest.mark.parametrize("name", ["ann", "bob", "jürgen"])
def test_another_password_does_not_succeed(mechanism: str, name: str) -> None:
    assert logged_in(mechanism, begin(mechanism), name, "wrong") == Conclusion(
        name, succeeded=False
    )


@SCRAM
def test_an_authorization_identity_that_is_the_name_is_taken(mechanism: str) -> None:
    client = ScramClient([mechanism], "ann", "secret")
    exchange = begin(mechanism)
    step(exchange, None)
    # scramp's client cannot send one, so its message is built here.
    bare = client.get_client_first().removeprefix("n,,")
    client.set_server_first(octets_of(step(exchange, f"n,a=ann,{bare}".encode())).decode())
    client.gs2_header = WithIdentity()
    assert octets_of(step(exchange, client.get_client_final().encode())).startswith(b"v=")
    assert step(exchange, b"") == Conclusion("ann", succeeded=True)


class WithIdentity:
    """The header that scramp's client repeats in its last message."""

    def make_cbind_input(self, _: object) -> bytes:
        return b"n,a=ann,"


@SCRAM
def test_another_authorization_identity_does_not_succeed(mechanism: str) -> None:
    conclusion = outcome(begin(mechanism), b"n,a=bob,n=ann,r=abc")
    assert conclusion == Conclusion("ann", succeeded=False, is_for_another=True)


@SCRAM
@pytest.mark.parametrize("secret", ["secret", "token"])
def test_each_of_several_secrets_is_good(mechanism: str, secret: str) -> None:
    exchange = MECHANISMS[mechanism].begin(Users({"ann": ("secret", "token")}), "host")
    assert logged_in(mechanism, exchange, "ann", secret) == Conclusion("ann", succeeded=True)


@SCRAM
def test_an_unknown_user_is_refused_after_the_first_message(mechanism: str) -> None:
    assert outcome(begin(mechanism), b"n,,n=bob,r=abc") == Conclusion("bob", succeeded=False)


@SCRAM
def test_a_name_may_have_commas_and_equals_signs(mechanism: str) -> None:
    users = {"a,b=c": "secret"}

    assert logged_in(mechanism, begin(mechanism, users), "a,b=c", "secret").username == "a,b=c"


@SCRAM
def test_a_password_that_saslprep_does_not_allow_does_not_succeed(mechanism: str) -> None:
    exchange = begin(mechanism, {"ann": "\ue000"})

    assert outcome(exchange, b"n,,n=ann,r=abc") == Conclusion("ann", succeeded=False)


@SCRAM
def test_no_nonce_comes_twice(mechanism: str) -> None:
    first = challenges(begin(mechanism), b"n,,n=ann,r=abc")
    second = challenges(begin(mechanism), b"n,,n=ann,r=abc")

    assert first[1] != second[1]


@SCRAM
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"n,,",
        b"n,,n=ann",
        b"n,,n=,r=abc",
        b"n,,n=a=b,r=abc",
        b"p=tls-unique,,n=ann,r=abc",
        b"x,,n=ann,r=abc",
        b"n,,m=x,n=ann,r=abc",
        "n,,n=\ue000,r=abc".encode(),
    ],
)
def test_a_malformed_first_message_is_refused(mechanism: str, answer: bytes) -> None:
    assert str(refusal(begin(mechanism), answer)) == f"501 5.5.2 malformed answer for {mechanism}"


@SCRAM
def test_a_name_of_which_nothing_is_left_is_none(mechanism: str) -> None:
    # SASLprep maps a soft hyphen to nothing.
    reply = refusal(begin(mechanism), "n,,n=\u00ad,r=abc".encode())
    assert str(reply).startswith("501 ")
    assert "name" in str(reply)


@SCRAM
def test_a_first_message_that_is_not_text_is_refused(mechanism: str) -> None:
    assert (
        str(refusal(begin(mechanism), b"n,,n=\xff,r=abc")) == "501 5.5.2 this answer is not UTF-8"
    )


@SCRAM
@pytest.mark.parametrize(
    "answer",
    [b"", b"c=biws,r=another,p=AAAA", b"c=biws", b"c=!,r=abc,p=AA==", b"c=biws,r=abcNONCE,p=A"],
)
def test_a_malformed_second_message_is_refused(mechanism: str, answer: bytes) -> None:
    reply = refusal(begin(mechanism), b"n,,n=ann,r=abc", answer)

    assert str(reply) == f"501 5.5.2 malformed answer for {mechanism}"


def test_an_answer_to_the_servers_last_message_has_no_data() -> None:
    client = ScramClient(["SCRAM-SHA-256"], "ann", "secret")
    exchange = begin("SCRAM-SHA-256")
    step(exchange, None)
    client.set_server_first(octets_of(step(exchange, client.get_client_first().encode())).decode())
    step(exchange, client.get_client_final().encode())

    with pytest.raises(Refusal, match="malformed answer for SCRAM-SHA-256"):
        step(exchange, b"more")


@SCRAM
def test_octets_after_the_right_proof_are_wrong(mechanism: str) -> None:
    exchange = begin(mechanism, {"ann": "secret"})
    client = ScramClient([mechanism], "ann", "secret")
    step(exchange, None)
    client.set_server_first(octets_of(step(exchange, client.get_client_first().encode())).decode())
    final, _, proof = client.get_client_final().rpartition("p=")
    longer = b64encode(b64decode(proof) + b"x").decode()
    assert step(exchange, f"{final}p={longer}".encode()) == Conclusion("ann", succeeded=False)

"""Properties of all mechanisms."""

import traceback
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smtpserver.smtp.grammar import Refusal
from pytest_smtpserver.smtp.sasl import MECHANISMS, Challenge, Conclusion, step
from tests.smtp.sasl.exchanges import USERS, begin

ANSWERS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.lists(
            st.sampled_from(
                [b"\0", b"\x01", b"ann", b"secret", b"n", b"y", b",", b"=", b"n=", b"r=abc", b"a=",
                 b"c=biws", b"p=AAAA", b"user=", b"auth=", b"Bearer ", b" ", b"0" * 32, b"\xff"]
            ),
            max_size=12,
        ).map(b"".join),
    ),
    min_size=4,
    max_size=4,
)  # fmt: skip
#: A password that can be found wherever it is shown.
PASSWORD = "hunter2-päß"


@pytest.mark.parametrize("mechanism", MECHANISMS)
@given(answers=ANSWERS, users=st.sampled_from([USERS, {"ann": "secret"}]))
def test_no_answer_raises_anything_but_a_refusal(
    mechanism: str, answers: list[bytes], users: dict[str, str]
) -> None:
    exchange = begin(mechanism, users)
    said = step(exchange, None)
    with suppress(Refusal):
        for answer in answers:
            if isinstance(said, Conclusion):
                break
            said = step(exchange, answer)
        # Four answers are more than any mechanism asks for.
        assert isinstance(said, Conclusion)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_an_exchange_begins_with_a_challenge(mechanism: str) -> None:
    assert isinstance(step(begin(mechanism), None), Challenge)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_no_refusal_shows_what_the_client_sent(mechanism: str) -> None:
    exchange = begin(mechanism)
    step(exchange, None)

    with pytest.raises(Refusal) as caught:
        for octets in (PASSWORD.encode() + b"\0\xff", b"\xff"):
            step(exchange, octets)

    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown


def test_only_cram_md5_allows_no_initial_response() -> None:
    without = [name for name, row in MECHANISMS.items() if not row.takes_initial_response]

    assert without == ["CRAM-MD5"]

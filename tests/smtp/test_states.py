"""Which command is allowed when (RFC 5321 section 4.1.4): every verb in every state."""

import pytest

from pytest_smtpserver.smtp.states import Progress, State
from tests.conversation import Conversation

EHLO, MAIL, RCPT = "EHLO client.test", "MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org>"

#: The lines that lead to each state.
STATES = {
    "at the start": [],
    "introduced": [EHLO],
    "after HELO": ["HELO client.test"],
    "after MAIL": [EHLO, MAIL],
    "after a refused RCPT": [EHLO, MAIL, "RCPT TO:bob"],
    "after RCPT": [EHLO, MAIL, RCPT],
    "after a message": [EHLO, MAIL, RCPT, "DATA", "."],
}

#: The command lines, with the codes in those states.
# fmt: off
CODES = {
    #                    start introd. HELO  MAIL  refused RCPT message
    EHLO:               (250,  250,    250,  250,  250,    250, 250),
    "HELO client.test": (250,  250,    250,  250,  250,    250, 250),
    MAIL:               (503,  250,    250,  503,  503,    503, 250),
    RCPT:               (503,  503,    503,  250,  250,    250, 503),
    "DATA":             (503,  503,    503,  503,  503,    354, 503),
    "RSET":             (250,  250,    250,  250,  250,    250, 250),
    "NOOP":             (250,  250,    250,  250,  250,    250, 250),
    "VRFY bob":         (252,  252,    252,  252,  252,    252, 252),
    "EXPN list":        (502,  502,    502,  502,  502,    502, 502),
    "HELP":             (214,  214,    214,  214,  214,    214, 214),
    "QUIT":             (221,  221,    221,  221,  221,    221, 221),
    "WHAT":             (500,  500,    500,  500,  500,    500, 500),
}
# fmt: on


@pytest.mark.parametrize("line", CODES)
@pytest.mark.parametrize("state", STATES)
def test_a_command_is_answered_as_its_state_demands(state: str, line: str) -> None:
    conversation = Conversation()
    conversation.lines(*STATES[state])
    assert conversation.codes(line) == [CODES[line][list(STATES).index(state)]]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (s, line)
        for line, codes in CODES.items()
        for s, code in zip(STATES, codes, strict=True)
        if code == 503
    ],
)
def test_a_command_out_of_order_changes_nothing(state: str, line: str) -> None:
    conversation = Conversation()
    conversation.lines(*STATES[state])
    before = conversation.recorder.transactions()
    (reply,) = conversation.lines(line)
    after = conversation.recorder.transactions()
    assert [one.envelope.rcpt_to for one in after] == [one.envelope.rcpt_to for one in before]
    assert [one.outcome for one in after] == [one.outcome for one in before]
    # It is an answer to the transaction's DATA all the same.
    if line == "DATA" and after and after[-1].outcome is None:
        assert str(after[-1].reply) == reply
    else:
        assert after is before


@pytest.mark.parametrize("line", ["EHLO other.test", "HELO other.test", "RSET"])
@pytest.mark.parametrize(
    ("state", "outcome"),
    [("after MAIL", "aborted"), ("after a refused RCPT", "rejected"), ("after RCPT", "aborted")],
)
def test_ehlo_helo_and_rset_give_the_transaction_up(state: str, outcome: str, line: str) -> None:
    conversation = Conversation()
    conversation.lines(*STATES[state], line)
    assert conversation.transaction.outcome == outcome
    assert conversation.codes(RCPT, MAIL) == [503, 250]


def test_a_command_that_the_table_does_not_name_changes_no_state() -> None:
    progress = Progress()
    assert progress.allows("XCLIENT")
    progress.move("XCLIENT")
    assert progress.state is State.START

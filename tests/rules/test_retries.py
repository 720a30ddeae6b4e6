"""What a client does after a fault can be asserted: how often it tries, and with which pauses."""

import time
from itertools import pairwise

import pytest

from tests.rules.delivering import deliver_with_smtplib

# The client's own patience, in seconds.
PAUSE = 0.03


def deliver_patiently(server, tries=5) -> None:
    """Do as a queue does: again after a transient error, never after a permanent one."""
    for _ in range(tries):
        raised = deliver_with_smtplib(server).raised
        if raised is None or raised.smtp_code >= 500:
            return
        time.sleep(PAUSE)


def test_how_often_and_with_which_pauses(smtpserver, in_background) -> None:
    smtpserver.refuse("451 4.3.0 try again").times(2)
    in_background(deliver_patiently, smtpserver)
    attempts = smtpserver.wait_for_transactions(3)
    assert [attempt.outcome for attempt in attempts] == ["rejected", "rejected", "accepted"]
    times = [attempt.started_at for attempt in attempts]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert all(pause >= PAUSE for pause in pauses)


def test_a_permanent_error_is_not_retried(smtpserver, in_background) -> None:
    smtpserver.refuse("550 5.7.1 go away")
    in_background(deliver_patiently, smtpserver)
    attempt = smtpserver.wait_for_transaction(settle=2 * PAUSE)
    assert (attempt.outcome, attempt.reply.code) == ("rejected", 550)


def test_one_try_too_many_is_a_failure(smtpserver, in_background) -> None:
    smtpserver.refuse("451 4.3.0 try again")
    in_background(deliver_patiently, smtpserver, 2)
    with pytest.raises(AssertionError):
        smtpserver.wait_for_transaction(settle=2)

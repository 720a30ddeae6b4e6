"""How a client reacts to a fault can be asserted: how often it tries, and with which pauses."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.present import present
from tests.rules.delivering import deliver_with_smtplib

if TYPE_CHECKING:
    from pytest_smtpserver import SMTPServer
    from tests.rules.delivering import InBackground

# The client's own patience, in seconds.
PAUSE = 0.03


def deliver_patiently(server: SMTPServer, tries: int = 5) -> None:
    """Deliver like a queue: retry after a transient error, never after a permanent one."""
    for _ in range(tries):
        delivered = deliver_with_smtplib(server)
        if delivered.raised is None or delivered.code >= 500:
            return
        time.sleep(PAUSE)


def test_how_often_and_with_which_pauses(
    smtpserver: SMTPServer, in_background: InBackground
) -> None:
    smtpserver.refuse("451 4.3.0 try again").times(2)
    in_background(deliver_patiently, smtpserver)
    attempts = smtpserver.wait_for_transactions(3)
    assert [attempt.outcome for attempt in attempts] == ["rejected", "rejected", "accepted"]
    times = [attempt.started_at for attempt in attempts]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert all(pause >= PAUSE for pause in pauses)


def test_a_permanent_error_is_not_retried(
    smtpserver: SMTPServer, in_background: InBackground
) -> None:
    smtpserver.refuse("550 5.7.1 go away")
    in_background(deliver_patiently, smtpserver)
    attempt = smtpserver.wait_for_transaction(settle=2 * PAUSE)
    assert (attempt.outcome, present(attempt.reply).code) == ("rejected", 550)


def test_one_try_too_many_is_a_failure(smtpserver: SMTPServer, in_background: InBackground) -> None:
    smtpserver.refuse("451 4.3.0 try again")
    in_background(deliver_patiently, smtpserver, 2)
    with pytest.raises(AssertionError):
        smtpserver.wait_for_transaction(settle=2)

"""A short run of the soak, and proof that it finds what it looks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks.soak_account import Account, Letter, letter

if TYPE_CHECKING:
    from pytest_smtpserver import Message

ROOT = Path(__file__).parents[2]
# Far more than one round takes on a busy machine.
TIMEOUT = 300


class Recorded:
    """The attributes of a message that the account looks at."""

    def __init__(self, one: Letter) -> None:
        self.content = one.content


def faults(account: Account, *recorded: Letter) -> list[str]:
    return list(account.faults([cast("Message", Recorded(one)) for one in recorded]))


def test_a_round_of_the_soak_finds_no_fault() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "benchmarks.soak", "--rounds", "1", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "1 rounds: 9 servers" in run.stdout


@pytest.mark.parametrize(
    ("fate", "times", "is_fault"),
    [
        ("accepted", 0, True),
        ("accepted", 1, False),
        ("accepted", 2, True),
        ("refused", 0, False),
        ("refused", 1, True),
        ("unknown", 0, False),
        ("unknown", 1, False),
        ("unknown", 2, True),
    ],
)
def test_the_account_finds_what_was_lost_or_doubled(fate: str, times: int, is_fault: bool) -> None:
    one, account = letter(b"hello\r\n"), Account()
    getattr(account, fate).append(one)
    assert bool(faults(account, *[one] * times)) == is_fault


def test_the_account_finds_what_was_altered_or_invented() -> None:
    one = letter(b"hello\r\n")
    account = Account(accepted=[one])
    assert faults(account, Letter(one.name, one.content + b"more"))
    assert faults(account, one, letter(b"never sent\r\n"))

"""Random refusals and disconnects that are the same in each run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.numeric import is_number
from pytest_smtpserver.records.reply import Reply

from .steps import Disconnect, Say

if TYPE_CHECKING:
    from .command import Command
    from .steps import Step

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

#: What may happen, all equally likely. RFC 5321 section 4.2.3 has the codes.
_MISHAPS: Final[tuple[Step, ...]] = (
    Say(Reply(421, "try again later", "4.3.2")),
    Say(Reply(450, "mailbox busy", "4.2.1")),
    Say(Reply(451, "local error", "4.3.0")),
    Say(Reply(452, "insufficient storage", "4.3.1")),
    Say(Reply(550, "rejected", "5.7.1")),
    Say(Reply(554, "transaction failed", "5.0.0")),
    Disconnect(reset=False),
    Disconnect(reset=True),
)


class Chaos:
    """Decides from a seed, the session's id and the number of the command in its session."""

    def __init__(self, rate: float, seed: int | str | None) -> None:
        if not is_number(rate):
            raise TypeError(f"chaos(rate={rate!r}): must be a number from 0 to 1")
        if not 0 <= rate <= 1:
            raise ValueError(f"chaos(rate={rate!r}): must be a number from 0 to 1")
        if seed is not None and not isinstance(seed, int | str):
            raise TypeError(f"chaos(seed={seed!r}): must be an int or a str")
        self._rate = rate
        # Short enough to type it again.
        self._seed = random.SystemRandom().randrange(10_000) if seed is None else seed

    def strikes(self, command: Command) -> bool:
        """Return whether something happens to a command."""
        return self._random(command).random() < self._rate

    def step(self, command: Command) -> Step:
        """Return what happens to a command for which `strikes` is true."""
        chance = self._random(command)
        chance.random()
        return chance.choice(_MISHAPS)

    def _random(self, command: Command) -> random.Random:
        number = command._number
        return random.Random(f"{self._seed}/{command.session_id}/{number}")  # noqa: S311

    def __str__(self) -> str:
        return f"chaos(rate={self._rate!r}, seed={self._seed!r})"

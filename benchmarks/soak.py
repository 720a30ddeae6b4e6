"""A soak: runs mixed clients for as long as asked, and checks that nothing is lost or left behind.

    python -m benchmarks.soak                  # one minute
    python -m benchmarks.soak --minutes 30     # or --rounds 5, whichever ends first

In each round, clients of all kinds (`soak_clients`) meet one server with rules that lasts for the
whole soak, and servers that each last for one test. All are threads of one process, as in a test
run. After each round the clients' own account (`soak_account`) is compared with the records, and
everything that the process keeps is counted: threads, open files, trio's tasks, objects and memory.

It ends with status 1 and a sentence for each fault if a message was lost, doubled, altered or
invented, if the server crashed or hung, or if the process keeps more and more.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import os
import platform
import random
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.soak_account import Account
from benchmarks.soak_clients import CLIENTS, PASSWORD, TIMEOUT, USER, ordinary, run
from pytest_smtpserver import SMTPServer, __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Command, ServerSettings

# All arbitrary: clients at once; clients and tests in a round; rounds until caches and the
# allocator's arenas are full; the fewest rounds after that by which growth is judged.
_AT_ONCE = 8
_CLIENTS, _TESTS = 80, 8
_WARM_UP, _JUDGED = 20, 9
# Growth from the first to the last third that counts as noise, in objects and in octets.
_MORE_OBJECTS, _MORE_MEMORY = 1.02, 1.20
_KINDS_OF_TEST: tuple[ServerSettings, ...] = (
    {},
    {},
    {"tls": "starttls", "auth": "optional", "users": {USER: PASSWORD}},
    {"max_recipients": 1, "max_message_size": 2_000},
    {"max_connections": 2},
    {"extensions": ["-PIPELINING", "-CHUNKING"]},
)
_FILES = next((path for path in map(Path, ("/proc/self/fd", "/dev/fd")) if path.exists()), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the process keeps between two rounds; memory in octets."""

    threads: int
    files: int
    tasks: int
    objects: int
    memory: int


@dataclass
class Soak:
    """The results so far."""

    seed: int
    started: float = field(default_factory=time.monotonic)
    kept: list[Kept] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    sessions: int = 0
    servers: int = 1

    def go_on(self, *, minutes: float, rounds: int) -> None:
        """Do one round after another, until time or rounds are used up, or there is a fault.

        On a slow machine it takes longer than `minutes`: there must be enough rounds to judge by.
        """
        users = {USER: PASSWORD}
        lasting = SMTPServer(tls="starttls", auth="optional", users=users, wait_timeout=TIMEOUT)
        with lasting, ThreadPoolExecutor(_AT_ONCE) as pool:
            while not self.faults and len(self.kept) < rounds:
                self._round(lasting, pool)
                is_late = time.monotonic() - self.started >= minutes * 60
                if is_late and len(self.kept) >= _WARM_UP + _JUDGED:
                    break
        self.faults += self._growth()

    def _round(self, lasting: SMTPServer, pool: ThreadPoolExecutor) -> None:
        dice = random.Random(f"{self.seed} {len(self.kept)}")
        account = Account()
        lasting.reset()
        set_rules(lasting)
        tests = [pool.submit(self._test, dice.random()) for _ in range(_TESTS)]
        clients = [
            pool.submit(run, dice.choice(CLIENTS), lasting, account, random.Random(dice.random()))
            for _ in range(_CLIENTS)
        ]
        for done in as_completed([*tests, *clients], TIMEOUT * 4):
            done.result()
        lasting.wait_closed()
        lasting.check()
        self._compare(account, lasting)
        lasting.reset()
        self.kept.append(kept(own=len(self.kept)))

    def _test(self, seed: float) -> None:
        """Do what one test with a server of its own does."""
        dice, account = random.Random(seed), Account()
        server = SMTPServer(**dice.choice(_KINDS_OF_TEST)).start()
        if dice.random() < 0.3:
            server.chaos(0.1, seed=str(seed))
        with socket.socket() as leaked:
            leaked.connect(server.addr)
            for client in (ordinary, *dice.choices(CLIENTS, k=2)):
                run(client, server, account, random.Random(dice.random()))
            server.stop()
        server.check()
        self.servers += 1
        self._compare(account, server)

    def _compare(self, account: Account, server: SMTPServer) -> None:
        self.faults += account.faults(server.messages)
        self.faults += [
            f"session {one.id} has not ended" for one in server.sessions if not one.ended_by
        ]
        self.accepted += len(account.accepted)
        self.refused += len(account.refused)
        self.unknown += len(account.unknown)
        self.sessions += len(server.sessions)

    def _growth(self) -> Iterator[str]:
        """Yield a sentence for whatever has grown since the warm-up."""
        steady = self.kept[_WARM_UP:]
        if len(steady) < _JUDGED:
            return
        first, last = steady[: len(steady) // 3], steady[-(len(steady) // 3) :]
        for name, more in (
            ("threads", 1.0), ("files", 1.0), ("tasks", 1.0), ("objects", _MORE_OBJECTS),
            ("memory", _MORE_MEMORY),
        ):  # fmt: skip
            # The least of each third: what the allocator holds beside that comes and goes.
            before, after = (min(getattr(one, name) for one in part) for part in (first, last))
            if after > before * more:
                yield f"{name} grew from {before:,} to {after:,}"

    def report(self) -> Iterator[str]:
        """Yield the lines of the summary."""
        minutes = (time.monotonic() - self.started) / 60
        yield (
            f"pytest-smtpserver {__version__}, Python {platform.python_version()}, "
            f"{platform.system()}, seed {self.seed}"
        )
        yield (
            f"{minutes:.1f} minutes, {len(self.kept)} rounds: {self.servers:,} servers, "
            f"{self.sessions:,} sessions"
        )
        yield (
            f"{self.accepted:,} messages accepted, {self.refused:,} refused or not sent whole, "
            f"{self.unknown:,} whose client left before the reply"
        )
        last = len(self.kept) - 1
        for number in sorted({min(_WARM_UP, last), *(last * part // 4 for part in (1, 2, 3, 4))}):
            yield f"after round {number + 1}: {_in_words(self.kept[number])}"
        yield from self.faults or ["nothing was lost, doubled, altered, invented or left behind"]


def set_rules(server: SMTPServer) -> None:
    """Give a server rules of several kinds; clients meet them by the addresses that they use."""

    def rejected(command: Command) -> str:
        return "554 5.7.1 not today" if command.mail_from == "rejected@example.org" else "250 fine"

    server.on("message", optional=True, mail_from="rejected@example.org").reply(rejected)
    server.on("mail", optional=True, mail_from="refused@example.org").reply(550)
    server.on("rcpt", optional=True, rcpt_to="nobody@example.org").reply("550 5.1.1 nobody")
    server.on("rcpt", optional=True, rcpt_to="eve@example.org").delay(0.01).accept()
    server.on("rcpt", optional=True, mail_from="cut@example.org").disconnect()
    server.on("data", optional=True, mail_from="late@example.org").delay(0.02)
    server.on("message", optional=True, mail_from="lost@example.org").accept().disconnect()


def kept(*, own: int) -> Kept:
    """Return what the process keeps now, without so many objects of the soak's own."""
    gc.collect()
    files = len(list(_FILES.iterdir())) if _FILES else 0
    objects = len(gc.get_objects()) - own
    return Kept(threading.active_count(), files, _tasks(), objects, _memory())


def _tasks() -> int:
    import trio

    from pytest_smtpserver.network import background
    from tests.network.looping import at_rest

    return at_rest(background(), lambda: trio.lowlevel.current_statistics().tasks_living)


def _memory() -> int:
    # Free memory that the process holds is not growth: glibc gives it back when asked.
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


def _in_words(one: Kept) -> str:
    return (
        f"{one.threads} threads, {one.files} open files, {one.tasks} tasks, "
        f"{one.objects:,} objects, {one.memory / 1e6:.1f} MB"
    )


def main() -> int:
    """Soak; return the exit status."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--minutes", type=float, default=1.0)
    options.add_argument("--rounds", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randint(1, 10**6))
    given = options.parse_args()
    soak = Soak(given.seed)
    soak.go_on(minutes=given.minutes, rounds=given.rounds)
    print(*soak.report(), sep="\n")
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())

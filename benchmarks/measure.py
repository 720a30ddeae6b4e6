"""The measurements. Each is repeated in turn for every server (A B C A B C), and the median taken.

A machine that is slow for a while is then slow for all of them. The shorter a turn, the more this
holds: some machines are slower by a third for seconds.
"""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import in_pytest
from benchmarks.environments import OURS
from benchmarks.processes import load, python_server, smtp_sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.environments import Program
    from benchmarks.processes import Process

# Octets of a small message's body, of a large one's, and of a huge one's.
SMALL, LARGE, HUGE = 500, 5_000_000, 100_000_000
SINK = "smtp-sink"
#: How many messages `find` searches.
COUNTS = (1000, 2000, 5000, 10_000)
#: The fixture of each plugin that has one, and the plugin's name for `-p no:`.
PLUGINS = {
    OURS: ("smtpserver", "smtpserver"),
    "smtpdfix": ("smtpd", "smtpd"),
    "pytest-localserver": ("smtpserver", "localserver"),
}


@dataclass(frozen=True)
class Size:
    """How much to measure: enough for steady medians or, quickly, for orders of magnitude."""

    repetitions: int
    #: Turns of a server, or of a run of ordinary tests; and the messages in a turn.
    turns: int
    small: int
    large: int
    fixtures: int
    starts: int
    wakings: int
    crowd: int
    recorded: int


FULL = Size(9, 50, 500, 4, 200, 300, 400, 10_000, 100_000)
MIDDLE = Size(7, 20, 500, 4, 60, 150, 200, 5000, 20_000)
QUICK = Size(1, 2, 500, 4, 25, 6, 100, 3000, 10_000)


@dataclass(frozen=True)
class Load:
    """How many messages of what size, on how many connections, which each may stay."""

    messages: int
    connections: int
    size: int
    stay: bool = True

    def on(self, client: Program, server: Process) -> None:
        """Send them."""
        load(
            client, server, messages=self.messages, connections=self.connections,
            size=self.size, stay=self.stay,
        )  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """The servers and programs that are available."""

    pythons: Mapping[str, Path]
    client: Program
    sink: Program
    size: Size

    def cpu(self, servers: Iterable[str], what: Load, turns: int) -> dict[str, float]:
        """Return each server's own processor seconds for a message."""
        with contextlib.ExitStack() as stack:
            # All of them at once, so that a turn is not preceded by a start.
            running = {name: stack.enter_context(self._server(name)) for name in servers}
            for server in running.values():
                self._warm_up(server)
            spent: dict[str, list[float]] = {name: [] for name in running}
            for _ in range(turns):
                for name, server in running.items():
                    spent[name].append(self._cpu_once(server, what))
        return {name: median(seconds) for name, seconds in spent.items()}

    def memory(self, *, stay: bool) -> float:
        """Return octets that a recorded small message takes beyond its content."""
        with self._server(OURS) as server:
            self._warm_up(server)
            before = server.memory()
            count = self.size.recorded
            Load(count, 20, SMALL, stay=stay).on(self.client, server)
            after = server.memory()
            recorded, octets = server.recorded()
        assert recorded == count
        return (after - before - octets) / count

    def peak(self) -> float:
        """Return the peak of memory beyond the idle server's for one huge message, as a ratio."""
        with self._server(OURS) as server:
            self._warm_up(server)
            before = server.memory()
            Load(1, 1, HUGE).on(self.client, server)
            return (server.memory("VmHWM") - before) / HUGE

    def fixtures(self) -> dict[str, float]:
        """Return the seconds of each plugin's fixture."""
        spent: dict[str, list[float]] = {name: [] for name in PLUGINS if name in self.pythons}
        for _ in range(self.size.repetitions):
            for name, seconds in spent.items():
                fixture = PLUGINS[name][0]
                seconds.append(
                    in_pytest.fixture_seconds(self.pythons[name], fixture, self.size.fixtures)
                )
        return {name: median(seconds) for name, seconds in spent.items()}

    def ordinary(self) -> dict[str, float]:
        """Return the processor seconds of a whole ordinary test with each plugin."""
        spent: dict[str, list[float]] = {name: [] for name in PLUGINS if name in self.pythons}
        for _ in range(self.size.turns):
            for name, seconds in spent.items():
                seconds.append(in_pytest.ordinary_cpu(self.pythons[name], name, self.size.fixtures))
        return {name: median(seconds) for name, seconds in spent.items()}

    def first(self) -> tuple[float, float]:
        """Return processor seconds: of importing trio, and of the first server beyond that."""
        runs = [self._script("first.py").split() for _ in range(self.size.starts)]
        imports, starts = zip(*runs, strict=True)
        return median(map(float, imports)), median(map(float, starts))

    def finding(self) -> list[tuple[int, float, float]]:
        """Return counts of messages, and the seconds that `find` takes by two criteria."""
        lines = self._script("finding.py", *map(str, COUNTS)).splitlines()
        pairs = [line.split() for line in lines]
        return [
            (count, float(by_recipient), float(by_sender))
            for count, (by_recipient, by_sender) in zip(COUNTS, pairs, strict=True)
        ]

    def fixture_with_tls(self) -> float:
        """Return the seconds of our fixture with a server that offers STARTTLS."""
        fixture = PLUGINS[OURS][0]
        options = ("-o", "smtpserver_tls=starttls")
        return median(
            in_pytest.fixture_seconds(self.pythons[OURS], fixture, self.size.fixtures, options)
            for _ in range(self.size.repetitions)
        )

    def starts(self) -> dict[str, float]:
        """Return the processor seconds that each plugin adds to a start of pytest."""
        return {
            name: float(self._script("starts.py", plugin, str(self.size.starts), where=name))
            for name, (_, plugin) in PLUGINS.items()
            if name in self.pythons
        }

    def imports(self) -> list[str]:
        """Return which costly modules our plugin imports when it is not used."""
        return in_pytest.imported(self.pythons[OURS], PLUGINS[OURS][1])

    def waking(self) -> float:
        """Return the seconds from a message's acceptance until the waiting test runs again."""
        return median(map(float, self._script("waking.py", str(self.size.wakings)).split()))

    def _script(self, name: str, *arguments: str, where: str = OURS) -> str:
        script = str(Path(__file__).with_name(name))
        done = subprocess.run(
            [str(self.pythons[where]), script, *arguments],
            env=in_pytest.ENVIRONMENT, capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        return done.stdout

    def _cpu_once(self, server: Process, what: Load) -> float:
        before = server.cpu
        what.on(self.client, server)
        spent = server.cpu - before
        server.clear()
        return spent / what.messages

    def _warm_up(self, server: Process) -> None:
        Load(200, 20, SMALL).on(self.client, server)
        server.clear()

    def _server(self, name: str) -> contextlib.AbstractContextManager[Process]:
        if name == SINK:
            return smtp_sink(self.sink)
        return python_server(self.pythons[name], name)

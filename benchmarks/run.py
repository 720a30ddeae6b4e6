"""Measure this project's server beside its peers, and print the table: see README.md."""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.environments import OURS, REQUIREMENTS, Unavailable, postfix, python, version
from benchmarks.measure import FULL, LARGE, MIDDLE, QUICK, SINK, SMALL, Bench, Load
from benchmarks.page import PLOT, write
from benchmarks.plot import growth
from benchmarks.table import Figures, markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What the rows are compared with.
BASE = "aiosmtpd"


def main() -> None:
    """Prepare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one repetition of each, for the order of things"
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="fewer repetitions, and the figures go into docs/explanation/performance.md",
    )
    options = parser.parse_args()
    size = QUICK if options.quick else MIDDLE if options.page else FULL
    pythons = {name: path for name in REQUIREMENTS if (path := _prepared(name))}
    try:
        bench = Bench(pythons, postfix("smtp-source"), postfix(SINK), size)
    except Unavailable as why:
        sys.exit(f"there is no load client: {why}")
    figures: Figures = {}
    details: list[str] = []
    for measurement in MEASUREMENTS:
        started = time.monotonic()
        _attempt(partial(measurement, bench, figures, details), details)
        name = measurement.__name__.replace("_", " ")
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    told = _told(bench, figures, details)
    print(told)
    if options.page:
        write(told)


def small_messages(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Twenty connections, kept and not kept, and one that waits for each reply."""
    for key, connections, stay, kind in (
        ("small", 20, True, "20 kept connections"),
        ("small, alone", 20, False, "a connection for each"),
        ("small, one", 1, True, "one connection"),
    ):
        load = Load(bench.size.small, connections, SMALL, stay=stay)
        spent = bench.cpu(_servers(bench), load, bench.size.turns)
        figures[key] = _ratio(spent, BASE)
        if key == "small":
            figures["small, sink"] = _ratio(spent, SINK)
        details += _lines(f"small message, {kind}", spent, 1e6, "us")


def large_messages(bench: Bench, figures: Figures, details: list[str]) -> None:
    """5 MB on four connections."""
    spent = bench.cpu(_servers(bench), Load(bench.size.large, 4, LARGE), bench.size.turns)
    figures["large"] = _ratio(spent, BASE)
    figures["large, sink"] = _ratio(spent, SINK)
    details += _lines("5 MB message", spent, 1e3, "ms")


def _attempt(measurement: Callable[[], None], details: list[str]) -> None:
    # If one server fails, the other figures are still wanted.
    try:
        measurement()
    except (subprocess.SubprocessError, RuntimeError) as error:
        details.append(f"not measured: {error}")


def ordinary_test(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Fixture, connect, one mail by smtplib, look, teardown."""
    spent = bench.ordinary()
    figures["ordinary"] = _against_fastest_peer(spent)
    details += _lines("ordinary test", spent, 1e3, "ms")


def first_server(bench: Bench, figures: Figures, details: list[str]) -> None:
    """What a process pays once."""
    imported, started = bench.first()
    figures["first"] = started / imported
    details += [f"importing trio: {imported * 1e3:.0f} ms, first server: {started * 1e3:.0f} ms"]


def finding(bench: Bench, figures: Figures, details: list[str]) -> None:
    """How `find` grows."""
    found = bench.finding()
    figures["find"] = found[-1][1] * 1e3
    for count, by_recipient, by_sender in found:
        details.append(
            f"find among {count}: {by_recipient * 1e3:.3g} ms by recipient, "
            f"{by_sender * 1e3:.3g} ms by sender"
        )
    lines = {
        "by the recipient of one": [(count, one * 1e3) for count, one, _ in found],
        "by the sender of all": [(count, all_ * 1e3) for count, _, all_ in found],
    }
    PLOT.write_text(growth("find: milliseconds among so many messages", lines), "utf-8")


def fixture(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Against the fastest of the peers."""
    spent = bench.fixtures()
    figures["fixture"] = _against_fastest_peer(spent)
    details += _lines("fixture", spent, 1e3, "ms")
    with_tls = bench.fixture_with_tls()
    figures["fixture, TLS"] = with_tls * 1e3
    details += _lines("fixture with TLS", {OURS: with_tls}, 1e3, "ms")


def start(bench: Bench, figures: Figures, details: list[str]) -> None:
    """What is added to a run that does not use the plugin."""
    spent = bench.starts()
    imports = bench.imports()
    figures["start"] = spent[OURS] * 1e3
    figures["imports"] = len(imports)
    details += _lines("added to a start", spent, 1e3, "ms")
    details += [f"imported by the plugin: {', '.join(imports) or 'none'}"]


def waking(bench: Bench, figures: Figures, details: list[str]) -> None:
    """How soon a waiting test goes on."""
    figures["waking"] = bench.waking() * 1e3


def crowd(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Each message has a connection of its own in both, so that only the crowd differs."""
    count, turns = bench.size.crowd, bench.size.repetitions
    many = bench.cpu([OURS], Load(count, 1000, SMALL, stay=False), turns)
    few = bench.cpu([OURS], Load(count, 10, SMALL, stay=False), turns)
    figures["crowd"] = many[OURS] / few[OURS]


def memory(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Of records that are kept, and of one message's way through."""
    figures["memory"] = bench.memory(stay=True) / 1e3
    figures["memory, alone"] = bench.memory(stay=False) / 1e3
    figures["peak"] = bench.peak()


MEASUREMENTS: tuple[Callable[[Bench, Figures, list[str]], None], ...] = (
    ordinary_test,
    first_server,
    finding,
    small_messages,
    large_messages,
    fixture,
    start,
    waking,
    crowd,
    memory,
)


def _prepared(name: str) -> Path | None:
    try:
        return python(name)
    except Unavailable as why:
        if name == OURS:
            sys.exit(f"our own server cannot be installed: {why}")
        print(f"{name} is left out: {why}")
        return None


def _servers(bench: Bench) -> list[str]:
    return [*bench.pythons, SINK]


def _against_fastest_peer(spent: dict[str, float]) -> float | str:
    peers = [seconds for name, seconds in spent.items() if name != OURS]
    return spent[OURS] / min(peers) if peers else "there is no peer"


def _ratio(spent: dict[str, float], base: str) -> float | str:
    return spent[OURS] / spent[base] if base in spent else f"{base} could not be had"


def _lines(what: str, figures: dict[str, float], factor: float, unit: str) -> list[str]:
    return [f"{what}, {name}: {value * factor:.3g} {unit}" for name, value in figures.items()]


def _told(bench: Bench, figures: Figures, details: list[str]) -> str:
    versions = [f"{name} {version(path, name)}" for name, path in bench.pythons.items()]
    today = dt.datetime.now(dt.UTC).date()
    return "\n".join(
        (
            (
                f"{today}, Python {platform.python_version()}, {platform.system()}; "
                f"{', '.join(versions)}; medians of {bench.size.repetitions} or more."
            ),
            f"\n{markdown(figures)}\n",
            "On this machine (the table's ratios are what can be compared):\n",
            *(f"- {line}" for line in details),
        )
    )


if __name__ == "__main__":
    main()

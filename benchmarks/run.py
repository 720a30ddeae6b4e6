"""Measure this project's server beside its peers, and print the table: see README.md."""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import sys
import time
from typing import TYPE_CHECKING

from environments import OURS, REQUIREMENTS, Unavailable, postfix, python, version
from measure import FULL, LARGE, QUICK, SINK, SMALL, Bench, Load
from table import Figures, markdown

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
    size = QUICK if parser.parse_args().quick else FULL
    pythons = {name: path for name in REQUIREMENTS if (path := _prepared(name))}
    try:
        bench = Bench(pythons, postfix("smtp-source"), postfix(SINK), size)
    except Unavailable as why:
        sys.exit(f"there is no load client: {why}")
    figures: Figures = {}
    details: list[str] = []
    for measurement in MEASUREMENTS:
        started = time.monotonic()
        measurement(bench, figures, details)
        name = measurement.__name__.replace("_", " ")
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    _print(bench, figures, details)


def small_messages(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Twenty connections, kept and not kept."""
    for key, stay in (("small", True), ("small, alone", False)):
        spent = bench.cpu(_servers(bench), Load(bench.size.small, 20, SMALL, stay=stay))
        figures[key] = _ratio(spent, BASE)
        if stay:
            figures["small, sink"] = _ratio(spent, SINK)
        kind = "kept connections" if stay else "a connection for each"
        details += _lines(f"small message, {kind}", spent, 1e6, "us")


def large_messages(bench: Bench, figures: Figures, details: list[str]) -> None:
    """5 MB on four connections."""
    spent = bench.cpu(_servers(bench), Load(bench.size.large, 4, LARGE))
    figures["large"] = _ratio(spent, BASE)
    figures["large, sink"] = _ratio(spent, SINK)
    details += _lines("5 MB message", spent, 1e3, "ms")


def fixture(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Against the fastest of the peers."""
    spent = bench.fixtures()
    peers = {name: seconds for name, seconds in spent.items() if name != OURS}
    figures["fixture"] = spent[OURS] / min(peers.values()) if peers else "there is no peer"
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
    count = bench.size.crowd
    many = bench.cpu([OURS], Load(count, 1000, SMALL, stay=False))
    few = bench.cpu([OURS], Load(count, 10, SMALL, stay=False))
    figures["crowd"] = many[OURS] / few[OURS]


def memory(bench: Bench, figures: Figures, details: list[str]) -> None:
    """Of records that are kept, and of one message's way through."""
    figures["memory"] = bench.memory(stay=True) / 1e3
    figures["memory, alone"] = bench.memory(stay=False) / 1e3
    figures["peak"] = bench.peak()


MEASUREMENTS: tuple[Callable[[Bench, Figures, list[str]], None], ...] = (
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


def _ratio(spent: dict[str, float], base: str) -> float | str:
    return spent[OURS] / spent[base] if base in spent else f"{base} could not be had"


def _lines(what: str, figures: dict[str, float], factor: float, unit: str) -> list[str]:
    return [f"{what}, {name}: {value * factor:.3g} {unit}" for name, value in figures.items()]


def _print(bench: Bench, figures: Figures, details: list[str]) -> None:
    versions = [f"{name} {version(path, name)}" for name, path in bench.pythons.items()]
    today = dt.datetime.now(dt.UTC).date()
    print(
        f"{today}, Python {platform.python_version()}, {platform.system()}; {', '.join(versions)}"
    )
    print(f"\n{markdown(figures)}\n")
    print("On this machine, for the curious (the table's ratios are what can be compared):\n")
    print("\n".join(f"- {line}" for line in details))


if __name__ == "__main__":
    main()

"""The figures that are measured, what they must be and what we aim at, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. `unit` is `""` for a ratio."""

    name: str
    must: float | None
    aim: float
    unit: str = ""


ROWS = {
    "ordinary": Row("CPU of a whole ordinary test, against the fastest peer", 0.45, 0.33),
    "first": Row("CPU of a process's first server, against trio's import", 0.25, 0.1),
    "small": Row("CPU per small message, against aiosmtpd", 0.40, 0.30),
    "small, alone": Row("the same, a connection for each message", 0.40, 0.30),
    "small, one": Row("the same, one connection that waits for each reply", 0.50, 0.40),
    "small, sink": Row("CPU per small message, against smtp-sink", None, 2.5),
    "large": Row("CPU per 5 MB message, against aiosmtpd", 0.10, 0.06),
    "large, sink": Row("the same, against smtp-sink", None, 1.0),
    "fixture": Row("fixture set-up and teardown, against the fastest peer's", 0.33, 0.2),
    "fixture, TLS": Row("fixture set-up and teardown with TLS, after the first", 5, 1, "ms"),
    "start": Row("added to a pytest start that does not use it", 5, 2, "ms"),
    "imports": Row("of trio, ssl, email.policy, cryptography imported by it", 0, 0, "modules"),
    "waking": Row("from acceptance to the waiting test running again", 1, 0.3, "ms"),
    "crowd": Row("CPU per message, 1,000 connections at once against 10", 1.5, 1.2),
    "find": Row("`find` by recipient among 10,000 messages", None, 100, "ms"),
    "memory": Row("memory of a recorded small message beyond its content", 2.5, 1.5, "KB"),
    "memory, alone": Row("the same, a connection for each message", 2.5, 1.5, "KB"),
    "peak": Row("peak memory for one 100 MB message, against its size", 2.5, 2.0),
}

Figures = dict[str, float | str]


def verdict(row: Row, figure: float) -> str:
    """Return how a figure compares with what it must be and what we aim at."""
    if figure <= row.aim:
        return "aim met"
    if row.must is None or figure <= row.must:
        return "short of the aim" if row.must is None else "must met"
    return "**not met**"


def markdown(figures: Figures) -> str:
    """Return the table; a figure that is a text is the reason why there is none."""
    lines = ["| | must | aim | measured | |", "|---|---|---|---|---|"]
    for key, row in ROWS.items():
        figure = figures.get(key, "not measured")
        known = not isinstance(figure, str)
        cells = (
            row.name,
            "-" if row.must is None else _shown(row.must, row.unit),
            _shown(row.aim, row.unit),
            _shown(float(figure), row.unit) if known else "-",
            verdict(row, float(figure)) if known else str(figure),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(figure: float, unit: str) -> str:
    return f"{figure:.2g} {unit}".strip() if figure < 100 else f"{figure:.0f} {unit}".strip()

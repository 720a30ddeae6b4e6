"""Environments for the rows: one with the plugin under test, and on top of it one for each row."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

# Arbitrary, but generous: packages come from the network.
INSTALLED_WITHIN = 300
RUN_WITHIN = 120


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    place: Path

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def packages(self) -> Path:
        """Where packages are installed."""
        paths = {"base": str(self.place), "platbase": str(self.place)}
        return Path(sysconfig.get_path("purelib", "venv", paths))


def base(place: Path) -> Environment:
    """Make an environment with pip, pytest and this checkout, as a user would install it."""
    made = Environment(place)
    venv.create(place, with_pip=True)
    _install(made, made, str(ROOT))
    return made


def on_top(below: Environment, place: Path, needs: tuple[str, ...]) -> Environment:
    """Make an environment that has all of the one below, and these packages."""
    made = Environment(place)
    venv.create(place, with_pip=False)
    (made.packages / "below.pth").write_text(str(below.packages), encoding="utf-8")
    _install(below, made, *needs)
    return made


def _install(pip: Environment, into: Environment, *what: str) -> None:
    python, target = str(pip.python), str(into.python)
    command = [python, "-m", "pip", "--python", target, "install", "--quiet", *what]
    done = _run(command, into.place, INSTALLED_WITHIN)
    assert done.returncode == 0, done.stderr


def pytest_in(environment: Environment, directory: Path, *args: str) -> tuple[int, str]:
    """Run pytest there; return its exit code, and what it printed on both streams."""
    command = [str(environment.python), "-m", "pytest", *args]
    done = _run(command, directory, RUN_WITHIN)
    return done.returncode, done.stdout + done.stderr


def _run(command: list[str], directory: Path, within: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=directory, env=_plain(), capture_output=True, text=True, timeout=within
    )


def _plain() -> dict[str, str]:
    """Return this process's environment without variables that would change a run of pytest."""
    ours = ("PYTEST", "PYTHON", "COV_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "COLUMNS": "200", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

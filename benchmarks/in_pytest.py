"""What a plugin costs within pytest: its fixture, and its mere presence."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 120.0
# Where no byte code is written, pytest compiles every plugin anew in each run.
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
_PROBE = str(Path(__file__).with_name("fixture_probe.py"))
#: What merely being installed must not import.
COSTLY = ("trio", "ssl", "email.policy", "cryptography")


def fixture_seconds(
    interpreter: Path, fixture: str, count: int, options: Sequence[str] = ()
) -> float:
    """Return the median of set-up and teardown, without what a fixture that does nothing takes.

    `options` are pytest's. The first tests are left out: what is done once for a run is not the
    matter here.
    """
    environment = {**_ENVIRONMENT, "PROBE_COUNT": str(count), "PROBE_FIXTURE": fixture}
    output = _pytest(interpreter, ["-q", *options, _PROBE], environment)
    probes = [line.split()[1:] for line in output.splitlines() if line.startswith("probe ")]
    with_it = [float(seconds) for name, seconds in probes if name.endswith("_with")]
    without = [float(seconds) for name, seconds in probes if name.endswith("_without")]
    assert len(with_it) == len(without) == count, output
    warm = count // 5
    return median(with_it[warm:]) - median(without[warm:])


def start_seconds(interpreter: Path, plugin: str, count: int) -> float:
    """Return the processor time that a plugin adds to a run of pytest that does not use it."""
    with tempfile.TemporaryDirectory() as empty:
        options = ["-q", "-p", "no:cacheprovider", "--rootdir", empty, empty]
        with_it, without = [], []
        for _ in range(count):
            with_it.append(_cpu_of(interpreter, options))
            without.append(_cpu_of(interpreter, ["-p", f"no:{plugin}", *options]))
        return median(with_it) - median(without)


def imported(interpreter: Path, plugin: str) -> list[str]:
    """Return which of the costly modules are imported for the plugin's sake."""
    return [name for name in _modules(interpreter, []) if name not in
            _modules(interpreter, ["-p", f"no:{plugin}"])]  # fmt: skip


def _modules(interpreter: Path, options: Sequence[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as empty:
        arguments = [*options, "-q", "-p", "no:cacheprovider", "--rootdir", empty, empty]
        code = (
            "import sys, pytest\n"
            f"pytest.main({arguments!r})\n"
            f"print('modules', *[name for name in {COSTLY!r} if name in sys.modules])\n"
        )
        done = subprocess.run(
            [str(interpreter), "-c", code],
            cwd=empty, env=_ENVIRONMENT, capture_output=True, text=True,
            timeout=_TIMEOUT, check=True,
        )  # fmt: skip
    return done.stdout.splitlines()[-1].split()[1:]


def _cpu_of(interpreter: Path, options: Sequence[str]) -> float:
    process = subprocess.Popen(
        [str(interpreter), "-m", "pytest", *options],
        env=_ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime


def _pytest(interpreter: Path, options: Sequence[str], environment: dict[str, str]) -> str:
    here = Path(__file__).parent
    done = subprocess.run(
        [str(interpreter), "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(here),
         "-c", os.devnull, *options],
        env=environment, cwd=here, capture_output=True, text=True, timeout=_TIMEOUT,
    )  # fmt: skip
    return done.stdout

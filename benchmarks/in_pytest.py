"""What a plugin costs within pytest: its fixture, and its mere presence."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 120.0
#: Byte code is written; otherwise pytest would compile every plugin anew in each run.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
_FIXTURE = str(Path(__file__).with_name("fixture_probe.py"))
_ORDINARY = str(Path(__file__).with_name("ordinary_probe.py"))
#: Modules that the plugin must not import when it is merely installed.
COSTLY = ("trio", "ssl", "email.policy", "cryptography")


def fixture_seconds(
    interpreter: Path, fixture: str, count: int, options: Sequence[str] = ()
) -> float:
    """Return the median of set-up and teardown, without what a fixture that does nothing takes.

    `options` are pytest's. The first tests are left out: what is done once for a run is not the
    matter here.
    """
    environment = {"PROBE_COUNT": str(count), "PROBE_FIXTURE": fixture}
    return _beyond_nothing(interpreter, [*options, _FIXTURE], environment).seconds


def ordinary_cpu(interpreter: Path, plugin: str, count: int) -> float:
    """Return the median processor seconds of a test with a mail, beyond a test of nothing."""
    environment = {"PROBE_COUNT": str(count), "PROBE_PLUGIN": plugin}
    return _beyond_nothing(interpreter, [_ORDINARY], environment).cpu


class _Spent(NamedTuple):
    seconds: float
    cpu: float


def _beyond_nothing(
    interpreter: Path, options: Sequence[str], environment: dict[str, str]
) -> _Spent:
    output = _pytest(interpreter, ["-q", *options], ENVIRONMENT | environment)
    count = int(environment["PROBE_COUNT"])
    assert f"{2 * count} passed" in output, output
    probes = [line.split()[1:] for line in output.splitlines() if line.startswith("probe ")]
    # The first tests are left out.
    late = [probe for probe in probes if int(probe[0].split("_")[1]) >= count // 5]
    with_it, without = (
        [probe for probe in late if probe[0].endswith(end)] for end in ("_with", "_without")
    )
    return _Spent(*(_median(with_it, one) - _median(without, one) for one in (1, 2)))


def _median(probes: Sequence[Sequence[str]], column: int) -> float:
    return median(float(probe[column]) for probe in probes)


def imported(interpreter: Path, plugin: str) -> list[str]:
    """Return the costly modules that are imported because of the plugin."""
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
            cwd=empty, env=ENVIRONMENT, capture_output=True, text=True,
            timeout=_TIMEOUT, check=True,
        )  # fmt: skip
    return done.stdout.splitlines()[-1].split()[1:]


def _pytest(interpreter: Path, options: Sequence[str], environment: dict[str, str]) -> str:
    here = Path(__file__).parent
    done = subprocess.run(
        [str(interpreter), "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(here),
         "-c", os.devnull, *options],
        env=environment, cwd=here, capture_output=True, text=True, timeout=_TIMEOUT,
    )  # fmt: skip
    return done.stdout

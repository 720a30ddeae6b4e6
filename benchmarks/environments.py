"""Installs what the measurements need: the peers, and Postfix's two test programs.

Everything goes into one git-ignored directory beside this file, and is used again the next time.
Delete it to get the newest peers. If something cannot be installed, it is left out with a reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DIRECTORY = HERE / ".environments"
# Arbitrary: enough for a slow mirror, and an end to a hanging one.
_INSTALL_TIMEOUT = 300.0

OURS = "pytest-smtpserver"
#: Each server in Python, with what is to be installed for it. Each gets an environment of its
#: own: two of them have a fixture of the same name, and each costs its start alone.
REQUIREMENTS = {
    OURS: str(HERE.parent),
    "aiosmtpd": "aiosmtpd",
    "smtpdfix": "smtpdfix",
    "pytest-localserver": "pytest-localserver[smtp]",
}


class Unavailable(Exception):  # the name says what is the matter
    """Something that could not be installed, and why."""


@dataclass(frozen=True)
class Program:
    """A program of Postfix, and the environment in which it finds its libraries."""

    path: str
    environment: dict[str, str]


def python(name: str) -> Path:
    """Return the interpreter of a server's environment, made if need be."""
    directory = DIRECTORY / name
    interpreter = directory / "bin" / "python"
    finished = directory / "finished"
    if not finished.exists():
        shutil.rmtree(directory, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(directory))
        _install(interpreter, "pytest", REQUIREMENTS[name])
        finished.touch()
    elif name == OURS:
        _install(interpreter, "--force-reinstall", "--no-deps", REQUIREMENTS[name])
    return interpreter


def version(interpreter: Path, name: str) -> str:
    """Return the installed version of a distribution."""
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    return _run(str(interpreter), "-c", code).strip()


def postfix(name: str) -> Program:
    """Return one of Postfix's programs: the installed one, or one from an unpacked package.

    Unpacking Debian's package starts no service, asks nothing and needs no rights.
    """
    if installed := shutil.which(name):
        return Program(installed, dict(os.environ))
    root = DIRECTORY / "postfix"
    program = root / "usr" / "sbin" / name
    if not program.exists():
        _unpack_postfix(root)
    libraries = str(root / "usr" / "lib" / "postfix")
    return Program(str(program), {**os.environ, "LD_LIBRARY_PATH": libraries})


def _unpack_postfix(root: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise Unavailable("Postfix's smtp-source and smtp-sink are not installed")
    root.mkdir(parents=True, exist_ok=True)
    _run("apt-get", "download", "--quiet", "postfix", cwd=root)
    _run("dpkg", "-x", *map(str, root.glob("postfix_*.deb")), str(root))


def _install(interpreter: Path, *what: str) -> None:
    _run(str(interpreter), "-m", "pip", "install", "--quiet", *what)


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        last_line = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"{Path(command[0]).name} failed: {last_line}")
    return done.stdout

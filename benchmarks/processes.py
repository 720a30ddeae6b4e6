"""Servers in processes of their own, and what they cost there; the client that loads them."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.serve import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.environments import Program

# Arbitrary; more than the slowest peer needs for the largest load.
_LOAD_TIMEOUT = 300.0
# After the client is gone the server still has sessions to end.
_SETTLE = 0.2


@dataclass
class Process:
    """A running server."""

    port: int
    process: subprocess.Popen[str]
    #: Whether it answers `count` and `clear`.
    records: bool

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, of all threads, in user mode and in the kernel."""
        # What clock_getcpuclockid(3) returns on Linux. `/proc` has the time too, in steps of 10 ms.
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def memory(self, what: str = "VmRSS") -> int:
        """Return octets of resident memory: now, or with `"VmHWM"` the most that there was."""
        lines = (line.split() for line in self._read("status").splitlines())
        return next(int(line[1]) * 1024 for line in lines if line[0] == f"{what}:")

    def recorded(self) -> tuple[int, int]:
        """Return how many messages it has recorded, and their octets."""
        count, octets = self._ask("count").split()
        return int(count), int(octets)

    def clear(self) -> None:
        """Make it forget what it recorded."""
        if self.records:
            self._ask("clear")

    def _ask(self, question: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()


@contextlib.contextmanager
def python_server(interpreter: Path, name: str) -> Iterator[Process]:
    """Run one of `serve.py`'s servers."""
    script = str(Path(__file__).with_name("serve.py"))
    with _running([str(interpreter), "-W", "ignore", script, name]) as process:
        assert process.stdout
        yield Process(int(process.stdout.readline()), process, records=True)


@contextlib.contextmanager
def smtp_sink(program: Program) -> Iterator[Process]:
    """Run Postfix's smtp-sink, which throws everything away."""
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    command = [program.path, *user, f"{HOST}:{port}", "1024"]
    with _running(command, program.environment) as process:
        _await_port(port)
        yield Process(port, process, records=False)


def load(  # one keyword for each of the client's options
    client: Program, server: Process, *, messages: int, connections: int, size: int, stay: bool
) -> None:
    """Send messages with Postfix's smtp-source, and see that all were recorded.

    With `stay` a connection takes one message after another, else only one.
    """
    command = [
        client.path, *(["-d"] if stay else []), "-C", "10", "-s", str(connections),
        "-m", str(messages), "-l", str(size), "-f", "sender@example.com",
        "-t", "recipient@example.com", f"{HOST}:{server.port}",
    ]  # fmt: skip
    before = server.recorded()[0] if server.records else 0
    subprocess.run(
        command, env=client.environment, check=True, timeout=_LOAD_TIMEOUT, preexec_fn=_many_files
    )
    time.sleep(_SETTLE)
    if server.records and server.recorded()[0] != before + messages:
        raise RuntimeError(f"{server.recorded()[0] - before} of {messages} messages were recorded")


@contextlib.contextmanager
def _running(
    command: Sequence[str], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _await_port(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}")


def _many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

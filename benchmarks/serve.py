"""Run one server in this process: `python serve.py NAME`, in that server's environment.

It prints the port, then answers lines on its standard input. To `count` it prints the number of
recorded messages and their octets; at `clear` it forgets them. It ends with the input. Each server
records in the way that a test with it would use.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Contents = Callable[[], list[bytes]]
    Serving = tuple[int, Contents, Callable[[], object]]

HOST = "127.0.0.1"


@contextlib.contextmanager
def ours() -> Iterator[Serving]:
    """The server of this project, with no limit to a message's size."""
    from pytest_smtpserver import SMTPServer

    with SMTPServer(max_message_size=0) as server:
        yield server.port, lambda: [one.content for one in server.messages], server.clear


@contextlib.contextmanager
def aiosmtpd() -> Iterator[Serving]:
    """What most people write themselves: a controller, and a handler that keeps the envelopes."""
    from aiosmtpd.controller import Controller

    class Handler:
        def __init__(self) -> None:
            self.envelopes: list[Any] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
            self.envelopes.append(envelope)
            return "250 OK"

    handler = Handler()
    controller = Controller(handler, hostname=HOST, port=free_port(), data_size_limit=None)
    controller.start()
    yield (
        controller.port,
        lambda: [envelope.content for envelope in handler.envelopes],
        handler.envelopes.clear,
    )
    controller.stop()


@contextlib.contextmanager
def smtpdfix() -> Iterator[Serving]:
    """What its fixture starts."""
    from smtpdfix import SMTPDFix

    with SMTPDFix(HOST) as controller:
        yield (
            controller.port,
            lambda: [one.as_bytes() for one in controller.messages],
            controller._messages.clear,
        )


@contextlib.contextmanager
def pytest_localserver() -> Iterator[Serving]:
    """What its fixture starts."""
    from pytest_localserver.smtp import Server

    server = Server(HOST)
    server.start()
    yield server.port, lambda: [one.as_bytes() for one in server.outbox], server.outbox.clear
    server.stop()


SERVERS = {
    "pytest-smtpserver": ours,
    "aiosmtpd": aiosmtpd,
    "smtpdfix": smtpdfix,
    "pytest-localserver": pytest_localserver,
}


def free_port() -> int:
    """Return a port that was free a moment ago, for a server that does not accept 0."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """See the module's docstring."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with SERVERS[sys.argv[1]]() as (port, contents, clear):
        print(port, flush=True)
        for line in sys.stdin:
            if line.strip() == "count":
                octets = [len(content) for content in contents()]
                print(len(octets), sum(octets), flush=True)
            else:
                clear()
                gc.collect()
                print("cleared", flush=True)


if __name__ == "__main__":
    main()

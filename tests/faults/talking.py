"""A client that says what it is told to, and returns what it hears."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from tests.rawclient import TIMEOUT, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import SMTPServer

#: Seconds without a reply that count as silence; real time, so as short as possible.
MOMENT = 0.1

#: What is heard instead of a reply.
SILENCE, CLOSED, RESET, BROKEN = "(silence)", "(closed)", "(reset)", "(no TLS)"


class Talker:
    """A connection to a server; each method returns what was heard, without line ends."""

    def __init__(self, server: SMTPServer) -> None:
        self.server = server
        self.socket = connected(server)
        self._heard = b""

    def hear(self, patience: float = TIMEOUT) -> str:
        """Return one reply, or what came instead."""
        self.socket.settimeout(patience)
        try:
            while not _is_whole(self._heard):
                if not (octets := self.socket.recv(4096)):
                    return self._rest() or CLOSED
                self._heard += octets
        except TimeoutError:
            return self._rest() or SILENCE
        except ConnectionError:
            return RESET
        reply, self._heard = _first(self._heard)
        return reply

    def hear_a_beginning(self) -> str:
        """Return what has come a moment after the first octets of a reply that never ends."""
        self.socket.settimeout(TIMEOUT)
        self._heard += self.socket.recv(4096)
        return self.hear(MOMENT)

    def say(self, line: str, patience: float = TIMEOUT) -> str:
        """Say a line, and return the reply to it."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(f"{line}\r\n".encode())
        return self.hear(patience)

    def shake_hands(self) -> str:
        """Begin TLS as a client that looks at the certificate; return its version, or no TLS."""
        context = self.server.client_context()
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=self.server.host)
        except (ssl.SSLError, OSError) as error:
            return f"{BROKEN} {error}"
        return str(self.socket.version())

    def _rest(self) -> str:
        rest, self._heard = self._heard, b""
        return rest.decode("utf-8", "surrogateescape")


def _is_whole(heard: bytes) -> bool:
    lines = heard.splitlines(keepends=True)
    return any(line.endswith(b"\n") and line[3:4] != b"-" for line in lines)


def _first(heard: bytes) -> tuple[str, bytes]:
    lines = heard.splitlines(keepends=True)
    last = next(n for n, line in enumerate(lines) if line[3:4] != b"-")
    reply = b"".join(lines[: last + 1]).decode("utf-8", "surrogateescape")
    return "\n".join(reply.splitlines()), b"".join(lines[last + 1 :])


@contextlib.contextmanager
def talking(server: SMTPServer) -> Iterator[Talker]:
    """Yield a client that afterwards closes without QUIT."""
    talker = Talker(server)
    try:
        yield talker
    finally:
        talker.socket.close()

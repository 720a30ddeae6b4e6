"""HTTP by hand: to an engine without a network, and to an inbox over sockets."""

from __future__ import annotations

import smtplib
import socket
from typing import TYPE_CHECKING, NamedTuple

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.engine import Send
from pytest_smtpserver.inbox.live import Inbox
from pytest_smtpserver.server import watching
from tests.rawclient import everything

if TYPE_CHECKING:
    from typing import Self

    from pytest_smtpserver.engine import Action, Engine
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.server.core import Core

TIMEOUT = 60


class Answered(NamedTuple):
    """The parts of an answer; names of fields are in lower case."""

    status: int
    fields: dict[str, str]
    body: bytes


def parsed(octets: bytes) -> Answered:
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if fields.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return Answered(int(first.split()[1]), fields, body)


def unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return whole


def pulled(engine: Engine) -> tuple[bytes, list[Action]]:
    """Return all octets that an engine sends now, and its other actions."""
    sent = b""
    others: list[Action] = []
    while action := engine.next_action():
        if isinstance(action, Send):
            sent += action.octets
        else:
            others.append(action)
    return sent, others


class Lookout:
    """An SMTP server with an inbox, and a client for each."""

    #: The id of the test that is said to receive what comes.
    test = ""

    def __init__(self) -> None:
        self.inbox = Inbox(0, title="Inbox", hint="No mail so far.")
        self.server = SMTPServer()

    def __enter__(self) -> Self:
        watching.watch(self._add)
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        watching.unwatch(self._add)
        self.server.stop()
        self.inbox.close()

    def _add(self, core: Core, transaction: Transaction) -> None:
        self.inbox.add(self.test, core.shown_url, transaction)

    def send(self, content: bytes, *recipients: str) -> None:
        with smtplib.SMTP(*self.server.addr, timeout=TIMEOUT) as client:
            client.sendmail("from@example.org", recipients or ["to@example.org"], content)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.inbox.port), TIMEOUT)

    def request(
        self, target: str, method: str = "GET", host: str = "127.0.0.1", *lines: str
    ) -> Answered:
        head = [f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""]
        with self.connect() as client:
            client.sendall("\r\n".join(head).encode())
            return parsed(everything(client))

"""A client that one leads by the hand, with sockets of Python's own."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smtpserver import SMTPServer

TIMEOUT = 10


def connected(server: SMTPServer) -> socket.socket:
    return socket.create_connection(server.addr, TIMEOUT)


def said(client: socket.socket) -> str:
    """Return one reply, or what there is of it at the end."""
    got = b""
    while not got.endswith(b"\n") or got.splitlines()[-1][3:4] == b"-":
        octets = client.recv(1)
        if not octets:
            break
        got += octets
    return got.decode()


def ask(client: socket.socket, line: str) -> str:
    client.sendall(f"{line}\r\n".encode())
    return said(client)


def before_handshake(server: SMTPServer) -> socket.socket:
    """Return a client that has to begin its handshake now."""
    client = connected(server)
    if server.settings.tls == "starttls":
        said(client)
        ask(client, "EHLO client.example.org")
        assert ask(client, "STARTTLS").startswith("220 ")
    return client


def encrypted(server: SMTPServer, client: socket.socket) -> ssl.SSLSocket:
    return server.client_context().wrap_socket(client, server_hostname=server.hostname)


def hello() -> bytes:
    """Return the first octets of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="smtpserver.test")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a peer")


def reset(client: socket.socket) -> None:
    """Close it with a TCP reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

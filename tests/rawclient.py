"""A client for raw dialogues: it sends what it is given, and returns what came."""

from __future__ import annotations

import smtplib
import socket
import ssl
import struct
from contextlib import ExitStack

from pytest_smtpserver import AsyncSMTPServer, SMTPServer

# Far more than is needed on a busy machine.
TIMEOUT = 20

EHLO = b"EHLO client.example\r\n"
MAIL = b"MAIL FROM:<from@example.org>\r\n"
RCPT = b"RCPT TO:<to@example.org>\r\n"
#: A message in one piece, though RFC 2920 section 3.1 makes a client wait for the reply to DATA.
GROUP = EHLO + MAIL + RCPT + b"DATA\r\n\r\nhello\r\n.\r\n"


def connected(server: SMTPServer) -> socket.socket:
    """Return a client that has read nothing yet."""
    return socket.create_connection(server.addr, TIMEOUT)


def greeted(server: SMTPServer) -> socket.socket:
    client = connected(server)
    assert said(client).startswith("220 ")
    return client


def introduced(server: SMTPServer) -> socket.socket:
    """Return a client that has read the replies to its EHLO, or to its LHLO."""
    client = greeted(server)
    verb = "LHLO" if server.settings.protocol == "lmtp" else "EHLO"
    assert ask(client, f"{verb} client.example").startswith("250")
    return client


def said(client: socket.socket) -> str:
    """Return one reply, or as much of it as came before the end."""
    got = b""
    while not got.endswith(b"\n") or got.splitlines()[-1][3:4] == b"-":
        octets = client.recv(1)
        if not octets:
            break
        got += octets
    return got.decode("utf-8", "surrogateescape")


def ask(client: socket.socket, line: str | bytes) -> str:
    """Send a line, and return the reply to it."""
    octets = line if isinstance(line, bytes) else line.encode()
    client.sendall(octets + b"\r\n")
    return said(client)


def everything(client: socket.socket) -> bytes:
    """Return everything that comes until the server closes."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def until(client: socket.socket, wanted: bytes) -> bytes:
    """Return what comes, up to and including this."""
    received = b""
    while wanted not in received:
        octets = client.recv(65536)
        assert octets, received
        received += octets
    return received


def codes(replies: bytes) -> list[int]:
    """Return the code of each reply, however many lines it has."""
    return [int(line[:3]) for line in replies.splitlines() if line[3:4] != b"-"]


def reset(client: socket.socket) -> None:
    """Close the connection with a TCP reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def before_handshake(server: SMTPServer) -> socket.socket:
    """Return a client that must begin its handshake now."""
    if server.settings.tls != "starttls":
        return connected(server)
    client = introduced(server)
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


def send(server: SMTPServer | AsyncSMTPServer, subject: str = "hello") -> None:
    """Send a message as a program does, with smtplib; with STARTTLS if the server has it."""
    with smtplib.SMTP(server.host, server.port, "client.example", TIMEOUT) as client:
        if server.settings.tls == "starttls":
            client.starttls(context=server.client_context())
        client.sendmail(
            "from@example.org", "to@example.org", f"Subject: {subject}\r\n\r\nworld\r\n"
        )


def serve_ten_more() -> None:
    """Serve ten servers; some get the numbers of file descriptors that have just become free."""
    with ExitStack() as stack:
        for _ in range(10):
            server = stack.enter_context(SMTPServer())
            send(server)
            assert len(server.messages) == 1

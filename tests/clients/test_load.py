"""Many clients at once, many messages in a row, many servers side by side: nothing is lost."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

from pytest_smtpserver import SMTPServer
from tests.rawclient import TIMEOUT, connected, everything


def content(number: int) -> bytes:
    return b"Subject: %d\r\n\r\n.%d\r\n" % (number, number)


def send(server: SMTPServer, number: int) -> None:
    with smtplib.SMTP(server.host, server.port, "client.example.org", TIMEOUT) as client:
        client.sendmail(f"from-{number}@example.org", "to@example.org", content(number))


def test_200_clients_at_once_lose_nothing() -> None:
    clients = range(200)
    # All are connected before the first begins.
    everybody = Barrier(len(clients), timeout=TIMEOUT)

    def client(number: int) -> None:
        with smtplib.SMTP(server.host, server.port, "client.example.org", TIMEOUT) as client:
            everybody.wait()
            client.sendmail(f"from-{number}@example.org", "to@example.org", content(number))

    with SMTPServer() as server, ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(client, clients))
        received = {one.envelope.mail_from: one.content for one in server.messages}
        assert len(server.messages) == len(server.sessions) == len(clients)
    assert received == {f"from-{number}@example.org": content(number) for number in clients}
    assert {session.ended_by for session in server.sessions} == {"quit"}


def test_10_000_messages_on_one_connection_are_all_there_and_in_order() -> None:
    numbers = range(10_000)
    with SMTPServer() as server:
        converse(server, b"".join(map(transaction, numbers)))
        messages = server.messages
        (session,) = server.sessions
    assert [one.content for one in messages] == [content(number) for number in numbers]
    assert session.messages == messages


def transaction(number: int) -> bytes:
    # RFC 2920 section 3.1 lets no client write on after DATA before it has the reply. That the
    # reply will be 354 is certain here, and the whole lot can be written at once.
    stuffed = content(number).replace(b"\r\n.", b"\r\n..")
    return (
        b"MAIL FROM:<from@example.org>\r\nRCPT TO:<to@example.org>\r\nDATA\r\n" + stuffed + b".\r\n"
    )


def converse(server: SMTPServer, octets: bytes) -> None:
    """Send all of it, and read all that comes back meanwhile, until the server closes."""
    octets = b"EHLO client.example.org\r\n" + octets + b"QUIT\r\n"
    with connected(server) as client, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.sendall, octets)
        everything(client)
        sending.result()


def test_servers_side_by_side_each_have_their_own_mail() -> None:
    with ExitStack() as stack, ThreadPoolExecutor(10) as pool:
        servers = [stack.enter_context(SMTPServer()) for _ in range(10)]
        deliveries = [(server, number) for number in range(5) for server in servers]
        list(pool.map(lambda delivery: send(*delivery), deliveries))
        for server in servers:
            assert sorted(one.content for one in server.messages) == [*map(content, range(5))]
    assert len({server.port for server in servers}) == len(servers)

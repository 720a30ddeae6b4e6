"""TLS between the socket and any engine; the clients are Python's own, and openssl's."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Self

import pytest
import trustme

from tests.network.toy import MUCH, TIMEOUT, Host, Stubborn, exactly
from tests.rawclient import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "smtp.example"
RESET_WHEN_CLOSED = b"\1\0\0\0\0\0\0\0"
VERSIONS = pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(NAME).configure_cert(context)
    return context


@pytest.fixture
def client_context(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    return context


@pytest.fixture
def host(make_host: Callable[..., Host], server_context: ssl.SSLContext) -> Host:
    return make_host(context=server_context)


@pytest.fixture
def implicit(make_host: Callable[..., Host], server_context: ssl.SSLContext) -> Host:
    return make_host(context=server_context, implicit=True)


class Client:
    """A TLS client whose encrypted octets a test can see and send."""

    def __init__(self, host: Host, context: ssl.SSLContext) -> None:
        self.socket = socket.create_connection(host.listener.address, TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()

    def hello(self) -> bytes:
        """Return the first octets of a handshake."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._outgoing.read()

    def shake_hands(self, send: Callable[[bytes], object]) -> None:
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.take_in(send)
            else:
                send(self._outgoing.read())
                return

    def take_in(self, send: Callable[[bytes], object]) -> None:
        if self._outgoing.pending:
            send(self._outgoing.read())
        self._incoming.write(self.socket.recv(65536))

    def encrypted(self, *pieces: bytes) -> bytes:
        """Return a record for each piece."""
        for piece in pieces:
            self.tls.write(piece)
        return self._outgoing.read()

    def goodbye(self) -> bytes:
        """Return a close_notify."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self._outgoing.read()

    def receive(self) -> bytes:
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.take_in(self.socket.sendall)

    def octet_by_octet(self, octets: bytes) -> None:
        for octet in octets:
            self.socket.sendall(bytes([octet]))


def wrapped(client: socket.socket, context: ssl.SSLContext, name: str = NAME) -> ssl.SSLSocket:
    return context.wrap_socket(client, server_hostname=name, suppress_ragged_eofs=False)


def connect(host: Host, context: ssl.SSLContext) -> ssl.SSLSocket:
    client = host.connect()
    client.sendall(b"t")
    return wrapped(client, context)


def raw(host: Host) -> socket.socket:
    return socket.create_connection(host.listener.address, TIMEOUT)


@VERSIONS
def test_everything_is_encrypted_after_the_engine_started_tls(
    host: Host, client_context: ssl.SSLContext, version: str
) -> None:
    client_context.maximum_version = ssl.TLSVersion[version]
    with connect(host, client_context) as client:
        client.sendall(b"123")
        assert client.recv(100) == b"123"
    assert host.engines[0].log[:2] == ["t", "encrypted"]


def test_a_connection_can_begin_with_tls(implicit: Host, client_context: ssl.SSLContext) -> None:
    with wrapped(raw(implicit), client_context) as client:
        assert client.recv(100) == b"hello\n"


@VERSIONS
def test_version_cipher_and_server_name_are_told(
    host: Host, client_context: ssl.SSLContext, version: str
) -> None:
    client_context.maximum_version = ssl.TLSVersion[version]
    with connect(host, client_context) as client:
        client.sendall(b"1")
        assert client.recv(1) == b"1"
        info = host.engines[0].info
        assert info.server_name == NAME
        assert info.version == client.version() == version.replace("_", ".")
        cipher = client.cipher()
        assert cipher is not None
        assert info.cipher == cipher[0]


def test_there_is_no_server_name_if_the_client_named_none(
    host: Host, client_context: ssl.SSLContext
) -> None:
    client_context.check_hostname = False
    client = host.connect()
    client.sendall(b"t")
    with client_context.wrap_socket(client) as encrypted:
        encrypted.sendall(b"1")
        assert encrypted.recv(1) == b"1"
    assert host.engines[0].info.server_name is None


@VERSIONS
def test_handshake_and_conversation_may_come_octet_by_octet(
    implicit: Host, client_context: ssl.SSLContext, version: str
) -> None:
    client_context.maximum_version = ssl.TLSVersion[version]
    with Client(implicit, client_context) as client:
        client.shake_hands(client.octet_by_octet)
        assert client.receive() == b"hello\n"
        client.octet_by_octet(client.encrypted(b"12"))
        assert client.receive() == b"12"


@VERSIONS
def test_the_handshake_may_begin_with_what_the_engine_has_received(
    host: Host, client_context: ssl.SSLContext, version: str
) -> None:
    client_context.maximum_version = ssl.TLSVersion[version]
    with Client(host, client_context) as client:
        assert exactly(client.socket, 6) == b"hello\n"
        client.socket.sendall(b"t" + client.hello())
        client.shake_hands(client.socket.sendall)
        client.socket.sendall(client.encrypted(b"1"))
        assert client.receive() == b"1"


def test_the_handshake_may_begin_with_what_came_during_a_pause_before_it(
    host: Host, client_context: ssl.SSLContext
) -> None:
    with Client(host, client_context) as client:
        assert exactly(client.socket, 6) == b"hello\n"
        client.socket.sendall(b"ht")
        assert host.engines[0].held.wait(TIMEOUT)
        client.socket.sendall(client.hello())
        host.engines[0].gate.open()
        client.shake_hands(client.socket.sendall)
        client.socket.sendall(client.encrypted(b"1"))
        assert client.receive() == b"1"


def test_records_that_come_together_are_answered_together(
    implicit: Host, client_context: ssl.SSLContext
) -> None:
    with Client(implicit, client_context) as client:
        client.shake_hands(client.socket.sendall)
        assert client.receive() == b"hello\n"
        client.socket.sendall(client.encrypted(b"1", b"2", b"3"))
        assert client.receive() == b"123"


def test_more_than_the_client_takes_at_once_arrives_whole(
    host: Host, client_context: ssl.SSLContext
) -> None:
    with connect(host, client_context) as client:
        client.sendall(b"bbbc")
        assert everything(client) == MUCH * 3


def test_more_than_one_record_is_received_whole(host: Host, client_context: ssl.SSLContext) -> None:
    sent = b"0123456789" * 2_000
    with connect(host, client_context) as client:
        client.sendall(sent)
        assert exactly(client, len(sent)) == sent


@pytest.mark.parametrize(
    ("trusts", "name", "why"),
    [
        (False, NAME, "the client refused the certificate: unknown CA (alert 48)"),
        (True, "other.example", "the client refused the certificate: bad certificate (alert 42)"),
    ],
    ids=["unknown CA", "wrong host"],
)
@VERSIONS
def test_a_client_that_refuses_the_certificate_says_why(
    host: Host, ca: trustme.CA, *, version: str, trusts: bool, name: str, why: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion[version]
    (ca if trusts else trustme.CA()).configure_trust(context)
    client = host.connect()
    client.sendall(b"t")
    with client, pytest.raises(ssl.SSLCertVerificationError):
        wrapped(client, context, name)
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log == ["t", why]
    assert host.crashes == []


def test_a_client_that_wants_another_version_gets_an_alert_and_is_named(
    make_host: Callable[..., Host], ca: trustme.CA, client_context: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    ca.issue_cert(NAME).configure_cert(context)
    client_context.maximum_version = ssl.TLSVersion.TLSv1_2
    host = make_host(context=context)
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        connect(host, client_context)
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log == ["t", "client and server have no TLS version in common"]


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"EHLO client.example\r\n", "plain text"),
        (b"\xff\x00" * 50, "something else"),
        (b"\x00" * 50, "something else"),
    ],
    ids=["plain text", "garbage", "nulls"],
)
def test_a_client_that_does_not_speak_tls_is_named_and_gets_nothing_in_clear(
    implicit: Host, octets: bytes, kind: str
) -> None:
    with raw(implicit) as client:
        client.sendall(octets)
        assert b"clear" not in everything(client)
    assert implicit.engines[0].log == [f"the client does not speak TLS: it sent {kind}"]
    assert implicit.crashes == []


def test_a_handshake_that_turns_into_garbage_fails_with_an_alert(
    implicit: Host, client_context: ssl.SSLContext
) -> None:
    with Client(implicit, client_context) as client:
        hello = client.hello()
        client.socket.sendall(hello[:9] + b"\xff" * (len(hello) - 9))
        answer = everything(client.socket)
    # RFC 8446 sections 5.1 and 6: a record of type "alert(21)" has two octets, first "fatal(2)".
    assert (answer[0], answer[-2]) == (21, 2)
    assert len(answer) == 7
    assert implicit.engines[0].log[0].startswith("the TLS handshake failed: ")


@pytest.mark.parametrize("octets", [0, 3, 100])
def test_a_client_may_leave_in_mid_handshake(
    implicit: Host, client_context: ssl.SSLContext, octets: int
) -> None:
    with Client(implicit, client_context) as client:
        client.socket.sendall(client.hello()[:octets])
        client.socket.shutdown(socket.SHUT_WR)
        assert everything(client.socket) == b""
    assert implicit.engines[0].log == ["the client left during the TLS handshake"]


def test_a_client_may_say_that_it_leaves_in_mid_handshake(implicit: Host) -> None:
    context = ssl.create_default_context()
    # In TLS 1.3 a client can say this only after the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Client(implicit, context) as client:
        # RFC 5246 section 7.2: close_notify(0), a warning(1).
        client.socket.sendall(client.hello() + b"\x15\x03\x03\x00\x02\x01\x00")
        client.socket.shutdown(socket.SHUT_WR)
        everything(client.socket)
    assert implicit.engines[0].log == ["the client left during the TLS handshake"]


def test_a_client_may_reset_the_connection_in_mid_handshake(implicit: Host) -> None:
    with raw(implicit) as client:
        client.sendall(b"\x16\x03")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_WHEN_CLOSED)
    assert implicit.connected.wait(TIMEOUT)
    assert implicit.engines[0].ended.wait(TIMEOUT)
    assert implicit.engines[0].log == ["the client reset the connection during the TLS handshake"]


def test_a_handshake_in_silence_is_ended_and_nothing_leaves_in_clear(
    make_host: Callable[..., Host], server_context: ssl.SSLContext
) -> None:
    host = make_host(context=server_context, implicit=True, idle_timeout=0.05)
    with raw(host) as client:
        assert everything(client) == b""
    assert host.engines[0].log == ["idle"]


def test_closing_does_not_wait_for_a_handshake(host: Host) -> None:
    with host.connect() as client:
        client.sendall(b"t")
        assert host.engines[0].held.wait(TIMEOUT)
        host.listener.close()
        assert host.engines[0].log == ["t", "stop"]
        assert everything(client) == b""


def test_closing_says_a_last_word_and_close_notify(
    host: Host, client_context: ssl.SSLContext
) -> None:
    with connect(host, client_context) as client:
        client.sendall(b"1")
        assert client.recv(1) == b"1"
        host.listener.close()
        assert everything(client) == b"bye\n"


def test_an_orderly_close_sends_close_notify(host: Host, client_context: ssl.SSLContext) -> None:
    # Without it, to receive would raise SSLEOFError.
    with connect(host, client_context) as client:
        client.sendall(b"12c" + b"unread" * 10_000)
        assert everything(client) == b"12"


def test_a_reset_is_one_under_tls_too(implicit: Host, client_context: ssl.SSLContext) -> None:
    with Client(implicit, client_context) as client:
        client.shake_hands(client.socket.sendall)
        assert client.receive() == b"hello\n"
        client.socket.sendall(client.encrypted(b"r"))
        with pytest.raises(ConnectionResetError):
            client.socket.recv(1)


def test_close_notify_is_the_end_of_file(host: Host, client_context: ssl.SSLContext) -> None:
    with connect(host, client_context) as client:
        client.sendall(b"1")
        assert client.recv(1) == b"1"
        client.unwrap().close()
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log[2:] == ["1", "eof"]


def test_the_end_below_is_the_end_of_file_too(host: Host, client_context: ssl.SSLContext) -> None:
    with connect(host, client_context) as client:
        client.sendall(b"1")
        assert client.recv(1) == b"1"
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log[2:] == ["1", "eof"]


@pytest.mark.parametrize("notify", [True, False], ids=["close_notify", "end below"])
def test_the_end_of_the_connection_comes_after_the_last_octets_were_answered(
    implicit: Host, client_context: ssl.SSLContext, *, notify: bool
) -> None:
    with Client(implicit, client_context) as client:
        client.shake_hands(client.socket.sendall)
        assert client.receive() == b"hello\n"
        client.socket.sendall(client.encrypted(b"12") + (client.goodbye() if notify else b""))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.receive() == b"12"
    assert implicit.engines[0].ended.wait(TIMEOUT)
    assert implicit.engines[0].log == ["encrypted", "1", "2", "eof"]


def test_garbage_after_the_handshake_is_the_end_of_file_and_earns_an_alert(
    implicit: Host, client_context: ssl.SSLContext
) -> None:
    with Client(implicit, client_context) as client:
        client.shake_hands(client.socket.sendall)
        assert client.receive() == b"hello\n"
        client.socket.sendall(b"in clear\n")
        with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
            client.receive()
    assert implicit.engines[0].log == ["encrypted", "eof"]


def test_a_client_that_leaves_ends_a_pause_at_once(
    host: Host, client_context: ssl.SSLContext
) -> None:
    with connect(host, client_context) as client:
        client.sendall(b"1")
        assert client.recv(1) == b"1"
        host.engines[0].held.clear()
        client.sendall(b"h")
        assert host.engines[0].held.wait(TIMEOUT)
    assert host.engines[0].ended.wait(TIMEOUT)
    assert host.engines[0].log[2:] == ["1", "h", "eof"]


def test_commands_that_come_during_a_pause_are_answered_after_it(
    host: Host, client_context: ssl.SSLContext
) -> None:
    with connect(host, client_context) as client:
        client.sendall(b"w")
        client.sendall(b"2")
        assert client.recv(100) == b"2"


def test_only_a_bounded_amount_is_read_ahead_in_a_pause(
    implicit: Host, client_context: ssl.SSLContext
) -> None:
    with Client(implicit, client_context) as client:
        client.shake_hands(client.socket.sendall)
        assert client.receive() == b"hello\n"
        client.socket.setblocking(False)
        sent = client.socket.send(client.encrypted(b"h"))
        with pytest.raises(BlockingIOError):
            while sent < 100_000_000:
                sent += client.socket.send(client.encrypted(b"x" * 16384))
    assert sent < 100_000_000


def test_a_connection_without_its_tls_is_closed_even_if_the_engine_does_not_close_it(
    make_host: Callable[..., Host], server_context: ssl.SSLContext
) -> None:
    host = make_host(Stubborn, context=server_context, implicit=True)
    with raw(host) as client:
        client.sendall(b"EHLO client.example\r\n")
        assert b"hello" not in everything(client)


@pytest.fixture
def openssl(implicit: Host) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: .ci/install-programs")
    started = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        address = f"127.0.0.1:{implicit.listener.address[1]}"
        process = subprocess.Popen(
            ["openssl", "s_client", "-connect", address, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def press(process: subprocess.Popen[bytes], key: bytes, *, and_see: bytes) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(key + b"\n")
    process.stdin.flush()
    assert any(re.match(and_see, line) for line in process.stdout)


def test_a_client_that_updates_its_keys_gets_new_keys_of_the_server(
    openssl: Callable[..., subprocess.Popen[bytes]],
) -> None:
    process = openssl("-tls1_3", "-msg")
    press(process, b"K", and_see=rb"KEYUPDATE")
    press(process, b"12", and_see=rb"<<< .*KeyUpdate")
    assert process.stdout is not None
    assert b"12\n" in process.stdout


def test_a_client_cannot_renegotiate(
    implicit: Host, openssl: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = openssl("-tls1_2")
    press(process, b"R", and_see=rb".*no renegotiation")
    assert implicit.engines[0].ended.wait(TIMEOUT)
    assert implicit.engines[0].log == ["encrypted", "eof"]
    assert implicit.crashes == []

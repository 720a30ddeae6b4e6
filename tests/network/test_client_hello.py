"""Which server a client asks for, read from its first octets (RFC 6066 section 3)."""

from __future__ import annotations

import ssl
from contextlib import suppress

import pytest

from pytest_smtpserver.network.client_hello import ClientHello


def hello(server_name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_the_name_is_read_however_the_octets_are_cut(step: int) -> None:
    octets, heard = hello("mail.example.org"), ClientHello()
    for start in range(0, len(octets), step):
        heard.feed(octets[start : start + step])
    heard.feed(b"what comes after it")
    assert heard.server_name == "mail.example.org"


def test_there_may_be_no_name() -> None:
    heard = ClientHello()
    heard.feed(hello(None))
    assert heard.server_name is None


def test_a_name_in_several_records_is_read() -> None:
    octets, heard = hello("mail.example.org"), ClientHello()
    body = octets[5:]
    for start in range(0, len(body), 50):
        piece = body[start : start + 50]
        heard.feed(octets[:3] + len(piece).to_bytes(2) + piece)
    assert heard.server_name == "mail.example.org"


def test_a_name_that_is_not_ascii_is_read_as_utf_8() -> None:
    heard = ClientHello()
    heard.feed(hello("muenchen.example").replace(b"muenchen", "mü\u00dfchn".encode()))
    assert heard.server_name == "müßchn.example"


@pytest.mark.parametrize("cut", range(0, 250, 3))
def test_octets_that_lie_about_their_lengths_give_no_name_and_no_error(cut: int) -> None:
    octets, heard = bytearray(hello("mail.example.org")), ClientHello()
    octets[cut : cut + 2] = b"\xff\xff"
    heard.feed(bytes(octets))
    assert heard.server_name in (None, "mail.example.org") or len(heard.server_name or "") < 600

"""BDAT (RFC 3030) over a socket: no client library of Python speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.rawclient import codes, everything, introduced

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIL = b"MAIL FROM:<a@example.org> BODY=BINARYMIME\r\nRCPT TO:<b@example.org>\r\n"
QUIT = b"QUIT\r\n"

#: What DATA cannot carry: any octet, bare line ends, a line with a dot, and no CRLF at the end.
BINARY = bytes(range(256)) + b"\r\n.\r\n\n.\n\r.\rQUIT\r\n..\r\nlast"


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer() as server:
        yield server


def said(server: SMTPServer, *pieces: bytes) -> list[int]:
    """Send the pieces after EHLO, and return the codes of all replies to them."""
    with introduced(server) as client:
        for piece in pieces:
            client.sendall(piece)
        return codes(everything(client))


def chunk(octets: bytes, last: bytes = b"") -> bytes:
    return b"BDAT %d%s\r\n%s" % (len(octets), last, octets)


@pytest.mark.parametrize("size", [1, 7, 100, len(BINARY)])
def test_any_octets_arrive_as_they_were_sent(server: SMTPServer, size: int) -> None:
    chunks = [BINARY[start : start + size] for start in range(0, len(BINARY), size)]
    codes = said(server, MAIL, *map(chunk, chunks), b"BDAT 0 LAST\r\n", QUIT)
    assert codes == [250, 250, *[250] * len(chunks), 250, 221]
    assert server.messages[0].content == BINARY
    assert server.messages[0].envelope.parameters == {"BODY": "BINARYMIME"}
    assert server.sessions[0].violations == ()


def test_a_chunk_may_come_octet_by_octet(server: SMTPServer) -> None:
    octets = MAIL + chunk(BINARY, b" LAST") + QUIT
    assert said(server, *(bytes([octet]) for octet in octets)) == [250, 250, 250, 221]
    assert server.messages[0].content == BINARY


def test_a_message_may_be_empty(server: SMTPServer) -> None:
    assert said(server, MAIL, b"BDAT 0 LAST\r\n", QUIT) == [250, 250, 250, 221]
    assert server.messages[0].content == b""


def test_data_after_a_chunk_is_refused_and_the_chunks_can_go_on(server: SMTPServer) -> None:
    codes = said(server, MAIL, chunk(b"a"), b"DATA\r\n", chunk(b"b", b" LAST"), QUIT)
    assert codes == [250, 250, 250, 503, 250, 221]
    assert server.messages[0].content == b"ab"


def test_data_may_be_used_in_the_next_transaction(server: SMTPServer) -> None:
    data = b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    codes = said(server, MAIL, chunk(b"a", b" LAST"), data, b"c\r\n.\r\n", QUIT)
    assert codes == [250, 250, 250, 250, 250, 354, 250, 221]
    assert [message.content for message in server.messages] == [b"a", b"c\r\n"]


def test_reset_forgets_the_chunks(server: SMTPServer) -> None:
    codes = said(server, MAIL, chunk(b"a"), b"RSET\r\n", MAIL, chunk(b"b", b" LAST"), QUIT)
    assert codes == [250, 250, 250, 250, 250, 250, 250, 221]
    assert [message.content for message in server.messages] == [b"b"]
    assert [one.outcome for one in server.transactions] == ["aborted", "accepted"]


def test_a_chunk_out_of_order_is_thrown_away_with_its_octets(server: SMTPServer) -> None:
    assert said(server, chunk(b"RSET\r\nRSET\r\n"), b"NOOP\r\n", QUIT) == [503, 250, 221]


def test_a_chunk_after_the_last_is_out_of_order(server: SMTPServer) -> None:
    codes = said(server, MAIL, chunk(b"a", b" LAST"), chunk(b"b", b" LAST"), QUIT)
    assert codes == [250, 250, 250, 503, 221]


def test_content_that_is_too_big_is_thrown_away() -> None:
    with SMTPServer(max_message_size=10) as server:
        codes = said(server, MAIL, chunk(b"x" * 10), chunk(b"y"), chunk(b"z", b" LAST"), QUIT)
        (transaction,) = server.transactions
    assert codes == [250, 250, 250, 552, 503, 221]
    assert (transaction.outcome, transaction.message) == ("rejected", None)


@pytest.mark.parametrize("stage", ["bdat", "message"])
def test_a_rule_refuses_the_last_chunk(server: SMTPServer, stage: str) -> None:
    server.on(stage, mail_from="a@example.org").reply("451 later")
    assert said(server, MAIL, chunk(BINARY, b" LAST"), QUIT) == [250, 250, 451, 221]
    (transaction,) = server.transactions
    assert transaction.outcome == "rejected"
    assert transaction.message is not None
    assert transaction.message.content == BINARY


def test_a_rule_on_bdat_is_asked_for_each_chunk(server: SMTPServer) -> None:
    rule = server.on("bdat").after(1).reply("451 later")
    assert said(server, MAIL, chunk(b"a"), chunk(b"b"), QUIT) == [250, 250, 250, 451, 221]
    assert [hit.argument for hit in rule.hits] == ["1"]


def test_a_rule_on_message_is_asked_for_the_last_chunk(server: SMTPServer) -> None:
    rule = server.on("message").reply("451 later")
    assert said(server, MAIL, chunk(b"a"), chunk(b"b", b" LAST"), QUIT) == [250, 250, 250, 451, 221]
    assert len(rule.hits) == 1

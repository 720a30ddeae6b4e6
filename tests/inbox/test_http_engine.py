"""HTTP as text: the engine without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies

from pytest_smtpserver.engine import Close, Gate, Hold, Send
from pytest_smtpserver.inbox.answers import Answer, octets, streamed
from pytest_smtpserver.inbox.engine import HTTPEngine
from tests.inbox.requesting import parsed, pulled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h11

    from pytest_smtpserver.engine import EndReason

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def hello(request: h11.Request) -> Answer:
    return octets("text/plain", b"hello")


def opened(answer: Answer | None = None) -> HTTPEngine:
    engine = HTTPEngine(lambda request: answer or hello(request))
    engine.opened(0.0)
    return engine


def test_a_request_is_answered_and_the_connection_closed() -> None:
    engine = opened()
    engine.receive(REQUEST, 0.0)
    sent, others = pulled(engine)
    assert parsed(sent)[::2] == (200, b"hello")
    assert others == [Close()]


def test_a_request_is_answered_however_it_is_cut() -> None:
    engine = opened()
    for octet in REQUEST:
        assert engine.next_action() is None
        engine.receive(bytes([octet]), 0.0)
    assert parsed(pulled(engine)[0]).body == b"hello"


def test_head_gets_the_fields_alone() -> None:
    engine = opened()
    engine.receive(REQUEST.replace(b"GET", b"HEAD"), 0.0)
    sent, others = pulled(engine)
    assert parsed(sent).fields["content-length"] == "5"
    assert parsed(sent).body == b""
    assert others == [Close()]


def test_octets_after_a_request_are_not_read() -> None:
    engine = opened()
    engine.receive(REQUEST + REQUEST, 0.0)
    engine.receive(REQUEST, 0.0)
    assert pulled(engine)[0].count(b"hello") == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"\r\n\r\nnonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS handshake\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nbroken\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100_000,
    ],
)
def test_nonsense_instead_of_a_request_gets_a_sentence(octets: bytes) -> None:
    engine = opened()
    engine.receive(octets, 0.0)
    sent, others = pulled(engine)
    assert 400 <= parsed(sent).status < 500
    assert parsed(sent).body.startswith(b"This is not an HTTP request")
    assert others == [Close()]


@given(strategies.lists(strategies.binary(min_size=1)))
def test_no_octets_make_it_fail(pieces: list[bytes]) -> None:
    engine = opened()
    for piece in pieces:
        engine.receive(piece, 0.0)
    engine.eof(0.0)
    assert pulled(engine)[1] == [Close()]


def test_a_head_that_comes_by_the_octet_has_a_limit() -> None:
    engine = opened()
    engine.receive(b"GET / HTTP/1.1\r\n", 9.0)
    assert engine.next_action() is None
    engine.receive(b"X", 11.0)
    assert parsed(pulled(engine)[0]).status == 408


def test_a_silent_client_gets_the_reason_in_the_last_reply() -> None:
    engine = opened()
    engine.end("idle", 10.0)
    sent, others = pulled(engine)
    assert parsed(sent).status == 408
    assert others == [Close()]


def test_a_client_is_told_of_a_fault_of_our_own() -> None:
    engine = opened()
    engine.end("crash", 10.0)
    sent, others = pulled(engine)
    assert parsed(sent).status == 500
    assert b"The inbox failed" in sent
    assert others == [Close()]


def events(gates: list[Gate]) -> Answer:
    def body() -> Iterator[bytes | Gate]:
        yield b"first"
        for gate in gates:
            yield gate
            yield b"next"

    return streamed("text/event-stream", body())


def test_an_answer_holds_at_a_gate_and_goes_on() -> None:
    gate = Gate()
    engine = opened(events([gate]))
    engine.receive(REQUEST, 0.0)
    sent, others = pulled(engine)
    assert b"first" in sent
    assert others == [Hold(gate)]
    engine.resume(1.0)
    sent, others = pulled(engine)
    assert b"next" in sent
    assert others == [Close()]


def test_nothing_is_awaited_for_a_client_that_has_left() -> None:
    engine = opened(events([Gate(), Gate()]))
    engine.receive(REQUEST, 0.0)
    pulled(engine)
    engine.eof(1.0)
    assert pulled(engine)[1] == [Close()]


def test_a_request_is_answered_even_after_the_end_of_file() -> None:
    engine = opened()
    engine.receive(REQUEST, 0.0)
    engine.eof(0.0)
    assert parsed(pulled(engine)[0]).body == b"hello"


@pytest.mark.parametrize("reason", ["idle", "stop", "crash"])
def test_an_endless_answer_ends_when_it_must(reason: EndReason) -> None:
    engine = opened(events([Gate()]))
    engine.receive(REQUEST, 0.0)
    pulled(engine)
    engine.end(reason, 1.0)
    assert pulled(engine) == (b"", [Close()])


def test_a_large_answer_is_pulled_in_pieces() -> None:
    engine = opened(octets("text/plain", b"x" * 1_000_000))
    engine.receive(REQUEST, 0.0)
    sizes = []
    while isinstance(action := engine.next_action(), Send):
        sizes.append(len(action.octets))
    assert max(sizes) < 70_000
    assert sum(sizes) > 1_000_000

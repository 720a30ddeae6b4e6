"""A block whose messages are captured."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import anyio
import pytest

from pytest_smtpserver import AsyncSMTPServer, SMTPAssertionError, SMTPServer
from pytest_smtpserver.matching import Criteria
from pytest_smtpserver.waiting.expectation import Expectation, Feed, Patience
from tests.rawclient import send

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = 0.05


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer() as server:
        yield server


def test_the_list_has_what_came_and_matches_once_the_block_ends(server: SMTPServer) -> None:
    send(server, "before")
    with server.capture(subject=lambda subject: subject != "other") as captured:
        send(server, "one")
        send(server, "other")
        send(server, "two")
        assert captured == []
    assert [message.subject for message in captured] == ["one", "two"]


def test_it_begins_when_the_block_is_entered(server: SMTPServer) -> None:
    block = server.capture()
    send(server, "before")
    with block as captured:
        send(server, "in it")
    assert [message.subject for message in captured] == ["in it"]


def test_in_a_coroutine_too_it_begins_when_the_block_is_entered(server: SMTPServer) -> None:
    async def main() -> None:
        block = AsyncSMTPServer(server).capture(1)
        await anyio.to_thread.run_sync(send, server, "before")
        async with block as captured:
            await anyio.to_thread.run_sync(send, server, "in it")
        assert [message.subject for message in captured] == ["in it"]

    anyio.run(main)


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_so_many_have_to_come(server: SMTPServer, count: int) -> None:
    with (
        pytest.raises(SMTPAssertionError, match=f"expected {count or 'no'} message"),
        server.capture(count, timeout=SHORT),
    ):
        send(server, "one")


def test_without_a_count_all_that_comes_while_it_settles_is_captured() -> None:
    def fail(_: object) -> None:
        pytest.fail("no number was given")

    came = ["one"]
    expected: Expectation[str] = Expectation(
        Feed(lambda: came), Criteria.for_messages({}), None, Patience(timeout=0, settle=10),
        now=0, give_up=lambda: False, fail=fail,
    )  # fmt: skip
    assert expected.look(0) == 10
    came.append("two")
    assert expected.look(5) == 10
    assert expected.look(10) is None
    assert expected.result() == ("one", "two")


def test_if_the_block_raises_nothing_is_awaited_and_the_list_has_what_came(
    server: SMTPServer,
) -> None:
    began = monotonic()
    with pytest.raises(ZeroDivisionError), server.capture(2) as captured:
        send(server, "one")
        raise ZeroDivisionError
    assert [message.subject for message in captured] == ["one"]
    assert monotonic() - began < server.settings.wait_timeout


def test_if_a_block_in_a_coroutine_raises_the_list_has_what_came(server: SMTPServer) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with AsyncSMTPServer(server).capture(2) as captured:
                await anyio.to_thread.run_sync(send, server, "one")
                raise ZeroDivisionError
        assert [message.subject for message in captured] == ["one"]

    anyio.run(main)


def test_a_criterion_that_raises_does_not_cover_what_the_block_raised(server: SMTPServer) -> None:
    def wrong(_: object) -> bool:
        raise LookupError

    with pytest.raises(ZeroDivisionError), server.capture(subject=wrong):
        send(server, "one")
        raise ZeroDivisionError


def test_a_misspelt_criterion_is_an_error_before_the_block_runs(server: SMTPServer) -> None:
    with pytest.raises(TypeError, match="subject"):
        server.capture(subjct="one")  # type: ignore[call-arg]


def test_deleting_from_the_outbox_does_not_bring_back_earlier_messages(
    server: SMTPServer,
) -> None:
    send(server, "A")
    send(server, "B")
    with server.capture() as captured:
        send(server, "C")
        del server.outbox[0]
        send(server, "D")
    assert [message.subject for message in captured] == ["C", "D"]


def test_if_too_few_came_the_list_has_them(server: SMTPServer) -> None:
    with pytest.raises(SMTPAssertionError), server.capture(2, timeout=SHORT) as captured:
        send(server, "one")
    assert [message.subject for message in captured] == ["one"]


def test_if_too_few_came_to_a_coroutine_the_list_has_them(server: SMTPServer) -> None:
    async def main() -> None:
        with pytest.raises(SMTPAssertionError):
            async with AsyncSMTPServer(server).capture(2, timeout=SHORT) as captured:
                await anyio.to_thread.run_sync(send, server, "one")
        assert [message.subject for message in captured] == ["one"]

    anyio.run(main)


def test_each_block_has_a_list_of_its_own(server: SMTPServer) -> None:
    block = server.capture()
    with block as first:
        send(server, "one")
    with block as second:
        send(server, "two")
    assert [message.subject for message in first] == ["one"]
    assert [message.subject for message in second] == ["two"]


def test_mail_before_the_block_is_not_the_cause_if_some_came_in_it(server: SMTPServer) -> None:
    send(server, "before")
    send(server, "before too")
    with pytest.raises(SMTPAssertionError) as raised, server.capture(2, timeout=SHORT):
        send(server, "in it")
    assert str(raised.value).startswith("only 1 of 2 messages came (")
    assert "before the block" not in str(raised.value)


def test_it_is_the_cause_if_just_so_many_are_missing(server: SMTPServer) -> None:
    send(server, "before")
    with pytest.raises(SMTPAssertionError) as raised, server.capture(2, timeout=SHORT):
        send(server, "in it")
    assert str(raised.value).startswith("1 message came before the block was entered, not in it (")


def test_mail_before_the_block_that_does_not_match_is_not_the_cause(server: SMTPServer) -> None:
    send(server, "before")
    with (
        pytest.raises(SMTPAssertionError) as raised,
        server.capture(1, timeout=SHORT, subject="in it"),
    ):
        pass
    assert "before the block" not in str(raised.value)

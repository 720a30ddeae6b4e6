"""Waiting in a task: under asyncio in debug mode, trio, its mock clock, and anyio on both."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
from trio.testing import MockClock

from pytest_smtpserver import AsyncSMTPServer, SMTPAssertionError, SMTPServer
from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.waiting import awaiting
from tests.rawclient import send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Main = Callable[[], Awaitable[None]]
    Run = Callable[[Main], None]

TIMEOUT = 20
# Real time, so as short as possible.
SHORT = 0.03


def asyncio_in_debug_mode(main: Callable[[], Any]) -> None:
    asyncio.run(main(), debug=True)


def trio_alone(main: Main) -> None:
    trio.run(main)


def trio_with_a_mock_clock(main: Main) -> None:
    trio.run(main, clock=MockClock(autojump_threshold=0))


def anyio_on_asyncio(main: Main) -> None:
    anyio.run(main, backend="asyncio")


def anyio_on_trio(main: Main) -> None:
    anyio.run(main, backend="trio")


under_each_loop = pytest.mark.parametrize(
    "run",
    [
        asyncio_in_debug_mode,
        trio_alone,
        trio_with_a_mock_clock,
        anyio_on_asyncio,
        anyio_on_trio,
    ],
    ids=lambda run: run.__name__,
)


@pytest.fixture
def server() -> Iterator[AsyncSMTPServer]:
    with SMTPServer(wait_timeout=TIMEOUT) as server:
        yield AsyncSMTPServer(server)


async def send_in_a_thread(server: AsyncSMTPServer) -> None:
    await anyio.to_thread.run_sync(send, server)


@under_each_loop
def test_another_task_of_the_loop_sends_during_a_wait(run: Run, server: AsyncSMTPServer) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            # It runs when this task waits for the first time.
            tasks.start_soon(send_in_a_thread, server)
            assert server.messages == ()
            message = await server.wait_for_message(subject="hello")
        assert server.messages == (message,)

    run(main)


@under_each_loop
def test_each_waiting_method_waits_in_the_loop(run: Run, server: AsyncSMTPServer) -> None:
    async def main() -> None:
        await server.assert_no_message(within=SHORT)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send_in_a_thread, server)
            tasks.start_soon(send_in_a_thread, server)
            messages = await server.wait_for_messages(2)
            transactions = await server.wait_for_transactions(2, outcome="accepted")
        await server.wait_closed()
        server.clear()
        async with server.capture(1) as captured, anyio.create_task_group() as tasks:
            tasks.start_soon(send_in_a_thread, server)
            transaction = await server.wait_for_transaction()
            session = await server.wait_for_session()
        assert (len(messages), len(transactions), len(captured)) == (2, 2, 1)
        assert session.transactions == (transaction,)

    run(main)


@under_each_loop
def test_a_wait_that_fails_has_taken_its_time_for_real(run: Run, server: AsyncSMTPServer) -> None:
    async def main() -> None:
        started = monotonic()
        with pytest.raises(SMTPAssertionError):
            await server.wait_for_message(timeout=SHORT)
        assert monotonic() - started >= SHORT

    run(main)


@under_each_loop
def test_a_wait_can_be_cancelled(run: Run, server: AsyncSMTPServer) -> None:
    async def main() -> None:
        with anyio.move_on_after(SHORT) as scope:
            await server.wait_for_message()
        assert scope.cancelled_caught
        await anyio.to_thread.run_sync(send, server)
        await server.wait_for_message()

    run(main)


def test_a_wait_in_no_loop_at_all_is_one_sentence(server: AsyncSMTPServer) -> None:
    wait = server.wait_for_message()
    with pytest.raises(RuntimeError, match="in a task of asyncio, anyio or trio only"):
        wait.send(None)


def test_a_blocking_wait_in_a_running_loop_names_the_fixture_to_use(
    server: AsyncSMTPServer,
) -> None:
    async def main() -> None:
        with pytest.raises(SMTPAssertionError, match="smtpserver_async"):
            server.server.wait_for_message(timeout=SHORT)

    asyncio.run(main())


@under_each_loop
@pytest.mark.parametrize("wait", ["wait_for_message", "wait_held"])
def test_a_wait_that_blocks_nothing_does_not_claim_to(
    run: Run, wait: str, server: AsyncSMTPServer
) -> None:
    async def main() -> None:
        waits = getattr(server, wait, None) or server.on("noop", optional=True).hold().wait_held
        with pytest.raises(SMTPAssertionError) as caught:
            await waits(timeout=SHORT)
        assert "no client connected" in str(caught.value).splitlines()[0]
        assert "blocked" not in str(caught.value)

    run(main)


def test_a_blocking_wait_names_the_fixture_to_use_though_mail_had_come_before() -> None:
    async def main() -> None:
        with SMTPServer() as blocking, pytest.raises(SMTPAssertionError) as failure:
            await asyncio.to_thread(send, AsyncSMTPServer(blocking))
            blocking.wait_for_session(timeout=0)
            blocking.wait_for_messages(2, timeout=0.05)
        first, *rest = str(failure.value).splitlines()
        assert first.startswith("only 1 of 2 messages came")
        assert "this wait blocked the running asyncio loop: use the fixture" in "\n".join(rest)

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_a_sync_wait_for_the_end_of_all_sessions_names_the_loop_that_it_blocked(
    server: AsyncSMTPServer, is_async: bool
) -> None:
    async def main() -> None:
        with pytest.raises(SMTPAssertionError) as failure:
            if is_async:
                await server.wait_closed(SHORT)
            else:
                server.server.wait_closed(SHORT)
        assert ("or AsyncSMTPServer(server)" in str(failure.value)) is not is_async

    with smtplib.SMTP(server.host, server.port, "client.example"):
        asyncio.run(main())


def test_a_wait_whose_loop_was_closed_keeps_no_thread_of_a_server_that_stops() -> None:
    before = set(threading.enumerate())
    loop = asyncio.new_event_loop()
    with SMTPServer() as server:
        waits = loop.create_task(AsyncSMTPServer(server).wait_for_message(timeout=TIMEOUT))
        loop.run_until_complete(asyncio.sleep(0))
        timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
        (timer,) = set(timers) - before
        loop.close()
    timer.join(TIMEOUT / 2)
    assert not timer.is_alive()
    # Nobody awaits the task any more, so its loop would complain of it.
    waits._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_flag_can_be_raised_until_the_loop_of_its_task_is_closed() -> None:
    async def flag() -> awaiting.Flag:
        made = awaiting._flag()
        assert made.raise_()
        return made

    assert not asyncio.run(flag()).raise_()
    assert not trio.run(flag).raise_()


def test_a_clock_that_jumps_does_not_keep_client_and_server_from_their_work(
    server: AsyncSMTPServer,
) -> None:
    async def main() -> None:
        for number in range(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.to_thread.run_sync, send, server, f"mail {number}")
                # Several hundred times what it takes now, and less than it once took.
                await server.wait_for_message(subject=f"mail {number}", timeout=1)

    trio_with_a_mock_clock(main)


def test_it_starts_stops_and_checks_the_server_of_a_with_block() -> None:
    async def main() -> None:
        with AsyncSMTPServer(SMTPServer()) as server:
            await asyncio.to_thread(send, server, "Hello")
            assert (await server.wait_for_message()).subject == "Hello"
            assert server.is_alive()
        assert not server.is_alive()
        with pytest.raises(SMTPAssertionError, match="never used"), server:
            server.refuse(550)

    asyncio.run(main())


@pytest.mark.parametrize("wrapped", [None, "127.0.0.1:25", SMTPServer])
def test_it_wraps_nothing_but_a_server(wrapped: object) -> None:
    with pytest.raises(TypeError, match=r"^AsyncSMTPServer wraps an SMTPServer, not "):
        AsyncSMTPServer(wrapped)  # type: ignore[arg-type]

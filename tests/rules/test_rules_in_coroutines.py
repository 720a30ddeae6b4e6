"""Rules of an `AsyncSMTPServer`, under asyncio and trio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from pytest_smtpserver import AsyncSMTPServer, SMTPAssertionError
from tests.rules.delivering import deliver, deliver_with_smtplib

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_smtpserver import SMTPServer
    from tests.rules.delivering import Delivered

    Run = Callable[[Callable[[], Awaitable[None]]], None]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine function with each library."""
    return lambda main: anyio.run(main, backend=request.param)


async def deliver_in_a_thread(server: AsyncSMTPServer) -> Delivered:
    return await anyio.to_thread.run_sync(deliver_with_smtplib, server)


def test_a_task_waits_until_a_client_is_held(smtpserver_async: AsyncSMTPServer, run: Run) -> None:
    async def main() -> None:
        rule = smtpserver_async.on("mail").hold()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deliver_in_a_thread, smtpserver_async)
            command = await rule.wait_held()
            assert command.mail_from == "shop@example.com"
            assert smtpserver_async.messages == ()
            rule.release()
        await smtpserver_async.wait_for_message()
        assert len(rule.hits) == 1

    run(main)


def test_the_loop_goes_on_while_its_own_client_is_held(smtpserver_async: AsyncSMTPServer) -> None:
    async def main() -> None:
        rule = smtpserver_async.on("data").hold()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deliver, smtpserver_async)
            await rule.wait_held()
            rule.release()
        assert (await smtpserver_async.wait_for_message()).subject == "Welcome"

    anyio.run(main)


def test_waiting_for_a_command_that_is_never_held_fails(
    smtpserver_async: AsyncSMTPServer, run: Run
) -> None:
    async def main() -> None:
        rule = smtpserver_async.on("mail", optional=True).hold()
        with pytest.raises(SMTPAssertionError, match="to hold 1 command"):
            await rule.wait_held(timeout=0)

    run(main)


def test_steps_are_chained_as_on_the_server_itself(smtpserver: SMTPServer) -> None:
    rule = AsyncSMTPServer(smtpserver).on("mail", optional=True)
    built = rule.after(1).times(2).delay(0).reply("450 no").then().accept().then().disconnect()
    assert built is rule
    assert repr(rule).startswith("<AsyncRule on('mail') made at ")


def test_the_shorthands_are_there_too(smtpserver_async: AsyncSMTPServer, run: Run) -> None:
    async def main() -> None:
        refusal = smtpserver_async.refuse("550 no").times(1)
        greylisting = smtpserver_async.greylist()
        smtpserver_async.chaos(0, seed=7)
        refused = await deliver_in_a_thread(smtpserver_async)
        assert refused.error == "SMTPSenderRefused"
        greylisted = await deliver_in_a_thread(smtpserver_async)
        assert greylisted.error == "SMTPRecipientsRefused"
        assert [len(rule.hits) for rule in (refusal, greylisting)] == [1, 1]

    run(main)


def test_an_impossible_rule_is_the_same_error(smtpserver_async: AsyncSMTPServer) -> None:
    with pytest.raises(ValueError, match=r"times\(0\)"):
        smtpserver_async.on("mail").times(0)
    with pytest.raises(ValueError, match="unknown stage"):
        smtpserver_async.on("rcp")

"""The coroutines in how-to/wait.md, run by anyio's pytest plugin."""

import asyncio
from email.message import EmailMessage

import aiosmtplib
import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"  # which aiosmtplib needs


async def send_welcome(server):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "ann@example.org", "Welcome"
    await aiosmtplib.send(mail, hostname=server.host, port=server.port)


async def test_a_welcome(smtpserver_async):
    sending = asyncio.create_task(send_welcome(smtpserver_async))
    message = await smtpserver_async.wait_for_message(rcpt_to="ann@example.org")
    assert message.subject == "Welcome"
    await sending


async def test_what_a_block_sends(smtpserver_async):
    async with smtpserver_async.capture(count=1) as captured:
        await send_welcome(smtpserver_async)
    assert captured[0].subject == "Welcome"

"""The examples of how-to/encrypt.md."""

import os
import smtplib
import ssl
import subprocess
import sys

import aiosmtplib
import pytest

MAIL = b"From: shop@example.com\r\nSubject: Welcome\r\n\r\nHello!\r\n"
ENVELOPE = ("shop@example.com", ["ann@example.org"])


@pytest.mark.smtpserver(tls="starttls")
def test_starttls(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.starttls(context=smtpserver.client_context())
        client.sendmail(*ENVELOPE, MAIL)

    message = smtpserver.wait_for_message()
    message.session.assert_tls(minimum="TLSv1.2")


@pytest.mark.smtpserver(tls="implicit")
def test_implicit_tls(smtpserver):
    context = smtpserver.client_context()
    with smtplib.SMTP_SSL(smtpserver.host, smtpserver.port, context=context) as client:
        client.sendmail(*ENVELOPE, MAIL)

    smtpserver.wait_for_session(tls=True)


@pytest.mark.smtpserver(tls="starttls", tls_required=True)
def test_mail_in_clear_is_refused(smtpserver):
    with (
        smtplib.SMTP(smtpserver.host, smtpserver.port) as client,
        pytest.raises(smtplib.SMTPSenderRefused) as refused,
    ):
        client.sendmail(*ENVELOPE, MAIL)

    assert refused.value.smtp_code == 530


@pytest.mark.smtpserver(tls="starttls")
def test_an_application_with_a_context_of_its_own(smtpserver, smtpserver_ca):
    context = ssl.create_default_context()
    context.load_verify_locations(smtpserver_ca.cert_file)
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.starttls(context=context)


@pytest.mark.anyio
@pytest.mark.smtpserver(tls="starttls")
async def test_aiosmtplib(smtpserver_async):
    await aiosmtplib.send(
        MAIL,
        sender="shop@example.com",
        recipients=["ann@example.org"],
        hostname=smtpserver_async.host,
        port=smtpserver_async.port,
        start_tls=True,
        tls_context=smtpserver_async.client_context(),
    )
    message = await smtpserver_async.wait_for_message()
    message.session.assert_tls()


@pytest.fixture
def anyio_backend():
    return "asyncio"


PROGRAM = """
import os, smtplib, ssl

with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as client:
    client.starttls(context=ssl.create_default_context())
    client.sendmail("shop@example.com", "ann@example.org", b"Subject: Welcome")
"""


@pytest.mark.smtpserver(tls="starttls")
def test_a_program(smtpserver, smtpserver_ca):
    environment = {**os.environ, **smtpserver.env(), "SSL_CERT_FILE": str(smtpserver_ca.cert_file)}
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True, timeout=30)

    assert smtpserver.wait_for_message().session.tls


@pytest.mark.smtpserver(tls="starttls")
def test_a_client_copes_with_a_server_that_cannot_begin_tls(smtpserver):
    smtpserver.on("starttls").reply("454 4.7.0 TLS not available due to temporary reason")
    with (
        smtplib.SMTP(smtpserver.host, smtpserver.port) as client,
        pytest.raises(smtplib.SMTPResponseException),
    ):
        client.starttls(context=smtpserver.client_context())


@pytest.mark.smtpserver(tls="implicit")
def test_a_client_copes_with_a_handshake_that_breaks_off(smtpserver):
    smtpserver.on("tls").disconnect()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        smtplib.SMTP_SSL(smtpserver.host, smtpserver.port, context=smtpserver.client_context())

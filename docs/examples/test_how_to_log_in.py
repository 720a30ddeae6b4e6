"""The examples of how-to/log-in.md."""

import asyncio
import smtplib

import aiosmtplib
import pytest


def send(server, username, password):
    """Log in and send a message: the code under test."""
    with smtplib.SMTP(server.host, server.port) as client:
        client.login(username, password)
        client.sendmail("shop@example.com", "ann@example.org", b"Subject: Welcome")


@pytest.mark.smtpserver(auth="required", users={"shop": "open sesame"})
def test_a_user(smtpserver):
    send(smtpserver, "shop", "open sesame")

    message = smtpserver.wait_for_message(username="shop")
    message.session.assert_authenticated("shop")


@pytest.mark.smtpserver(auth="required", users={"shop": "open sesame"})
def test_a_wrong_password(smtpserver):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(smtpserver, "shop", "open barley")

    assert refused.value.smtp_code == 535
    session = smtpserver.wait_for_session()
    assert [attempt.username for attempt in session.auth if not attempt.succeeded] == ["shop"] * 3


@pytest.mark.smtpserver(auth="optional")
def test_anyone(smtpserver):
    send(smtpserver, "whoever", "whatever")

    smtpserver.wait_for_message(username="whoever")


@pytest.mark.smtpserver(auth="required", users={"shop": "open sesame"}, mechanisms=["LOGIN"])
def test_a_mechanism(smtpserver):
    send(smtpserver, "shop", "open sesame")

    smtpserver.wait_for_session(mechanism="LOGIN")


@pytest.mark.smtpserver(auth="required", mechanisms=["PLAIN"])
def test_a_server_that_cannot_check_passwords_just_now(smtpserver):
    smtpserver.on("auth").reply("454 4.7.0 temporary authentication failure").times(1)
    with pytest.raises(smtplib.SMTPAuthenticationError, match="454"):
        send(smtpserver, "shop", "open sesame")

    send(smtpserver, "shop", "open sesame")
    smtpserver.wait_for_message()


@pytest.mark.smtpserver(auth="required", users={"shop@example.com": "ya29.token"})
def test_an_oauth_token(smtpserver):
    async def send_with_token():
        async with aiosmtplib.SMTP(hostname=smtpserver.host, port=smtpserver.port) as client:
            await client.auth_xoauth2("shop@example.com", "ya29.token")
            await client.sendmail("shop@example.com", ["ann@example.org"], b"Subject: Welcome")

    asyncio.run(send_with_token())
    smtpserver.wait_for_session(mechanism="XOAUTH2", username="shop@example.com")


@pytest.mark.smtpserver(auth="required", users={"shop@example.com": "the new token"})
def test_an_expired_oauth_token(smtpserver):
    async def log_in_with(token):
        async with aiosmtplib.SMTP(hostname=smtpserver.host, port=smtpserver.port) as client:
            await client.auth_xoauth2("shop@example.com", token)

    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        asyncio.run(log_in_with("the old token"))
    asyncio.run(log_in_with("the new token"))

    first, second = smtpserver.sessions
    assert (first.username, second.username) == (None, "shop@example.com")


@pytest.mark.smtpserver(tls="starttls", auth="required", users={"shop": "open sesame"})
def test_a_password_is_not_sent_in_clear(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        client.starttls(context=smtpserver.client_context())
        client.login("shop", "open sesame")

    session = smtpserver.wait_for_session(username="shop", tls=True)
    session.assert_no_violations()

"""The examples of how-to/check-the-protocol.md."""

import smtplib
import socket

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer


def hasty_client(server):
    """Send mail as somebody would who has not read RFC 5321."""
    with socket.create_connection(server.addr) as client:
        client.recv(1000)
        client.sendall(b"HELO my_host\r\n")
        client.recv(1000)
    server.wait_closed()


def test_the_client_keeps_to_the_protocol(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port, "shop.example.com") as client:
        client.sendmail("shop@example.com", "ann@example.org", "Subject: hello")
    assert smtpserver.wait_for_session().violations == ()


def test_what_is_wrong_is_listed(smtpserver):
    hasty_client(smtpserver)
    (session,) = smtpserver.sessions
    assert [violation.code for violation in session.violations] == ["bad-helo-domain", "no-quit"]
    assert session.violations[1].text == "the client left without QUIT"
    assert session.violations[1].rfc == "RFC 5321 section 4.1.1.10"


# [strict]
@pytest.mark.smtpserver(strict=True)
def test_all_clients_keep_to_the_protocol(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port, "shop.example.com") as client:
        client.sendmail("shop@example.com", "ann@example.org", "Subject: hello")


# [end]


def test_strict_fails_at_the_end():
    with pytest.raises(SMTPAssertionError, match="got 2: bad-helo-domain"):  # noqa: SIM117
        with SMTPServer(strict=True) as server:
            hasty_client(server)

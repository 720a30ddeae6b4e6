"""The tests in how-to/install-and-configure.md."""

import smtplib

import pytest

from pytest_smtpserver import SMTPServer


@pytest.mark.smtpserver(hostname="mail.example.org", max_recipients=1)
def test_with_settings_of_its_own(smtpserver):
    assert smtpserver.hostname == "mail.example.org"
    assert smtpserver.settings.max_recipients == 1


@pytest.mark.smtpserver(extensions=["-SMTPUTF8", "-8BITMIME"])
def test_an_old_server(smtpserver):
    with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
        client.ehlo()
        assert not client.has_extn("SMTPUTF8")


def test_two_servers(smtpserver_factory):
    primary = smtpserver_factory()
    backup = smtpserver_factory(hostname="backup.example.org")
    assert primary.port != backup.port


def test_without_the_fixture():
    with SMTPServer(max_recipients=10) as server:
        with smtplib.SMTP(server.host, server.port) as client:
            client.sendmail("shop@example.com", ["ann@example.org"], "Subject: Welcome\r\n\r\n")
        assert server.messages[0].subject == "Welcome"

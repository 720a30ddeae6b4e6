"""The tests in how-to/one-server-for-the-run.md."""

import smtplib

import pytest


class Application:
    def __init__(self, mail_host, mail_port):
        self.mail_host, self.mail_port = mail_host, mail_port

    def sign_up(self, address):
        with smtplib.SMTP(self.mail_host, self.mail_port) as client:
            client.sendmail("shop@example.com", [address], "Subject: Welcome\r\n\r\n")


@pytest.fixture(scope="session")
def application(smtpserver_session):
    return Application(mail_host=smtpserver_session.host, mail_port=smtpserver_session.port)


def test_ann_is_welcomed(application, smtpserver_session):
    application.sign_up("ann@example.org")
    smtpserver_session.wait_for_message(rcpt_to="ann@example.org")


def test_bob_is_welcomed_and_ann_is_forgotten(application, smtpserver_session):
    application.sign_up("bob@example.org")
    smtpserver_session.wait_for_message(rcpt_to="bob@example.org")
    assert len(smtpserver_session.messages) == 1

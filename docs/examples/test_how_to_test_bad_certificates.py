"""The examples of how-to/test-bad-certificates.md."""

import smtplib
import ssl

import pytest


def send_securely(host, port, context):
    """Send a message: the code under test."""
    with smtplib.SMTP(host, port) as client:
        client.starttls(context=context)
        client.sendmail("shop@example.com", "ann@example.org", b"Subject: Welcome")


@pytest.mark.parametrize("certificate", ["expired", "wrong-host", "untrusted"])
def test_a_bad_certificate_is_refused(smtpserver_factory, certificate):
    server = smtpserver_factory(tls="starttls", certificate=certificate)

    with pytest.raises(ssl.SSLCertVerificationError):
        send_securely(server.host, server.port, server.client_context())

    server.assert_no_message()
    session = server.wait_for_session()
    assert session.tls_failure.startswith("the client refused the certificate: ")


@pytest.mark.smtpserver(tls="starttls", certificate="wrong-host")
def test_a_client_that_does_not_compare_names(smtpserver):
    context = smtpserver.client_context()
    context.check_hostname = False
    send_securely(smtpserver.host, smtpserver.port, context)

    smtpserver.wait_for_message()

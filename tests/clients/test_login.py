"""Real clients log in with every mechanism that they know, over verified TLS and in clear."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer
from tests.clients.drivers import CLIENTS, Client, Delivery, delivery_to

if TYPE_CHECKING:
    from pytest_smtpserver import CertificateAuthority
    from pytest_smtpserver.settings.keywords import TLS

# With characters that base64, URLs and shells treat specially.
USERNAME, SECRET = "ann@example.org", "p+ss/w:rd=?'&%"

MODES = ("starttls", "implicit", "off")
TABLE = [
    pytest.param(client, tls, mechanism, id=f"{client.name}-{tls}-{mechanism}")
    for client in CLIENTS
    for tls in MODES
    for mechanism in client.mechanisms
]
BAD_CERTIFICATES = [
    pytest.param(client, tls, certificate, id=f"{client.name}-{tls}-{certificate}")
    for client in CLIENTS
    for tls in ("starttls", "implicit")
    for certificate in ("expired", "wrong-host", "untrusted")
    if certificate != "wrong-host" or client.compares_names
]
REASONS = {
    "expired": "the client refused the certificate: certificate expired (alert 45)",
    "wrong-host": "the client refused the certificate: bad certificate (alert 42)",
    "untrusted": "the client refused the certificate: unknown CA (alert 48)",
}
# What the server can say about clients that send no alert.
LEFT = {
    "during": "the client left during the TLS handshake, after it was sent the certificate: it may "
    "have refused it",
    "after": "the client left directly after the TLS handshake; some refuse a certificate only "
    "then",
}


def skip_without(client: Client) -> None:
    if reason := client.missing():
        pytest.skip(reason)


def delivery(server: SMTPServer, mechanism: str | None, secret: str = SECRET) -> Delivery:
    return delivery_to(server, mechanism=mechanism, username=USERNAME, secret=secret)


def failed(client: Client, what: Delivery) -> bool:
    try:
        client.deliver(what)
    except (AssertionError, OSError, aiosmtplib.SMTPException):
        return True
    return False


@pytest.mark.parametrize(("client", "tls", "mechanism"), TABLE)
def test_a_client_logs_in(client: Client, tls: TLS, mechanism: str) -> None:
    skip_without(client)
    with SMTPServer(
        tls=tls, auth="required", users={USERNAME: SECRET}, mechanisms=[mechanism]
    ) as server:
        client.deliver(delivery(server, mechanism))
        message = server.wait_for_message(username=USERNAME)
        session = server.wait_for_session(mechanism=mechanism, tls=tls != "off")
    assert message.subject == "hello"
    (attempt,) = session.auth
    assert (attempt.mechanism, attempt.username) == (mechanism, USERNAME)
    assert (attempt.succeeded, attempt.over_tls) == (True, tls != "off")
    assert session.tls_failure is None
    if client.says_quit:
        assert session.violations == ()
    assert SECRET not in session.transcript


@pytest.mark.parametrize(
    ("client", "mechanism"),
    [
        pytest.param(client, mechanism, id=f"{client.name}-{mechanism}")
        for client in CLIENTS
        for mechanism in client.mechanisms
    ],
)
def test_a_client_with_a_wrong_password_or_token_is_refused(client: Client, mechanism: str) -> None:
    skip_without(client)
    with SMTPServer(auth="required", users={USERNAME: SECRET}, mechanisms=[mechanism]) as server:
        assert failed(client, delivery(server, mechanism, secret="wrong"))
        session = server.wait_for_session()
    assert server.messages == ()
    assert session.username is None
    assert {attempt.username for attempt in session.auth} == {USERNAME}
    assert not any(attempt.succeeded for attempt in session.auth)


@pytest.mark.parametrize(("client", "tls", "certificate"), BAD_CERTIFICATES)
def test_a_client_refuses_a_bad_certificate_and_the_server_records_why(
    client: Client, tls: TLS, certificate: str
) -> None:
    skip_without(client)
    with SMTPServer(tls=tls, certificate=certificate) as server:
        assert failed(client, delivery(server, None))
        # Some try more than once.
        server.wait_closed()
        session = server.sessions[0]
        with pytest.raises(SMTPAssertionError) as failure:
            server.wait_for_message(timeout=0)
    assert server.transactions == ()
    alerted = certificate in client.alerts
    assert session.tls_failure == (REASONS[certificate] if alerted else LEFT[client.leaves])
    assert session.tls_failure in session.transcript
    # The first line is all that pytest's short summary shows.
    assert session.tls_failure in str(failure.value).splitlines()[0]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_openssl_completes_a_handshake(tls: TLS, smtpserver_ca: CertificateAuthority) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl: .ci/install-programs")
    with SMTPServer(tls=tls) as server:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"{server.host}:{server.port}", "-crlf"]
            + (["-starttls", "smtp"] if tls == "starttls" else [])
            + ["-CAfile", str(smtpserver_ca.cert_file), "-verify_return_error"]
            + ["-servername", server.hostname, "-verify_hostname", server.hostname]
            + ["-ign_eof"],
            input=b"QUIT\n",
            capture_output=True,
            timeout=20,
            check=False,
        )
        session = server.wait_for_session()
    assert done.returncode == 0, done.stderr.decode()
    assert re.search(r"Verify return code: 0 \(ok\)", done.stdout.decode())
    assert session.tls
    assert session.tls.server_name == server.hostname
    assert session.ended_by == "quit"

"""JavaMail (Jakarta Mail) logs in with every mechanism that it knows, in each way of TLS."""

from __future__ import annotations

import itertools
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.javamail import JARS, MECHANISMS, TIMEOUT, missing_javamail

if TYPE_CHECKING:
    from pytest_smtpserver.settings.keywords import TLS

USERNAME, SECRET = "ann@example.org", "p+ss/w:rd=?'&%"
# The password of Java's trust store, which must have one.
PASSWORD = "password"
WAYS: tuple[TLS, ...] = ("off", "starttls", "implicit")
CASES = [*itertools.product(WAYS, MECHANISMS)]

REASON = missing_javamail()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def java(trusted: Path, lines: list[str]) -> None:
    done = subprocess.run(
        [
            *("java", "-XX:TieredStopAtLevel=1", f"-Djavax.net.ssl.trustStore={trusted}"),
            f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
            *("-cp", ":".join(map(str, JARS))),
            *(str(Path(__file__).with_name("Deliver.java")), USERNAME, SECRET),
        ],
        input="\n".join(lines).encode(),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def trust_store(ca_file: Path, file: Path) -> Path:
    subprocess.run(
        [
            *("keytool", "-importcert", "-noprompt", "-file", ca_file),
            *("-keystore", file, "-storepass", PASSWORD),
        ],
        capture_output=True,
        timeout=TIMEOUT,
        check=True,
    )
    return file


def asking_for(mechanism: str, tls: TLS) -> SMTPServer:
    users = {USERNAME: SECRET}
    return SMTPServer(tls=tls, auth="required", users=users, mechanisms=[mechanism], strict=True)


def line(server: SMTPServer) -> str:
    """Return the program's settings for this server."""
    settings = server.settings
    scheme = "smtps" if settings.tls == "implicit" else "smtp"
    starttls = str(settings.tls == "starttls").lower()
    (mechanism,) = settings.mechanisms
    # By name: it does not look for an address in a certificate.
    return f"localhost {server.port} {scheme} {starttls} {mechanism}"


def test_javamail_logs_in_in_all_ways(tmp_path: Path) -> None:
    with ExitStack() as stack:
        # One run for all: to start Java takes longer than to deliver.
        servers = [stack.enter_context(asking_for(mechanism, tls)) for tls, mechanism in CASES]
        trusted = trust_store(servers[0].ca.cert_file, tmp_path / "trusted")
        java(trusted, [line(server) for server in servers])
        for server, (tls, mechanism) in zip(servers, CASES, strict=True):
            server.wait_for_message(subject="hello", text="world", username=USERNAME)
            session = server.wait_for_session(timeout=TIMEOUT)
            session.assert_authenticated(USERNAME, mechanism=mechanism)
            session.assert_no_violations()
            assert (session.tls is not None) == (tls != "off")
            assert session.ended_by == "quit"

"""How each client program is told to deliver a message.

A driver takes a `Delivery` and returns when the client has ended; it raises if the client failed.
The fields of a client's row in `CLIENTS` say what it cannot do, and what its habits are.
"""

from __future__ import annotations

import base64
import json
import shlex
import shutil
import smtplib
import ssl
import subprocess
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.own_loop import run_to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import SMTPServer

NODE = Path(__file__).parent / "node"

# Far more than a client needs on a busy machine.
_TIMEOUT = 20


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a client is asked to deliver, and where."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    helo: str = "client.example.org"
    #: `"off"`, `"starttls"` or `"implicit"`, and whose certificates the client trusts.
    tls: str = "off"
    ca_file: str = ""
    #: How to log in, if at all, and as whom; for bearer mechanisms the secret is the token.
    mechanism: str | None = None
    username: str = ""
    secret: str = ""

    @property
    def is_8bit(self) -> bool:
        return not self.content.isascii()

    @property
    def body(self) -> list[str]:
        return ["BODY=8BITMIME"] if self.is_8bit else []

    @property
    def is_bearer(self) -> bool:
        return self.mechanism in ("XOAUTH2", "OAUTHBEARER")

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


def delivery_to(
    server: SMTPServer,
    *,
    content: bytes = b"From: from@example.org\r\nSubject: hello\r\n\r\nhello\r\n",
    mechanism: str | None = None,
    username: str = "",
    secret: str = "",
) -> Delivery:
    """Return a delivery to this server, over TLS if it has TLS."""
    return Delivery(
        host=server.host, port=server.port, sender="from@example.org",
        recipients=("one@example.org", "two@example.org"), content=content,
        tls=server.settings.tls, ca_file=str(server.ca.cert_file),
        mechanism=mechanism, username=username, secret=secret,
    )  # fmt: skip


def deliver_with_smtplib(delivery: Delivery) -> None:
    connect: Callable[..., smtplib.SMTP] = smtplib.SMTP
    if delivery.tls == "implicit":
        connect = partial(smtplib.SMTP_SSL, context=delivery.context())
    with connect(
        delivery.host, delivery.port, local_hostname=delivery.helo, timeout=_TIMEOUT
    ) as client:
        if delivery.tls == "starttls":
            client.starttls(context=delivery.context())
        if delivery.mechanism:
            # It takes any mechanism that it knows among those offered.
            client.login(delivery.username, delivery.secret)
        client.sendmail(delivery.sender, delivery.recipients, delivery.content, delivery.body)


def deliver_with_aiosmtplib(delivery: Delivery) -> None:
    import aiosmtplib

    async def deliver() -> None:
        async with aiosmtplib.SMTP(
            hostname=delivery.host,
            port=delivery.port,
            local_hostname=delivery.helo,
            use_tls=delivery.tls == "implicit",
            start_tls=delivery.tls == "starttls",
            tls_context=None if delivery.tls == "off" else delivery.context(),
            timeout=_TIMEOUT,
        ) as client:
            if delivery.mechanism == "XOAUTH2":
                await client.auth_xoauth2(delivery.username, delivery.secret)
            elif delivery.mechanism:
                await client.login(delivery.username, delivery.secret)
            await client.sendmail(
                delivery.sender,
                delivery.recipients,
                delivery.content,
                mail_options=delivery.body,
            )

    run_to_the_end(deliver())


def deliver_with_curl(delivery: Delivery) -> None:
    recipients = [word for address in delivery.recipients for word in ("--mail-rcpt", address)]
    scheme = "smtps" if delivery.tls == "implicit" else "smtp"
    run(
        "curl",
        "--disable",  # no ~/.curlrc
        "--silent",
        "--show-error",
        # From standard input: the size is not known beforehand, and so is not declared.
        "--upload-file",
        "-",
        "--mail-from",
        delivery.sender,
        *recipients,
        *_curl_security(delivery),
        f"{scheme}://{delivery.host}:{delivery.port}/{delivery.helo}",
        stdin=delivery.content,
    )


def _curl_security(delivery: Delivery) -> list[str]:
    tls = [] if delivery.tls == "off" else ["--ssl-reqd", "--cacert", delivery.ca_file]
    if delivery.mechanism is None:
        return tls
    login = ["--login-options", f"AUTH={delivery.mechanism}"]
    if delivery.is_bearer:
        return [*tls, *login, "--user", delivery.username, "--oauth2-bearer", delivery.secret]
    return [*tls, *login, "--user", f"{delivery.username}:{delivery.secret}"]


def deliver_with_swaks(delivery: Delivery) -> None:
    run(
        "swaks",
        "--silent=2",
        f"--server={delivery.host}",
        f"--port={delivery.port}",
        f"--helo={delivery.helo}",
        f"--from={delivery.sender}",
        f"--to={','.join(delivery.recipients)}",
        *_swaks_security(delivery),
        "--data=-",
        # swaks ends the data with a CRLF of its own.
        stdin=delivery.content.removesuffix(b"\r\n"),
    )


def _swaks_security(delivery: Delivery) -> list[str]:
    words = {"off": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}[delivery.tls]
    if words:
        words += ["--tls-verify", f"--tls-ca-path={delivery.ca_file}"]
    if delivery.mechanism:
        words += [
            f"--auth={delivery.mechanism}",
            f"--auth-user={delivery.username}",
            f"--auth-password={delivery.secret}",
        ]
    return words


def deliver_with_msmtp(delivery: Delivery) -> None:
    run(
        "msmtp",
        f"--host={delivery.host}",
        f"--port={delivery.port}",
        f"--domain={delivery.helo}",
        f"--from={delivery.sender}",
        *_msmtp_security(delivery),
        "--",
        *delivery.recipients,
        stdin=delivery.content,
    )


def _msmtp_security(delivery: Delivery) -> list[str]:
    words = ["--tls=off"]
    if delivery.tls != "off":
        start = "on" if delivery.tls == "starttls" else "off"
        words = ["--tls=on", f"--tls-starttls={start}", f"--tls-trust-file={delivery.ca_file}"]
    if delivery.mechanism is None:
        return [*words, "--auth=off"]
    return [
        *words,
        f"--auth={delivery.mechanism.lower()}",
        f"--user={delivery.username}",
        f"--passwordeval=echo {shlex.quote(delivery.secret)}",
    ]


def deliver_with_nodemailer(delivery: Delivery) -> None:
    request = asdict(delivery) | {
        "content": base64.b64encode(delivery.content).decode(),
        "is_8bit": delivery.is_8bit,
        "is_bearer": delivery.is_bearer,
    }
    run("node", str(NODE / "deliver.js"), stdin=json.dumps(request).encode())


def run(*command: str, stdin: bytes) -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=_TIMEOUT, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


def missing_program(program: str) -> str | None:
    return None if shutil.which(program) else f"needs {program}: .ci/install-programs"


def missing_nodemailer() -> str | None:
    if not (NODE / "node_modules/nodemailer").is_dir():
        return "needs nodemailer: .ci/install-programs"
    return missing_program("node")


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client, and its habits."""

    name: str
    deliver: Callable[[Delivery], None]
    #: Returns why it cannot run here, or `None`.
    missing: Callable[[], str | None] = lambda: None
    #: Whether MAIL has SIZE (RFC 1870).
    declares_size: bool = False
    #: Whether the driver lets it send 8-bit content with BODY=8BITMIME (RFC 6152).
    declares_8bit: bool = False
    says_quit: bool = True
    #: The mechanisms with which it can log in.
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN", "CRAM-MD5")
    #: The bad certificates that it refuses with an alert that says why.
    alerts: tuple[str, ...] = ("expired", "untrusted", "wrong-host")
    #: How it refuses the others: `"during"` the handshake, or `"after"` it.
    leaves: str = "after"
    #: Whether it compares the names in the certificate with the server's.
    compares_names: bool = True

    def parameters(self, delivery: Delivery) -> dict[str, str | None]:
        """Return the MAIL parameters with which the client delivers this."""
        size = {"SIZE": str(len(delivery.content))} if self.declares_size else {}
        body = {"BODY": "8BITMIME"} if self.declares_8bit and delivery.is_8bit else {}
        return {**size, **body}


CLIENTS = (
    Client(
        name="smtplib",
        deliver=deliver_with_smtplib,
        declares_size=True,
        declares_8bit=True,
    ),
    Client(
        name="aiosmtplib",
        deliver=deliver_with_aiosmtplib,
        declares_size=True,
        declares_8bit=True,
        mechanisms=("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"),
        alerts=(),
        leaves="during",
    ),
    Client(
        name="curl",
        deliver=deliver_with_curl,
        mechanisms=("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"),
        alerts=("expired", "untrusted"),
        missing=partial(missing_program, "curl"),
    ),
    Client(
        name="swaks",
        deliver=deliver_with_swaks,
        missing=partial(missing_program, "swaks"),
        compares_names=False,
    ),
    Client(
        name="msmtp",
        deliver=deliver_with_msmtp,
        missing=partial(missing_program, "msmtp"),
        mechanisms=(
            "PLAIN",
            "LOGIN",
            "CRAM-MD5",
            "SCRAM-SHA-1",
            "SCRAM-SHA-256",
            "XOAUTH2",
            "OAUTHBEARER",
        ),
        alerts=(),
    ),
    Client(
        name="nodemailer",
        deliver=deliver_with_nodemailer,
        missing=missing_nodemailer,
        declares_8bit=True,
        says_quit=False,
        mechanisms=("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"),
        alerts=(),
        leaves="during",
    ),
)

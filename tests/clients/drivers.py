"""How each client program is told to deliver a message.

A driver takes a `Delivery` and returns when the client has ended; it raises if the client failed.
What a client leaves undone, or does by nature, is a field of its row in `CLIENTS`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import smtplib
import subprocess
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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

    @property
    def is_8bit(self) -> bool:
        return not self.content.isascii()

    @property
    def body(self) -> list[str]:
        return ["BODY=8BITMIME"] if self.is_8bit else []


def deliver_with_smtplib(delivery: Delivery) -> None:
    with smtplib.SMTP(
        delivery.host, delivery.port, local_hostname=delivery.helo, timeout=_TIMEOUT
    ) as client:
        client.sendmail(delivery.sender, delivery.recipients, delivery.content, delivery.body)


def deliver_with_aiosmtplib(delivery: Delivery) -> None:
    import aiosmtplib

    asyncio.run(
        aiosmtplib.send(
            delivery.content,
            sender=delivery.sender,
            recipients=delivery.recipients,
            mail_options=delivery.body,
            hostname=delivery.host,
            port=delivery.port,
            local_hostname=delivery.helo,
            start_tls=False,
            timeout=_TIMEOUT,
        ),
        debug=True,
    )


def deliver_with_curl(delivery: Delivery) -> None:
    recipients = [word for address in delivery.recipients for word in ("--mail-rcpt", address)]
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
        f"smtp://{delivery.host}:{delivery.port}/{delivery.helo}",
        stdin=delivery.content,
    )


def deliver_with_swaks(delivery: Delivery) -> None:
    run(
        "swaks",
        "--silent=2",
        f"--server={delivery.host}",
        f"--port={delivery.port}",
        f"--helo={delivery.helo}",
        f"--from={delivery.sender}",
        f"--to={','.join(delivery.recipients)}",
        "--data=-",
        # swaks ends the data with a CRLF of its own.
        stdin=delivery.content.removesuffix(b"\r\n"),
    )


def deliver_with_msmtp(delivery: Delivery) -> None:
    run(
        "msmtp",
        f"--host={delivery.host}",
        f"--port={delivery.port}",
        f"--domain={delivery.helo}",
        f"--from={delivery.sender}",
        "--tls=off",
        "--auth=off",
        "--",
        *delivery.recipients,
        stdin=delivery.content,
    )


def deliver_with_nodemailer(delivery: Delivery) -> None:
    request = asdict(delivery) | {
        "content": base64.b64encode(delivery.content).decode(),
        "is_8bit": delivery.is_8bit,
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
    """A client, and what it does by nature."""

    name: str
    deliver: Callable[[Delivery], None]
    #: Says why it cannot run here, or gives `None`.
    missing: Callable[[], str | None] = lambda: None
    #: Whether MAIL has SIZE (RFC 1870), and BODY=8BITMIME for 8-bit content (RFC 6152).
    declares_size: bool = False
    declares_8bit: bool = False
    says_quit: bool = True

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
    ),
    Client(
        name="curl",
        deliver=deliver_with_curl,
        missing=partial(missing_program, "curl"),
    ),
    Client(
        name="swaks",
        deliver=deliver_with_swaks,
        missing=partial(missing_program, "swaks"),
    ),
    Client(
        name="msmtp",
        deliver=deliver_with_msmtp,
        missing=partial(missing_program, "msmtp"),
    ),
    Client(
        name="nodemailer",
        deliver=deliver_with_nodemailer,
        missing=missing_nodemailer,
        declares_8bit=True,
        says_quit=False,
    ),
)

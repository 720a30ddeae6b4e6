"""What clients ask for with the parameters of extensions arrives as they sent it."""

from __future__ import annotations

import json
import os
import smtplib

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.drivers import NODE, missing_nodemailer, missing_program, run

CONTENT = b"Subject: hello\r\n\r\nworld\r\n"

NODEMAILER = """
const request = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const transport = require(request.nodemailer).createTransport(
  { host: request.host, port: request.port, name: "client.example", ignoreTLS: true });
transport.sendMail({
  envelope: { from: "from@example.org", to: ["to@example.org"] },
  raw: "Subject: hello\\r\\n\\r\\nworld\\r\\n",
  dsn: request.dsn,
}).catch((error) => { process.stderr.write(`${error}\\n`); process.exitCode = 1; });
"""


def test_nodemailer_asks_for_delivery_status_notifications() -> None:
    if reason := missing_nodemailer():
        pytest.skip(reason)
    dsn = {
        "id": "some id",
        "return": "headers",
        "notify": ["failure", "delay"],
        "recipient": "rcpt@example.org",
    }
    with SMTPServer() as server:
        request = {"host": server.host, "port": server.port, "dsn": dsn}
        request["nodemailer"] = str(NODE / "node_modules/nodemailer")
        run("node", "-e", NODEMAILER, stdin=json.dumps(request).encode())
        envelope = server.wait_for_message().envelope
    # RFC 3461 section 4: a space is not an xchar, so it is written as "+20".
    assert envelope.parameters == {"RET": "HDRS", "ENVID": "some+20id"}
    assert envelope.rcpt_parameters == (
        {"NOTIFY": "FAILURE,DELAY", "ORCPT": "rfc822;rcpt@example.org"},
    )


def test_smtplib_asks_for_delivery_status_notifications() -> None:
    with SMTPServer() as server, smtplib.SMTP(server.host, server.port) as client:
        client.sendmail(
            "from@example.org",
            "to@example.org",
            CONTENT,
            mail_options=["RET=FULL", "ENVID=a+2Bb"],
            rcpt_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;to@example.org"],
        )
        envelope = server.messages[0].envelope
    assert envelope.parameters == {"SIZE": str(len(CONTENT)), "RET": "FULL", "ENVID": "a+2Bb"}
    assert envelope.rcpt_parameters == ({"NOTIFY": "SUCCESS", "ORCPT": "rfc822;to@example.org"},)


def test_curl_sends_utf8_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := missing_program("curl"):
        pytest.skip(reason)
    # Without it curl does not read the arguments as UTF-8.
    monkeypatch.setitem(os.environ, "LC_ALL", "C.UTF-8")
    with SMTPServer(strict=True) as server:
        url = f"smtp://{server.host}:{server.port}/client.example"
        sender, recipient = "j\u00f6rg@example.org", "zo\u00eb@example.com"
        run(
            *("curl", "--disable", "--silent", "--show-error", "--upload-file", "-"),
            *("--mail-from", sender, "--mail-rcpt", recipient, url),
            stdin=CONTENT,
        )
        envelope = server.wait_for_message().envelope
        server.wait_closed()
    assert (envelope.mail_from, envelope.rcpt_to) == (sender, (recipient,))
    assert envelope.parameters == {"SMTPUTF8": None}


def test_swaks_pipelines() -> None:
    if reason := missing_program("swaks"):
        pytest.skip(reason)
    with SMTPServer(strict=True) as server:
        server.refuse("550 no", rcpt_to="two@example.org")
        run(
            *("swaks", "--silent=2", "--pipeline", "--helo=client.example", "--data=-"),
            *(f"--server={server.host}", f"--port={server.port}", "--from=from@example.org"),
            "--to=one@example.org,two@example.org,three@example.org",
            stdin=CONTENT,
        )
        envelope = server.wait_for_message().envelope
        server.wait_closed()
    assert envelope.rcpt_to == ("one@example.org", "three@example.org")

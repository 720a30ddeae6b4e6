"""A server only answers its clients: it connects nowhere, and looks up no name."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest_smtpserver

TIMEOUT = 120
PACKAGE = Path(pytest_smtpserver.__file__).parent
# Modules of the standard library that connect, and others that are common.
CONNECTING = {
    "aiohttp", "aiosmtplib", "asyncio.streams", "dns", "ftplib", "http.client", "httpx", "imaplib",
    "poplib", "requests", "smtplib", "telnetlib", "urllib.request", "urllib3", "xmlrpc",
}  # fmt: skip
# In `network.unix`: whether a server still listens on a path.
ALLOWED = {"connect_ex"}


def test_no_module_imports_what_connects() -> None:
    found = {
        (path.name, name)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if name in CONNECTING or name.partition(".")[0] in CONNECTING
    }
    assert found == set()


def test_no_module_calls_what_connects() -> None:
    called = {
        node.func.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    connecting = {
        "connect", "connect_ex", "create_connection", "getfqdn", "gethostbyaddr", "gethostbyname",
        "getnameinfo", "open_tcp_stream", "sendto", "urlopen",
    }  # fmt: skip
    assert called & connecting == ALLOWED


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


SCRIPT = r"""
import smtplib, sys
events = []
told = ("connect", "sendto", "getaddrinfo", "gethostbyname", "gethostbyaddr")
def note(event, arguments):
    if event in [f"socket.{name}" for name in told]:
        events.append((event, str(arguments[:2])))
from pytest_smtpserver import SMTPServer
with SMTPServer(users={"ann": "x"}, auth="optional") as server:
    sys.addaudithook(note)
    client = smtplib.SMTP(*server.addr, "client.example.org", 60)
    own = events[:]
    client.login("ann", "x")
    client.sendmail("from@nowhere.invalid", ["to@elsewhere.invalid", "bob@[192.0.2.1]"], (
        "From: a@nowhere.invalid\r\nTo: b@elsewhere.invalid\r\nSubject: hello\r\n"
        "Disposition-Notification-To: c@elsewhere.invalid\r\n"
        "Content-Type: text/html\r\n\r\n"
        "<a href='http://elsewhere.invalid/'>x</a><img src='http://elsewhere.invalid/y'>\r\n"
    ))
    client.docmd("VRFY someone@elsewhere.invalid")
    client.quit()
    message = server.wait_for_message()
    str(message), repr(message), message.links, message.html_text, message.problems, message.email
    server.transcript
assert events == own, events
print("done")
"""


def test_nothing_is_connected_to_and_no_name_is_looked_up_whatever_arrives() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("done\n", "")

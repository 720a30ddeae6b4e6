"""The programs that the page "SMTP in the raw" has its readers type into."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.drivers import missing_program

if TYPE_CHECKING:
    from pytest_smtpserver.settings.keywords import TLS

# Debian's name for it; the `nc` of some other packages has another option for CRLF.
NC = ["nc.openbsd", "-C", "{host}", "{port}"]
OPENSSL = ["openssl", "s_client", "-quiet", "-crlf", "-starttls", "smtp", "-connect"]
OPENSSL += ["{host}:{port}"]

# Each line with the code to wait for before the next is typed.
TYPED = (
    ("EHLO client.example", b"250 "),
    ("MAIL FROM:<shop@shop.example>", b"250 "),
    ("RCPT TO:<ann@example.org>", b"250 "),
    ("DATA", b"354 "),
    ("Subject: Welcome\n\nHello Ann!\n.", b"250 "),
    ("QUIT", b"221 "),
)


@pytest.mark.parametrize(("command", "tls"), [(NC, "off"), (OPENSSL, "starttls")])
def test_a_mail_typed_line_by_line_is_accepted(command: list[str], tls: TLS) -> None:
    if reason := missing_program(command[0]):
        pytest.skip(reason)
    with SMTPServer(tls=tls) as server:
        program = subprocess.Popen(
            [part.format(host=server.host, port=server.port) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with program:
            typed_into(program, greets=tls == "off")
        session = server.wait_for_session()
    assert session.ended_by == "quit"
    assert session.violations == ()
    assert [message.content for message in session.messages] == [
        b"Subject: Welcome\r\n\r\nHello Ann!\r\n"
    ]


def typed_into(program: subprocess.Popen[bytes], *, greets: bool) -> None:
    assert program.stdin
    assert program.stdout
    # openssl keeps what is said before the handshake to itself.
    if greets:
        assert program.stdout.readline().startswith(b"220 ")
    for text, awaited in TYPED:
        program.stdin.write(text.encode() + b"\n")
        program.stdin.flush()
        assert any(line.startswith(awaited) for line in iter(program.stdout.readline, b""))

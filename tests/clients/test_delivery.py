"""What real clients deliver is recorded as they sent it, octet for octet."""

from __future__ import annotations

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.drivers import CLIENTS, Client, delivery_to

HEADER = b"""\
From: Ann <from@example.org>\r
To: to@example.org\r
Date: Wed, 25 Nov 2026 10:00:00 +0000\r
Message-ID: <1@client.example.org>\r
Subject: A test\r
MIME-Version: 1.0\r
"""

CONTENTS = {
    # With dots that a client must double, and lines like the end (RFC 5321 section 4.5.2).
    "plain": HEADER
    + b"""\
Content-Type: text/plain; charset=us-ascii\r
\r
The next lines begin with dots:\r
.\r
..\r
.QUIT\r
\r
From here on there is only white space: \t\r
\r
\r
""",
    "multipart": HEADER
    + b"""\
Content-Type: multipart/mixed; boundary=boundary\r
\r
This preamble is part of the content.\r
--boundary\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe =\r
from afar\r
--boundary\r
Content-Type: application/octet-stream; name=data.bin\r
Content-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename=data.bin\r
\r
AAECAwQFBgcICQ==\r
--boundary--\r
""",
    # Octets 128 to 255, of which many are neither UTF-8 nor text.
    "8-bit": HEADER
    + b"""\
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: 8bit\r
\r
"""
    + bytes(range(128, 256))
    + b"\r\n",
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_delivers_and_the_record_is_what_it_sent(client: Client, kind: str) -> None:
    if reason := client.missing():
        pytest.skip(reason)
    with SMTPServer() as server:
        delivery = delivery_to(server, content=CONTENTS[kind])
        client.deliver(delivery)
        message = server.wait_for_message()
        session = server.wait_for_session()
    assert message.content == delivery.content
    assert message.envelope.mail_from == delivery.sender
    assert message.envelope.rcpt_to == delivery.recipients
    assert message.envelope.parameters == client.parameters(delivery)
    assert message.envelope.rcpt_parameters == ({}, {})
    assert session.helo == delivery.helo
    assert session.ended_by == ("quit" if client.says_quit else "client")

"""Exim delivers to the server as to any other: in chunks, together with the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from tests.clients.drivers import Delivery, delivery_to
from tests.clients.exim import MECHANISMS, deliver_with_exim, missing_exim

if TYPE_CHECKING:
    from pytest_smtpserver import Session
    from pytest_smtpserver.settings.keywords import TLS

TIMEOUT = 60
CONTENT = b"From: from@example.org\r\nSubject: hello\r\n\r\nworld\r\n.\r\n"
USERNAME, SECRET = "ann@example.org", "p+ss/w:rd=?'&%^"

REASON = missing_exim()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def delivery(
    server: SMTPServer, mechanism: str | None = None, content: bytes = CONTENT
) -> Delivery:
    return delivery_to(
        server, content=content, mechanism=mechanism, username=USERNAME, secret=SECRET
    )


def the_session(server: SMTPServer) -> Session:
    server.wait_closed(TIMEOUT)
    (session,) = server.sessions
    assert session.violations == ()
    assert session.ended_by == "quit"
    return session


def verbs(session: Session) -> list[str]:
    return [exchange.verb for exchange in session.exchanges]


def test_exim_sends_the_content_in_chunks() -> None:
    with SMTPServer(strict=True) as server:
        deliver_with_exim(delivery(server))
        message = server.wait_for_message(timeout=TIMEOUT)
        session = the_session(server)
    assert verbs(session) == ["", "EHLO", "MAIL", "RCPT", "RCPT", "BDAT", "QUIT"]
    assert message.content.endswith(b"\r\n\r\nworld\r\n.\r\n")
    assert message.envelope.rcpt_to == ("one@example.org", "two@example.org")


def test_exim_sends_20_megabytes_as_header_and_the_rest() -> None:
    lines = b"".join(b".%075d\r\n" % number for number in range(270_000))
    with SMTPServer(strict=True) as server:
        deliver_with_exim(delivery(server, content=CONTENT + lines))
        message = server.wait_for_message(timeout=TIMEOUT)
        session = the_session(server)
    assert message.content.endswith(lines)
    assert verbs(session).count("BDAT") == 2


def test_exim_uses_data_where_chunks_are_not_offered() -> None:
    with SMTPServer(strict=True, extensions=["-CHUNKING"]) as server:
        deliver_with_exim(delivery(server))
        message = server.wait_for_message(timeout=TIMEOUT)
        session = the_session(server)
    assert verbs(session) == ["", "EHLO", "MAIL", "RCPT", "RCPT", "DATA", ".", "QUIT"]
    assert message.content.endswith(b"\r\n\r\nworld\r\n.\r\n")


def test_exim_speaks_lmtp() -> None:
    with SMTPServer(protocol="lmtp", strict=True) as server:
        deliver_with_exim(delivery(server), protocol="lmtp")
        server.wait_for_message(timeout=TIMEOUT)
        session = the_session(server)
    assert verbs(session)[1] == "LHLO"


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("tls", ["starttls", "implicit", "off"])
def test_exim_logs_in(tls: TLS, mechanism: str) -> None:
    users = {USERNAME: SECRET}
    with SMTPServer(
        tls=tls, auth="required", users=users, mechanisms=[mechanism], strict=True
    ) as server:
        deliver_with_exim(delivery(server, mechanism))
        server.wait_for_message(timeout=TIMEOUT, username=USERNAME)
        session = the_session(server)
    session.assert_authenticated(USERNAME, mechanism=mechanism)
    assert (session.tls is not None) == (tls != "off")


def test_exim_keeps_a_deferred_message() -> None:
    with SMTPServer(strict=True) as server:
        server.greylist()
        with pytest.raises(AssertionError, match="451"):
            deliver_with_exim(delivery(server))
        session = the_session(server)
    assert session.transactions[0].outcome == "rejected"


def test_exim_keeps_a_message_if_it_got_no_reply() -> None:
    with SMTPServer(strict=True) as server:
        rule = server.on("message").accept(reply=False)
        with pytest.raises(AssertionError, match=r"timed out|lost|closed"):
            deliver_with_exim(delivery(server), final_timeout="1s")
        server.wait_closed(TIMEOUT)
        assert len(rule.hits) == len(server.messages) == 1

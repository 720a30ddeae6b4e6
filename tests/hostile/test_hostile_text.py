"""Nothing that we print contains escape sequences or direction marks from a client.

Escape sequences control the terminal, and direction marks reverse the text around them. Records
keep what a client sent as it is; `repr`, failure texts and transcripts escape it.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import SMTPServer
from tests.rawclient import TIMEOUT, ask, greeted, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver import Message

# ESC, CSI (C1), BEL, marks of direction, and what ends a line for Python alone.
CONTROLS = "\x1b[31m\x9b2J\x07\x85"
TURNS = "\u202e\u2066\u200f\u2028"
HOSTILE = CONTROLS + TURNS


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CONTENT = f"""\
From: =?utf-8?b?{encoded("Ann" + HOSTILE)}?= <ann@x.example>
To: {HOSTILE}evil@x.example
Cc: "{HOSTILE}" <c@x.example>
Reply-To: r{HOSTILE}@x.example
Subject: =?utf-8?b?{encoded("Hi " + HOSTILE)}?=
X-Field: {HOSTILE}
Message-ID: <{HOSTILE}@x.example>
List-Unsubscribe: <https://x.example/{HOSTILE}>, <https://x.example/{HOSTILE}2>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=q

--q
Content-Type: text/plain; charset=utf-8

number {HOSTILE} 123456 https://x.example/{HOSTILE}?a 654321
--q
Content-Type: text/html; charset=utf-8

<p>{HOSTILE}<a href='https://y.example/{HOSTILE}'>{HOSTILE}link</a>
--q
Content-Type: application/x-{HOSTILE}; name="{HOSTILE}"
Content-Disposition: attachment; filename="{HOSTILE}.pdf"
Content-ID: <{HOSTILE}>

{HOSTILE}
--q
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''%1b%5b31m%e2%80%ae.pdf

x
--q--
.
"""

COMMANDS = f"""\
EHLO {HOSTILE}
EHLO client.example
NOOP {HOSTILE}
NOOP {TURNS}
F{HOSTILE}
VRFY {TURNS}
AUTH PLAIN {encoded(chr(0) + HOSTILE + chr(0) + HOSTILE)}
AUTH {HOSTILE}
RSET
MAIL FROM:<a{HOSTILE}@x.example>
MAIL FROM:<a@x.example> SMTPUTF8 X={TURNS}
MAIL FROM:<q\u202e@x.example> SMTPUTF8
RSET
MAIL FROM:<a@x.example> SMTPUTF8
RCPT TO:<b{HOSTILE}@x.example>
RCPT TO:<"b\u202e\u2066"@x.example>
RCPT TO:<b\u202e@x.example>
RCPT TO:<b@x.example>
DATA"""


@pytest.fixture(scope="module")
def server() -> Iterator[SMTPServer]:
    """A server to which a hostile client has sent a hostile mail, and had others refused."""
    with SMTPServer(auth="optional", users={"ann": "secret"}, wait_timeout=0) as server:
        with greeted(server) as client:
            for line in COMMANDS.split("\n"):
                ask(client, line)
            client.sendall(CONTENT.replace("\n", "\r\n").encode())
            said(client)
        server.wait_for_session(timeout=TIMEOUT)
        yield server


@pytest.fixture
def mail(server: SMTPServer) -> Message:
    return server.wait_for_message()


def hidden(text: str) -> set[str]:
    return {one for one in text if not one.isprintable() and one != "\n"}


def reprs(of: object, seen: set[int], path: str) -> Iterator[tuple[str, str]]:
    """Yield the `repr` of a value of ours, and of all that its attributes lead to."""
    if id(of) in seen or not type(of).__module__.startswith("pytest_smtpserver"):
        return
    seen.add(id(of))
    yield path, repr(of)
    yield path, str(of)
    for name in (name for name in dir(type(of)) if not name.startswith("_")):
        value = getattr(of, name)
        for one in value if isinstance(value, tuple) else (value,):
            yield from reprs(one, seen, f"{path}.{name}")


def test_octets_of_the_client_are_kept_as_they_are(mail: Message) -> None:
    assert mail.subject == f"Hi {HOSTILE}"
    assert mail.envelope.rcpt_to[1] == "b\u202e@x.example"
    assert mail.attachments[0].filename == f"{HOSTILE}.pdf"


def test_no_repr_of_a_record_has_it(server: SMTPServer) -> None:
    records = (*server.messages, *server.transactions, *server.sessions)
    seen: set[int] = set()
    texts = [text for record in records for text in reprs(record, seen, type(record).__name__)]
    attributes = {path.rpartition(".")[2] for path, _ in texts}
    assert attributes >= {"attachments", "envelope", "exchanges", "links", "problems", "violations"}
    assert [found for found in texts if hidden(found[1])] == []


def test_no_problem_violation_or_defect_has_it(server: SMTPServer, mail: Message) -> None:
    violations = [violation.text for violation in server.sessions[0].violations]
    texts = [*violations, *(problem.text for problem in mail.problems), *mail.defects]
    assert len(texts) > 10
    assert [text for text in texts if hidden(text)] == []


def test_no_transcript_or_snapshot_has_it(server: SMTPServer, mail: Message) -> None:
    texts = [server.transcript, mail.session.transcript, mail.session.dialogue(), str(mail)]
    assert [hidden(text) for text in texts] == [set()] * len(texts)


WAITS: dict[str, Callable[[SMTPServer], object]] = {
    "none expected": lambda server: server.assert_no_message(),
    "two expected": lambda server: server.wait_for_messages(2),
    "transaction": lambda server: server.wait_for_transaction(mail_from="x"),
    "refused": lambda server: server.wait_for_transaction(outcome="rejected", rcpt_to="x"),
    "session": lambda server: server.wait_for_session(helo="x"),
    "index of a message": lambda server: server.messages[9],
    "index of a transaction": lambda server: server.transactions[9],
    "header": lambda server: server.wait_for_message(header={"X-Field": "x"}),
    "message id": lambda server: server.wait_for_message(header={"Message-ID": "x"}),
}
KEYWORDS = (
    "mail_from", "rcpt_to", "from_", "to", "cc", "reply_to", "subject", "text", "html", "body",
    "attachment", "username",
)  # fmt: skip
EXPECTED = ("nowhere", f"nowhere{HOSTILE}", re.compile("nowhere"), lambda _: False)


@pytest.mark.parametrize("name", WAITS)
def test_no_failing_wait_shows_it(server: SMTPServer, name: str) -> None:
    with pytest.raises((AssertionError, IndexError)) as failure:
        WAITS[name](server)
    assert hidden(str(failure.value)) == set()


@pytest.mark.parametrize("line", [f"F{HOSTILE} x", f"{HOSTILE}", f"MAIL{TURNS} FROM:<a@x.example>"])
def test_no_cause_or_unused_rule_shows_what_came_as_a_command(line: str) -> None:
    with SMTPServer(wait_timeout=0, strict=True) as server:
        server.on("*", where=lambda _: False).reply(550)
        with greeted(server) as client:
            ask(client, line)
            with pytest.raises(AssertionError, match="refused") as waited:
                server.wait_for_message()
        server.wait_closed(timeout=TIMEOUT)
        with pytest.raises(AssertionError) as checked:
            server.check()
        server.reset()
    for text in (str(waited.value), str(checked.value), *checked.value.__notes__):
        assert hidden(text) == set()


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_no_criterion_shows_it(server: SMTPServer, mail: Message, keyword: str) -> None:
    for expected in EXPECTED:
        criteria: Any = {keyword: expected}
        with pytest.raises(AssertionError) as failure:
            server.wait_for_message(**criteria)
        assert hidden(str(failure.value)) == set()
        with pytest.raises(AssertionError) as failure:
            mail.assert_matches(**criteria)
        assert hidden(str(failure.value)) == set()


ASSERTIONS: dict[str, Callable[[Message], object]] = {
    "link": lambda mail: mail.link(),
    "link with": lambda mail: mail.link("nowhere"),
    "code": lambda mail: mail.code(),
    "code like": lambda mail: mail.code("nowhere"),
    "attachment": lambda mail: mail.attachment(),
    "attachment named": lambda mail: mail.attachment("nowhere"),
    "envelope": lambda mail: mail.assert_envelope(rcpt_to="x"),
    "header": lambda mail: mail.assert_header("X-Field", "x"),
    "header absent": lambda mail: mail.assert_header("Subject", None),
    "body": lambda mail: mail.assert_body("nowhere"),
    "problems": lambda mail: mail.assert_no_problems(),
    "links": lambda mail: mail.assert_links(lambda _: 500),
    "unsubscribe": lambda mail: mail.unsubscribe_link(one_click=True),
    "violations": lambda mail: mail.session.assert_no_violations(),
    "login": lambda mail: mail.session.assert_authenticated("x"),
    "dkim": lambda mail: mail.assert_dkim(key=""),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_no_failing_assertion_shows_it(mail: Message, name: str) -> None:
    with pytest.raises((AssertionError, ValueError)) as failure:
        ASSERTIONS[name](mail)
    assert hidden(str(failure.value)) == set()

"""An argument of a wrong type is named, with what is allowed; Python's own error would not."""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import SMTPServer
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver import Message

    #: The calls are wrong on purpose, so they are not checked.
    Call = Callable[[Any], object]

MASK = "a compiled pattern of str or the name of a header field, or several"


@pytest.fixture(scope="module")
def message() -> Iterator[Message]:
    with SMTPServer() as server:
        with smtplib.SMTP(*server.addr, "client.example") as client:
            client.sendmail("a@x.test", "b@x.test", "Subject: hello\r\n\r\nhttp://x.test/\r\n")
        yield server.messages[0]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda message: message[5], "name=5: must be a str"),
        (lambda message: message[None], "name=None: must be a str"),
        (lambda message: message.assert_header(["To"]), "name=['To']: must be a str"),
        (lambda message: message.save(None), "path=None: must be a str or a path"),
        (lambda message: message.save(b"x.eml"), "path=b'x.eml': must be a str or a path"),
        (lambda message: message.snapshot(mask=None), "mask=None: must be " + MASK),
        (lambda message: message.snapshot(mask=b"Date"), "mask=b'Date': must be " + MASK),
        (
            lambda message: message.assert_no_problems(ignore=None),
            "ignore=None: must be the code of a problem, or several",
        ),
        (
            lambda message: message.assert_no_problems(ignore=["bcc-header", 5]),
            "ignore has 5: must be the code of a problem",
        ),
        (
            lambda message: message.assert_links(print, ignore=3),
            "ignore=3: must be a str or a compiled pattern, or several",
        ),
        (lambda message: message.assert_dkim(3, key="x"), "domain=3: must be a str"),
        (lambda message: message.assert_dkim(None, b"s", key="x"), "selector=b's': must be a str"),
    ],
)
def test_of_a_message(message: Message, call: Call, sentence: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        call(message)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda session: session.assert_no_violations(ignore=3),
            "ignore=3: must be the code of a violation, or several",
        ),
        (
            lambda session: session.assert_authenticated("ann", mechanism=3),
            "mechanism=3: must be a str",
        ),
    ],
)
def test_of_a_session(message: Message, call: Call, sentence: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        call(present(message.session))


@pytest.mark.parametrize("last", [None, 0, -1, 1.5, True, "3"])
def test_of_the_end_of_a_transcript(message: Message, last: Any) -> None:
    with pytest.raises(ValueError, match=f"^last={re.escape(repr(last))}: must be a whole number"):
        present(message.session).transcript_end(last)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda server: server.env(None), "prefix=None: must be a str"),
        (lambda server: server.ca.client_certificate(3), "name=3: must be a str"),
        (lambda server: server.on("mail").reply("250 ok", []), "a text and enhanced= go with"),
        (lambda server: server.on("mail").reply("250 ok", enhanced=""), "a text and enhanced= go"),
    ],
)
def test_of_a_server(smtpserver: SMTPServer, call: Call, sentence: str) -> None:
    with pytest.raises(TypeError, match=re.escape(sentence)):
        call(smtpserver)

"""What a bare `assert` says about our records."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import Reply, SMTPServer
from pytest_smtpserver.plugin.comparing import explain

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[SMTPServer]:
    """A server that has received two messages, each with a refused recipient."""
    with SMTPServer() as server, smtplib.SMTP(*server.addr, "client.example") as client:
        server.refuse("550 5.1.1 no such user", rcpt_to="bob@x.example")
        for name in ("ann", "eve"):
            content = f"Subject: Hi {name}\r\n\r\nHello\r\n".encode()
            client.sendmail("a@x.example", [f"{name}@x.example", "bob@x.example"], content)
        yield server


def test_unexpected_records_are_listed(server: SMTPServer) -> None:
    assert explain(server.messages, ()) == [
        "2 messages == ()",
        "2 messages:",
        "  1. <Message 'Hi ann': a@x.example -> ann@x.example>",
        "  2. <Message 'Hi eve': a@x.example -> eve@x.example>",
    ]


def test_the_last_of_many_records_are_listed(server: SMTPServer) -> None:
    lines = explain((), server.messages * 50)
    assert lines is not None
    assert lines[:3] == ["() == 100 messages", "100 messages:", "  ... 94 more before"]
    assert len(lines) == 9


def test_comparing_two_messages_shows_the_fields_that_differ(server: SMTPServer) -> None:
    one, other = map(repr, server.messages)
    assert explain(*server.messages) == [
        f"{one} == {other}",
        "a Message only equals itself: use message.assert_matches(...), or compare fields",
        "subject: 'Hi ann' != 'Hi eve'",
        r"content: b'Subject: Hi ann\r\n\r\nHello\r\n' != b'Subject: Hi eve\r\n\r\nHello\r\n'",
        "rcpt_to: ('ann@x.example',) != ('eve@x.example',)",
    ]


def test_comparing_a_message_with_a_text_says_what_to_use_instead(server: SMTPServer) -> None:
    said = explain(server.messages[0], "Hi ann")
    assert said is not None
    assert said[1:] == [
        "a Message only equals itself: use message.assert_matches(...), or compare fields"
    ]


def test_comparing_an_envelope_says_what_was_meant(server: SMTPServer) -> None:
    assert explain(server.messages[0].envelope, ("a@x.example", ["ann@x.example"])) == [
        "<Envelope a@x.example -> ann@x.example> == ('a@x.example', ['ann@x.example'])",
        "an Envelope only equals itself: use message.assert_envelope(...), or compare fields",
    ]


def test_comparing_a_reply_says_what_it_can_be_compared_with() -> None:
    assert explain("550 no", Reply(550, "no")) == [
        "'550 no' == Reply(code=550, text='no', enhanced=None)",
        "a Reply only equals a Reply: compare str(reply), reply.code or Reply.parse(...)",
    ]
    lines = explain(Reply(550, "no"), Reply(450, "no", "4.0.0"))
    assert lines is not None
    assert lines[1:] == ["code: 550 != 450", "enhanced: None != '4.0.0'"]


def test_transactions_and_sessions_are_said_to_be_snapshots(server: SMTPServer) -> None:
    for lines in (explain(*server.transactions), explain(server.sessions[0], 1)):
        assert lines is not None
        assert "is a snapshot and only equals itself" in lines[1]


def test_a_tuple_of_addresses_is_said_not_to_be_a_list() -> None:
    assert explain(("ann@x.example",), ["ann@x.example"]) == [
        "('ann@x.example',) == ['ann@x.example']",
        "a tuple is never equal to a list: compare with ('ann@x.example',)",
    ]
    assert explain(["a", "b"], ("a", "b")) is not None
    assert explain(("a",), ["b"]) is None


def test_nothing_is_said_about_other_values() -> None:
    assert explain([1], (2,)) is None
    assert explain((), []) is None


def test_pytest_shows_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import smtplib

        def test_none(smtpserver):
            with smtplib.SMTP(*smtpserver.addr) as client:
                client.sendmail("a@x.example", "b@x.example", "Subject: Hi")
            assert smtpserver.messages == ()
        """
    )
    result = pytester.runpytest_subprocess()
    result.stdout.fnmatch_lines(
        [
            "E *assert 1 message == ()",
            "E *1 message:",
            "E *1. <Message 'Hi': a@x.example -> b@x.example>",
        ]
    )


class Touchy:
    """A value of a test, whose methods must not be called by anybody else."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("it is ambiguous")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise ValueError("it is ambiguous")


class TouchyTuple(tuple[object, ...]):
    __slots__ = ()

    def __iter__(self) -> Iterator[object]:
        raise ValueError("it is not to be iterated over")

    def __len__(self) -> int:
        raise ValueError("it has no length")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((Touchy(),), [Touchy()]),
        (TouchyTuple("a"), ["a"]),
        (Touchy(), Touchy()),
        (TouchyTuple("a"), TouchyTuple("b")),
    ],
)
def test_nothing_of_other_values_is_called(left: object, right: object) -> None:
    assert explain(left, right) is None
    assert explain(right, left) is None


def test_a_record_that_equals_itself_is_not_explained(server: SMTPServer) -> None:
    message = server.messages[0]
    assert explain(message, message) is None
    assert explain(server.messages, server.messages) is None

"""The messages as pytest-localserver gives them."""

from __future__ import annotations

import copy
import pickle
import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    """A server that has received the messages 0, 1 and 2."""
    with SMTPServer() as server, smtplib.SMTP(*server.addr, "client.example") as client:
        for number in range(3):
            content = f"Subject: {number}\r\n\r\nHello\r\n".encode()
            client.sendmail("a@x.example", ["b@x.example", "c@x.example"], content,
                            rcpt_options=["NOTIFY=NEVER"])  # fmt: skip
        yield server


def subjects(server: SMTPServer) -> list[str]:
    return [message.subject for message in server.messages]


def test_it_is_a_list_of_messages_with_their_envelopes(server: SMTPServer) -> None:
    outbox = server.outbox
    assert isinstance(outbox, list)
    assert all(isinstance(email, EmailMessage) for email in outbox)
    assert [email["Subject"] for email in outbox] == ["0", "1", "2"]
    details = outbox[0].details
    assert details.peer == server.sessions[0].client
    assert details.mailfrom == "a@x.example"
    assert details.rcpttos == ["b@x.example", "c@x.example"]
    assert details.mail_options == ["SIZE=21"]
    assert details.rcpt_options == ["NOTIFY=NEVER", "NOTIFY=NEVER"]


def test_a_message_is_the_same_object_each_time(server: SMTPServer) -> None:
    assert server.outbox[0] is server.outbox[0] is server.messages[0].email


def test_deleted_messages_are_forgotten(server: SMTPServer) -> None:
    del server.outbox[1]
    assert subjects(server) == ["0", "2"]
    assert len(server.transactions) == 3


def test_the_other_ways_of_deleting_forget_too(server: SMTPServer) -> None:
    assert server.outbox.pop()["Subject"] == "2"
    assert subjects(server) == ["0", "1"]
    server.outbox.remove(server.outbox[0])
    assert subjects(server) == ["1"]
    server.outbox.clear()
    assert subjects(server) == []


def test_slices_can_be_deleted_and_replaced(server: SMTPServer) -> None:
    outbox = server.outbox
    del outbox[:1]
    assert (subjects(server), len(outbox)) == (["1", "2"], 2)
    outbox[:] = []
    assert (subjects(server), outbox) == ([], [])


def test_a_server_says_whether_it_accepts_clients_in_the_words_of_localserver() -> None:
    server = SMTPServer()
    before = server.accepting, server.is_alive()
    with server:
        meanwhile = server.accepting, server.is_alive()
    assert (before, meanwhile) == ((False, False), (True, True))
    assert (server.accepting, server.is_alive()) == (False, False)


def test_sorting_it_forgets_nothing(server: SMTPServer) -> None:
    server.outbox.sort(key=lambda email: email["Subject"], reverse=True)
    assert subjects(server) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "made", [copy.copy, copy.deepcopy, lambda outbox: pickle.loads(pickle.dumps(outbox))]
)
def test_a_copy_is_an_ordinary_list(
    server: SMTPServer, made: Callable[[object], list[EmailMessage]]
) -> None:
    copied = made(server.outbox)
    server.clear()
    assert type(copied) is list
    assert [email["Subject"] for email in copied] == ["0", "1", "2"]


def test_a_list_that_was_kept_shows_what_is_there_now() -> None:
    with SMTPServer() as server, smtplib.SMTP(*server.addr, "client.example") as client:
        outbox = server.outbox
        assert outbox == []
        assert not outbox
        for number in range(2):
            client.sendmail("a@x.example", "b@x.example", f"Subject: {number}\r\n\r\nHi\r\n")
        assert len(outbox) == 2
        assert [email["Subject"] for email in outbox] == ["0", "1"]
        assert list(outbox) == sorted(outbox, key=lambda email: email["Subject"])
        assert outbox[-1] in outbox
        del outbox[0]
        assert [email["Subject"] for email in outbox[:]] == ["1"]
        server.clear()
        assert outbox == []
        client.sendmail("a@x.example", "b@x.example", "Subject: 2\r\n\r\nHi\r\n")
        assert outbox.pop()["Subject"] == "2"
        assert server.messages == ()


def test_what_is_deleted_stays_so_if_mail_arrives_meanwhile(
    server: SMTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = server.outbox
    forget_others = type(outbox)._forget_others

    def arrive_before(self: object, before: object) -> None:
        monkeypatch.undo()
        with smtplib.SMTP(*server.addr, "client.example") as client:
            client.sendmail("a@x.example", ["b@x.example"], b"Subject: 3\r\n\r\nHello\r\n")
        forget_others(self, before)  # type: ignore[arg-type]

    monkeypatch.setattr(type(outbox), "_forget_others", arrive_before)
    del outbox[0]
    assert subjects(server) == ["1", "2", "3"]

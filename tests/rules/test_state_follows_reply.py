"""What a command has changed follows what was really sent: each class of reply at each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.recording.recorder import Recorder
from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from typing import Unpack

    from pytest_smtpserver import Command, ServerSettings
    from tests.conversation import Making, Rules

EHLO = "EHLO client.test"
MAIL = "MAIL FROM:<ann@example.org>"
BOB = "RCPT TO:<bob@example.org>"
CAT = "RCPT TO:<cat@example.org>"

#: The first lines of a mail up to a stage; what comes last is what the rule answers.
UP_TO = {
    "ehlo": [EHLO],
    "mail": [EHLO, MAIL],
    "rcpt": [EHLO, MAIL, BOB],
    "data": [EHLO, MAIL, BOB, "DATA"],
    "message": [EHLO, MAIL, BOB, "DATA", "text", "."],
    "bdat": [EHLO, MAIL, BOB, "BDAT 6", "text"],
    "quit": [EHLO, "QUIT"],
}


def answered(
    stage: str,
    reply: str | None,
    *more: str,
    lines: list[str] | None = None,
    **settings: Unpack[ServerSettings],
) -> Conversation:
    """Return a conversation in which a rule has answered once at a stage; `None`: with nothing."""

    def rules(book: Rules) -> None:
        rule = book.on(stage).times(1)
        if reply is None:
            # Not a complete reply, but the session goes on.
            rule.send(b"?")
        else:
            rule.reply(reply)

    conversation = Conversation(rules=rules, **settings)
    conversation.lines(*(UP_TO[stage] if lines is None else lines), *more)
    return conversation


REFUSALS = ["450 later", "550 no"]
REFUSED_OR_SILENT = [*REFUSALS, None]


@pytest.mark.parametrize("reply", ["220 hello", "200 hello", None])
def test_a_client_that_was_not_refused_can_go_on(reply: str | None) -> None:
    assert answered("connect", reply, lines=[]).codes(EHLO) == [250]


@pytest.mark.parametrize("reply", ["450 later", "554 no"])
def test_a_client_refused_by_the_greeting_can_only_quit(reply: str | None) -> None:
    conversation = answered("connect", reply, lines=[])
    assert conversation.codes(EHLO, "NOOP") == [503, 503]
    assert conversation.codes("QUIT") == [221]
    assert conversation.session.ended_by == "quit"


@pytest.mark.parametrize("stage", ["ehlo", "mail", "rcpt", "data", "message", "bdat", "quit"])
def test_a_421_closes_at_each_stage(stage: str) -> None:
    conversation = answered(stage, "421 closing")
    assert conversation.is_closed
    assert conversation.session.ended_by == "server"
    assert present(conversation.session.exchanges[-1].reply).code == 421


def test_a_421_greeting_closes() -> None:
    conversation = answered("connect", "421 closing", lines=[])
    assert conversation.is_closed
    assert conversation.session.ended_by == "server"


@pytest.mark.parametrize("reply", REFUSED_OR_SILENT)
def test_a_client_without_a_successful_ehlo_cannot_send_mail(reply: str | None) -> None:
    conversation = answered("ehlo", reply)
    assert conversation.session.helo is None
    assert conversation.codes(MAIL) == [503]


def test_any_completion_of_ehlo_introduces() -> None:
    assert answered("ehlo", "220 hello").codes(MAIL) == [250]


def test_a_refused_ehlo_resets_nothing() -> None:
    conversation = Conversation(rules=lambda book: book.on("ehlo").after(1).reply("550 no"))
    conversation.lines(EHLO, MAIL, BOB, EHLO)
    assert conversation.codes("DATA") == [354]


def test_a_helo_is_accepted_after_a_refused_ehlo() -> None:
    conversation = answered("ehlo", "502 no")
    assert conversation.codes("HELO client.test", MAIL) == [250, 250]
    assert not conversation.session.is_esmtp


@pytest.mark.parametrize("reply", [*REFUSALS, "354 what"])
def test_a_refused_mail_leaves_no_transaction_open_and_is_recorded(reply: str | None) -> None:
    conversation = answered("mail", reply)
    assert conversation.transaction.outcome == "rejected"
    assert str(conversation.transaction.reply) == reply
    assert conversation.codes(BOB) == [503]
    assert conversation.codes(MAIL) == [250]


def test_a_mail_without_any_reply_leaves_no_transaction_open_and_was_aborted() -> None:
    conversation = answered("mail", None)
    assert conversation.transaction.outcome == "aborted"
    assert conversation.transaction.reply is None
    assert conversation.codes(BOB) == [503]


def test_any_completion_of_mail_begins_a_transaction() -> None:
    assert answered("mail", "251 fine").codes(BOB) == [250]


@pytest.mark.parametrize("reply", REFUSALS)
def test_a_refused_recipient_is_not_a_recipient_and_is_recorded(reply: str | None) -> None:
    conversation = answered("rcpt", reply)
    assert conversation.transaction.envelope.rcpt_to == ()
    [(address, said)] = conversation.transaction.refused
    assert (address, str(said)) == ("bob@example.org", reply)
    assert conversation.codes("DATA") == [503]
    assert conversation.codes(CAT, "DATA") == [250, 354]


def test_a_recipient_without_any_reply_is_neither_accepted_nor_refused() -> None:
    conversation = answered("rcpt", None)
    assert conversation.transaction.envelope.rcpt_to == ()
    assert conversation.transaction.refused == ()
    assert conversation.transaction.outcome is None


def test_any_completion_of_rcpt_accepts_the_recipient() -> None:
    conversation = answered("rcpt", "251 will forward")
    assert conversation.transaction.envelope.rcpt_to == ("bob@example.org",)


@pytest.mark.parametrize("reply", [*REFUSALS, "421 closing"])
def test_a_transaction_whose_every_recipient_was_refused_is_rejected(reply: str | None) -> None:
    conversation = answered("rcpt", reply, "RSET")
    assert conversation.transaction.outcome == "rejected"


def test_a_transaction_with_an_accepted_recipient_that_ends_with_421_is_aborted() -> None:
    conversation = Conversation(rules=lambda book: book.on("rcpt").after(1).reply("421 closing"))
    conversation.lines(EHLO, MAIL, BOB, CAT)
    assert conversation.transaction.outcome == "aborted"
    assert len(conversation.transaction.refused) == 1


@pytest.mark.parametrize("reply", [*REFUSALS, "421 closing"])
def test_refused_data_rejects_whatever_the_client_does_next(reply: str | None) -> None:
    conversation = answered("data", reply)
    conversation.eof()
    assert conversation.transaction.outcome == "rejected"
    assert str(conversation.transaction.reply) == reply


@pytest.mark.parametrize("reply", [*REFUSED_OR_SILENT, "250 what"])
def test_without_354_no_content_is_expected(reply: str | None) -> None:
    conversation = answered("data", reply)
    assert conversation.codes("NOOP") == [250]


def test_data_that_was_refused_can_be_tried_again() -> None:
    conversation = answered("data", "451 later")
    assert conversation.codes("DATA", "text", ".") == [354, 250]
    assert conversation.transaction.outcome == "accepted"


@pytest.mark.parametrize("reply", [None, "250 what"])
def test_data_that_was_neither_refused_nor_accepted_is_aborted_when_the_client_leaves(
    reply: str | None,
) -> None:
    conversation = answered("data", reply)
    conversation.eof()
    assert conversation.transaction.outcome == "aborted"


def test_a_354_followed_by_a_close_aborts() -> None:
    conversation = Conversation(rules=lambda book: book.on("data").accept().disconnect())
    assert conversation.codes(*UP_TO["data"])[-1] == 354
    assert conversation.is_closed
    assert conversation.transaction.outcome == "aborted"


@pytest.mark.parametrize("reply", [*REFUSALS, "421 closing"])
def test_refused_content_is_kept_and_is_not_a_message(reply: str | None) -> None:
    conversation = answered("message", reply)
    assert conversation.transaction.outcome == "rejected"
    assert present(conversation.transaction.message).content == b"text\r\n"
    assert conversation.messages == ()


@pytest.mark.parametrize("reply", ["354 what", None])
def test_content_that_was_neither_refused_nor_accepted_aborts(reply: str | None) -> None:
    conversation = answered("message", reply)
    assert conversation.transaction.outcome == "aborted"
    assert conversation.messages == ()
    assert conversation.codes(MAIL) == [250]


def test_a_recipient_refused_before_does_not_make_unanswered_chunks_a_refusal() -> None:
    def rules(book: Rules) -> None:
        book.on("rcpt", rcpt_to="cat@example.org").reply("550 no")
        book.on("message").ignore()

    conversation = Conversation(rules=rules)
    conversation.lines(EHLO, MAIL, BOB, CAT, "BDAT 6 LAST", "text")
    assert conversation.transaction.outcome == "aborted"


def test_any_completion_accepts_the_content() -> None:
    conversation = answered("message", "252 perhaps")
    assert conversation.transaction.outcome == "accepted"
    assert len(conversation.messages) == 1


def test_content_accepted_without_reply_is_a_message() -> None:
    conversation = Conversation(rules=lambda book: book.on("message").accept(reply=False))
    assert conversation.codes(*UP_TO["message"])[-1] == 354
    assert conversation.transaction.outcome == "accepted"
    assert len(conversation.messages) == 1


@pytest.mark.parametrize("end", ["disconnect", "reset"])
def test_content_without_reply_aborts_when_the_connection_is_cut(end: str) -> None:
    conversation = Conversation(rules=lambda book: getattr(book.on("message"), end)())
    conversation.lines(*UP_TO["message"])
    assert conversation.is_closed
    assert conversation.transaction.outcome == "aborted"
    assert present(conversation.transaction.message).content == b"text\r\n"


@pytest.mark.parametrize("reply", REFUSALS)
def test_a_refused_chunk_rejects(reply: str | None) -> None:
    conversation = answered("bdat", reply)
    assert conversation.transaction.outcome == "rejected"
    assert conversation.codes("BDAT 6 LAST", "text") == [503]


def test_a_chunk_without_any_reply_aborts() -> None:
    assert answered("bdat", None).transaction.outcome == "aborted"


def test_a_chunk_that_was_accepted_by_a_rule_belongs_to_the_message() -> None:
    conversation = answered("bdat", "250 fine", "BDAT 6 LAST", "more")
    assert conversation.messages[0].content == b"text\r\nmore\r\n"


def lmtp(rules: Making) -> Conversation:
    conversation = Conversation(rules=rules, protocol="lmtp")
    conversation.lines("LHLO client.test", MAIL, BOB, CAT, "DATA", ".")
    return conversation


@pytest.mark.parametrize("recipient", ["bob@example.org", "cat@example.org"])
def test_a_message_that_one_recipient_got_is_accepted(recipient: str) -> None:
    conversation = lmtp(lambda book: book.on("message", rcpt_to=recipient).reply("452 full"))
    assert conversation.transaction.outcome == "accepted"
    assert [address for address, _ in conversation.transaction.refused] == [recipient]
    assert len(conversation.messages) == 1


def test_a_message_that_all_recipients_refused_is_rejected() -> None:
    conversation = lmtp(lambda book: book.on("message").reply("452 full"))
    assert conversation.transaction.outcome == "rejected"
    assert conversation.messages == ()


def test_a_message_that_was_refused_for_one_and_not_answered_for_another_is_aborted() -> None:
    def rules(book: Rules) -> None:
        book.on("message").ignore()
        book.on("message", rcpt_to="bob@example.org").reply("452 full")

    assert lmtp(rules).transaction.outcome == "aborted"


def test_a_message_that_one_recipient_got_before_the_end_is_accepted() -> None:
    conversation = lmtp(lambda book: book.on("message", rcpt_to="cat@example.org").disconnect())
    assert conversation.transaction.outcome == "accepted"
    assert len(conversation.messages) == 1


def test_a_recipient_without_a_transaction_is_refused_and_not_on_record() -> None:
    # The path of MAIL cannot be read, so there is no transaction, though the rule answers it.
    def answers(command: Command) -> str:
        return "550 no" if command.verb == "RCPT" else "250 fine"

    conversation = Conversation(rules=lambda book: book.on("*").reply(answers))
    assert conversation.codes(EHLO, "MAIL FROM:<", "RCPT TO:<", BOB) == [250, 250, 550, 550]
    assert conversation.recorder.transactions() == ()


def test_a_reply_that_was_said_decides_though_another_step_takes_effect() -> None:
    conversation = Conversation(
        rules=lambda book: book.on("rcpt").reply("550 no").accept(reply=False)
    )
    assert conversation.codes(EHLO, MAIL, BOB) == [250, 250, 550]
    assert conversation.transaction.envelope.rcpt_to == ()


@pytest.mark.parametrize("reply", REFUSED_OR_SILENT)
def test_a_reset_that_was_not_accepted_resets_nothing(reply: str | None) -> None:
    conversation = answered("rset", reply, lines=[EHLO, MAIL, BOB, "RSET"])
    assert conversation.transaction.outcome is None
    assert conversation.codes("DATA") == [354]


@pytest.mark.parametrize("reply", REFUSED_OR_SILENT)
def test_a_quit_that_was_not_accepted_does_not_end_the_session(reply: str | None) -> None:
    conversation = answered("quit", reply)
    assert conversation.session.ended_by is None
    assert conversation.codes("NOOP") == [250]


@pytest.mark.parametrize("reply", REFUSALS)
def test_a_client_that_leaves_after_a_refused_quit_ended_the_session(reply: str | None) -> None:
    conversation = answered("quit", reply)
    conversation.eof()
    assert conversation.session.ended_by == "client"


@pytest.mark.parametrize("reply", [*REFUSED_OR_SILENT, "354 what"])
def test_a_starttls_that_was_not_accepted_leaves_the_connection_in_clear(reply: str | None) -> None:
    conversation = answered("starttls", reply, lines=[EHLO, "STARTTLS"], tls="starttls")
    assert conversation.pause is None
    assert conversation.codes(MAIL) == [250]


def test_a_220_to_starttls_followed_by_a_close_begins_no_handshake() -> None:
    conversation = Conversation(
        rules=lambda book: book.on("starttls").accept().disconnect(), tls="starttls"
    )
    assert conversation.codes(EHLO, "STARTTLS") == [250, 220]
    assert conversation.is_closed
    assert conversation.pause is None
    assert conversation.session.tls is None


AUTH = "AUTH PLAIN AGFubgBzZWNyZXQ="


@pytest.mark.parametrize("reply", [*REFUSED_OR_SILENT, "334 what"])
def test_an_auth_that_was_not_accepted_authenticates_nobody(reply: str | None) -> None:
    conversation = answered("auth", reply, lines=[EHLO, AUTH], auth="required")
    assert conversation.session.username is None
    [attempt] = conversation.session.auth
    assert (attempt.username, attempt.succeeded) == ("ann", False)
    assert conversation.codes(MAIL) == [530]


def test_an_auth_that_was_accepted_without_reply_authenticates() -> None:
    conversation = Conversation(
        rules=lambda book: book.on("auth").accept(reply=False), auth="required"
    )
    conversation.lines(EHLO, AUTH)
    assert conversation.session.username == "ann"


def test_rules_of_one_session_leave_another_alone() -> None:
    recorder = Recorder()
    first = Conversation(recorder, rules=lambda book: book.on("mail", session=1).reply("550 no"))
    second = Conversation(recorder, rules=lambda book: setattr(book, "rules", first.rules.rules))
    assert first.codes(EHLO, MAIL) == [250, 550]
    assert second.codes(EHLO, MAIL) == [250, 250]


def test_a_record_is_made_before_its_reply_leaves() -> None:
    conversation = answered("quit", "221 bye", lines=[EHLO])
    conversation.engine.receive(b"QUIT\r\n", conversation.now)
    conversation.engine.next_action()
    assert conversation.session.ended_by == "quit"

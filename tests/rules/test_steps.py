"""Each step as text, through the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import Reply
from pytest_smtpserver.engine import Hold, Wait
from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from pytest_smtpserver import Rule
    from pytest_smtpserver.engine import EndReason
    from tests.conversation import Build, Rules

NO = "550 5.1.1 no such user"
MAIL_UP_TO_CONTENT = [
    "EHLO client.test",
    "MAIL FROM:<ann@example.org>",
    "RCPT TO:<bob@example.org>",
    "DATA",
]


def on_noop(*build: Build) -> tuple[Conversation, Rule]:
    """Return a greeted conversation with a rule on NOOP, and the rule."""
    rules = []

    def make(book: Rules) -> None:
        rule = book.on("noop")
        for step in build:
            rule = step(rule)
        rules.append(rule)

    conversation = Conversation(rules=make)
    conversation.lines("EHLO client.test")
    return conversation, rules[0]


@pytest.mark.parametrize(
    "step",
    [
        lambda rule: rule.reply(550, "no such user", enhanced="5.1.1"),
        lambda rule: rule.reply(NO),
        lambda rule: rule.reply(Reply(550, "no such user", "5.1.1")),
        lambda rule: rule.reply(lambda command: NO),
        lambda rule: rule.reply(lambda command: Reply.parse(NO)),
    ],
)
def test_a_reply_is_given_instead_of_the_servers_own_however_it_is_written(step: Build) -> None:
    conversation, rule = on_noop(step)
    assert conversation.lines("NOOP") == [NO]
    [hit] = rule.hits
    assert (hit.verb, hit.reply, hit.rule) == ("NOOP", Reply.parse(NO), rule)


def test_a_reply_without_enhanced_status_code_gets_none() -> None:
    conversation, _ = on_noop(lambda rule: rule.reply(550, "no"))
    assert conversation.lines("NOOP") == ["550 no"]


def test_a_reply_can_have_several_lines() -> None:
    conversation, _ = on_noop(lambda rule: rule.reply(250, "one\ntwo", enhanced="2.0.0"))
    assert conversation.lines("NOOP") == ["250-2.0.0 one", "250 2.0.0 two"]


def test_a_callable_that_returns_none_leaves_the_reply_to_the_server() -> None:
    conversation, rule = on_noop(lambda rule: rule.reply(lambda command: None))
    assert conversation.codes("NOOP") == [250]
    assert len(rule.hits) == 1


def test_a_callable_is_given_the_command() -> None:
    conversation, _ = on_noop(lambda rule: rule.reply(lambda command: f"250 {command.argument}"))
    assert conversation.lines("NOOP are you there") == ["250 are you there"]


def test_accept_is_the_servers_own_reply() -> None:
    conversation, rule = on_noop(lambda rule: rule.accept())
    assert conversation.codes("NOOP") == [250]
    assert present(rule.hits[0].reply).code == 250


def test_accept_without_reply_is_silent() -> None:
    conversation, rule = on_noop(lambda rule: rule.accept(reply=False))
    assert conversation.send(b"NOOP\r\n") == b""
    assert rule.hits[0].reply is None


def test_accept_without_reply_takes_effect() -> None:
    conversation = Conversation(rules=lambda book: book.on("message").accept(reply=False))
    conversation.one_by_one(*MAIL_UP_TO_CONTENT)
    assert conversation.send(b"text\r\n.\r\n") == b""
    assert [message.content for message in conversation.messages] == [b"text\r\n"]


def test_after_a_reply_that_was_withheld_nothing_is_sent_in_the_session() -> None:
    conversation = Conversation(rules=lambda book: book.on("message").accept(reply=False))
    conversation.one_by_one(*MAIL_UP_TO_CONTENT)
    # A client that pipelines would take the 221 for the reply to its mail.
    assert conversation.send(b"text\r\n.\r\nQUIT\r\n") == b""
    assert conversation.send(b"NOOP\r\n") == b""
    assert conversation.eof() == b""
    assert len(conversation.messages) == 1
    assert conversation.session.ended_by == "client"
    assert conversation.session.violations == ()


@pytest.mark.parametrize("reason", ["idle", "stop"])
def test_after_a_withheld_reply_no_last_word_is_sent_either(reason: EndReason) -> None:
    conversation = Conversation(rules=lambda book: book.on("mail").accept(reply=False))
    conversation.lines("EHLO client.test", "MAIL FROM:<ann@example.org>")
    assert conversation.end(reason) == b""
    assert conversation.transaction.outcome == "aborted"


def test_in_lmtp_a_reply_that_is_withheld_from_one_recipient_is_the_last() -> None:
    conversation = Conversation(
        rules=lambda book: book.on("message", rcpt_to="bob@example.org").accept(reply=False),
        protocol="lmtp",
    )
    conversation.lines("LHLO client.test", *MAIL_UP_TO_CONTENT[1:-1])
    conversation.lines("RCPT TO:<cat@example.org>", "DATA")
    assert conversation.send(b"text\r\n.\r\n") == b""
    assert conversation.transaction.outcome == "accepted"
    assert len(conversation.messages) == 1


def test_a_later_step_may_give_the_reply_that_was_withheld() -> None:
    conversation, _ = on_noop(lambda rule: rule.accept(reply=False).delay(1).reply("250 late"))
    assert conversation.send(b"NOOP\r\n") == b""
    assert conversation.resume() == b"250 late\r\n"
    assert conversation.codes("QUIT") == [221]


def test_a_quit_that_is_accepted_without_reply_closes() -> None:
    conversation = Conversation(rules=lambda book: book.on("quit").accept(reply=False))
    assert conversation.send(b"QUIT\r\n") == b""
    assert conversation.is_closed
    assert conversation.session.ended_by == "quit"


def test_a_delay_comes_before_what_stands_after_it() -> None:
    conversation, rule = on_noop(lambda rule: rule.delay(1.5).reply(NO))
    assert conversation.send(b"NOOP\r\n") == b""
    assert conversation.pause == Wait(1.5, rule._state.over)
    assert rule.hits == ()
    assert conversation.resume() == f"{NO}\r\n".encode()
    assert len(rule.hits) == 1


def test_a_delay_can_come_between_the_pieces_of_a_reply() -> None:
    conversation, _ = on_noop(lambda rule: rule.send(b"250 o").delay(1).send(b"k\r\n"))
    assert conversation.send(b"NOOP\r\n") == b"250 o"
    assert conversation.resume() == b"k\r\n"
    assert conversation.session.exchanges[-1].reply == Reply(250, "ok")


def test_after_a_delay_alone_the_server_answers() -> None:
    conversation, _ = on_noop(lambda rule: rule.delay(1))
    conversation.send(b"NOOP\r\n")
    assert conversation.resume().startswith(b"250 ")


def test_a_hold_says_which_command_is_held_and_lasts_until_it_is_released() -> None:
    conversation, rule = on_noop(lambda rule: rule.hold())
    assert conversation.send(b"NOOP here\r\n") == b""
    assert isinstance(conversation.pause, Hold)
    [command] = rule._state.held
    assert command.line == "NOOP here"
    told: list[str] = []
    conversation.pause.until.when_open(lambda: told.append("open"))
    assert told == []
    rule.release()
    assert told == ["open"]
    assert conversation.resume().startswith(b"250 ")


def test_commands_pipelined_behind_a_held_one_are_read_after_its_release() -> None:
    conversation, rule = on_noop(lambda rule: rule.times(1).hold())
    conversation.send(b"NOOP\r\nVRFY x\r\nNOOP\r\n")
    assert [exchange.verb for exchange in conversation.session.exchanges] == ["", "EHLO"]
    assert [line[:3] for line in conversation.resume().split(b"\r\n")] == [
        b"250", b"252", b"250", b"",
    ]  # fmt: skip
    assert len(rule._state.held) == 1


def test_a_held_client_that_leaves_is_a_hit_without_reply() -> None:
    conversation, rule = on_noop(lambda rule: rule.hold())
    conversation.send(b"NOOP\r\n")
    assert conversation.eof() == b""
    [hit] = rule.hits
    assert hit.reply is None
    assert conversation.session.ended_by == "client"


def test_a_server_that_stops_says_so_to_a_held_client() -> None:
    conversation, rule = on_noop(lambda rule: rule.hold())
    conversation.send(b"NOOP\r\n")
    assert conversation.end("stop").startswith(b"421 ")
    assert present(rule.hits[0].reply).code == 421
    assert conversation.session.ended_by == "server"


def test_an_ignored_client_gets_no_more_replies() -> None:
    conversation, rule = on_noop(lambda rule: rule.times(1).ignore())
    assert conversation.send(b"NOOP\r\n") == b""
    assert conversation.codes("NOOP") == []
    assert rule.hits[0].reply is None
    assert len(rule.hits) == 1


def test_disconnect_closes_in_an_orderly_way() -> None:
    conversation, rule = on_noop(lambda rule: rule.disconnect())
    assert conversation.send(b"NOOP\r\n") == b""
    assert (conversation.is_closed, conversation.was_reset) == (True, False)
    assert conversation.session.ended_by == "server"
    assert rule.hits[0].reply is None


def test_reset_closes_with_a_reset() -> None:
    conversation, _ = on_noop(lambda rule: rule.reset())
    conversation.send(b"NOOP\r\n")
    assert conversation.was_reset
    assert conversation.session.ended_by == "server"


def test_a_reply_can_be_followed_by_the_end() -> None:
    conversation, rule = on_noop(lambda rule: rule.reply("501 no").disconnect())
    assert conversation.send(b"NOOP\r\n") == b"501 no\r\n"
    assert conversation.is_closed
    assert rule.hits[0].reply == Reply(501, "no")


def test_a_second_reply_is_sent_and_is_not_an_exchange() -> None:
    conversation, rule = on_noop(lambda rule: rule.accept().reply("221 bye").disconnect())
    assert conversation.send(b"NOOP\r\n").endswith(b"\r\n221 bye\r\n")
    assert [present(hit.reply).code for hit in rule.hits] == [250]
    assert "S: 221 bye" in conversation.session.transcript


@pytest.mark.parametrize("last", ["disconnect", "reset"])
def test_steps_after_a_421_are_taken_before_the_connection_is_closed(last: str) -> None:
    conversation, _ = on_noop(
        lambda rule: rule.reply("421 closing").send(b"and more"), lambda rule: getattr(rule, last)()
    )
    assert conversation.send(b"NOOP\r\n") == b"421 closing\r\nand more"
    assert conversation.is_closed
    assert conversation.was_reset == (last == "reset")


def test_a_quit_can_be_answered_and_then_reset() -> None:
    conversation = Conversation(rules=lambda book: book.on("quit").accept().reset())
    assert conversation.send(b"QUIT\r\n").startswith(b"221 ")
    assert conversation.was_reset
    assert conversation.session.ended_by == "quit"


def test_a_client_that_leaves_after_a_421_had_the_reply() -> None:
    conversation, _ = on_noop(lambda rule: rule.reply("421 closing").delay(1).reset())
    conversation.send(b"NOOP\r\n")
    conversation.eof()
    assert conversation.is_closed
    assert conversation.session.ended_by == "server"


def test_the_transcript_says_what_a_rule_did() -> None:
    conversation, _ = on_noop(lambda rule: rule.delay(1.5).hold().disconnect())
    conversation.send(b"NOOP\r\n")
    conversation.resume()
    conversation.resume()
    happened = [
        line for line in conversation.session.transcript.splitlines() if " by the rule " in line
    ]
    assert [line.split("*  ")[1].split(" by the rule ")[0] for line in happened] == [
        "waiting for 1.5 s", "held", "released", "disconnected",
    ]  # fmt: skip

"""At which stages a rule is asked, and what it can match there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.recording.recorder import Recorder
from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from typing import Unpack

    from pytest_smtpserver import Command, Match, ServerSettings
    from tests.conversation import Making, Rules

MAIL = ["MAIL FROM:<ann@example.org> SIZE=10", "RCPT TO:<bob@example.org>"]
CONTENT = ["DATA", "Subject: Hello", "", "text", "."]


def play(*lines: str, rules: Making, **settings: Unpack[ServerSettings]) -> Conversation:
    """Return a conversation with rules after EHLO and these lines."""
    conversation = Conversation(rules=rules, **settings)
    greeting = "LHLO" if settings.get("protocol") == "lmtp" else "EHLO"
    conversation.lines(f"{greeting} client.test", *lines)
    return conversation


def hits(
    stage: str, *lines: str, settings: ServerSettings | None = None, **match: Unpack[Match]
) -> int:
    """Return how many commands a rule with this match answers."""
    rules = []
    conversation = play(
        *lines, rules=lambda book: rules.append(book.on(stage, **match).accept()), **settings or {}
    )
    assert conversation.recorder.callable_error is None
    return len(rules[0].hits)


@pytest.mark.parametrize(
    ("stage", "verb"),
    [
        ("connect", ""),
        ("ehlo", "EHLO"),
        ("mail", "MAIL"),
        ("rcpt", "RCPT"),
        ("data", "DATA"),
        ("message", "."),
        ("rset", "RSET"),
        ("noop", "NOOP"),
        ("vrfy", "VRFY"),
        ("expn", "EXPN"),
        ("help", "HELP"),
        ("quit", "QUIT"),
    ],
)
def test_a_rule_is_asked_at_its_stage_and_nowhere_else(stage: str, verb: str) -> None:
    rules = []
    play(
        *MAIL, *CONTENT, "RSET", "NOOP", "VRFY bob", "EXPN list", "HELP", "QUIT",
        rules=lambda book: rules.append(book.on(stage).accept()),
    )  # fmt: skip
    assert [hit.verb for hit in rules[0].hits] == [verb]


def test_a_stage_has_no_case() -> None:
    assert hits("RcPt", *MAIL) == 1


def test_helo_and_ehlo_are_two_stages() -> None:
    assert hits("helo", "HELO client.test") == 1
    assert hits("ehlo", "HELO client.test") == 1


def test_lhlo_is_a_stage_of_lmtp() -> None:
    assert hits("lhlo", settings={"protocol": "lmtp"}) == 1


def test_every_chunk_is_a_bdat_and_the_last_one_is_the_message_too() -> None:
    bdat = [*MAIL, "BDAT 6", "text", "BDAT 6 LAST", "text"]
    assert hits("bdat", *bdat) == 2
    assert hits("message", *bdat) == 1


def test_the_newer_of_message_and_bdat_answers_for_the_last_chunk() -> None:
    conversation = play(
        *MAIL, "BDAT 6 LAST", "text",
        rules=lambda book: (book.on("message").reply("452 one"), book.on("bdat").reply("452 two")),
    )  # fmt: skip
    assert present(conversation.transaction.reply).text == "two"


def test_auth_is_asked_once_for_an_exchange_after_the_clients_last_answer() -> None:
    rules = []
    conversation = play(
        "AUTH LOGIN", "YW5u",
        rules=lambda book: rules.append(book.on("auth").reply("454 later")), auth="optional",
    )  # fmt: skip
    assert rules[0].hits == ()
    assert conversation.lines("c2VjcmV0") == ["454 later"]
    assert len(rules[0].hits) == 1


def test_starttls_is_asked_before_the_handshake() -> None:
    rules = []
    conversation = play(
        rules=lambda book: rules.append(book.on("starttls").reply("454 later")), tls="starttls"
    )
    assert conversation.lines("STARTTLS") == ["454 later"]
    assert conversation.pause is None


def test_a_star_is_every_command_line_and_nothing_else() -> None:
    rules = []
    play(
        "XYZZY", "DATA", "MAIL FROM:nonsense", *MAIL, *CONTENT,
        rules=lambda book: rules.append(book.on("*").accept()),
    )  # fmt: skip
    assert [hit.verb for hit in rules[0].hits] == [
        "EHLO", "XYZZY", "DATA", "MAIL", "MAIL", "RCPT", "DATA",
    ]  # fmt: skip


def test_a_malformed_command_or_one_out_of_order_is_not_a_stage_of_its_own() -> None:
    assert hits("mail", "MAIL FROM:nonsense") == 0
    assert hits("rcpt", "RCPT TO:<bob@example.org>") == 0
    assert hits("noop", "N\0OP") == 0


def test_an_auth_command_whose_reply_never_comes_logs_nobody_in() -> None:
    conversation = play(
        rules=lambda book: book.on("*", where=is_auth).accept(reply=False), auth="optional"
    )
    assert conversation.lines("AUTH PLAIN AGFubgBzZWNyZXQ=") == []
    assert conversation.lines("NOOP") == []
    [attempt] = conversation.session.auth
    assert (attempt.mechanism, attempt.succeeded, attempt.reply) == ("PLAIN", False, None)


def is_auth(command: Command) -> bool:
    return command.verb == "AUTH"


def test_a_client_that_goes_on_after_starttls_pipelines_too_far_though_it_is_refused() -> None:
    conversation = play(
        rules=lambda book: book.on("starttls").reply("454 4.7.0 not now"), tls="starttls"
    )
    assert conversation.codes("STARTTLS", "NOOP") == [454, 250]
    assert conversation.violations == ["pipelined-too-far"]


def test_another_verb_becomes_a_command() -> None:
    conversation = play(
        rules=lambda book: book.on("XCLIENT", argument="a=b").reply("220 as you say")
    )
    assert conversation.codes("XCLIENT a=b", "XCLIENT c=d", "xclient a=b") == [220, 500, 220]
    assert conversation.session.violations == ()


def test_a_rule_is_asked_before_limits() -> None:
    conversation = play(
        *MAIL,
        rules=lambda book: book.on("rcpt", rcpt_to="eve@example.org").reply("250 ok"),
        max_recipients=1,
    )
    assert conversation.codes("RCPT TO:<cat@example.org>", "RCPT TO:<eve@example.org>") == [
        452,
        250,
    ]


@pytest.mark.parametrize("content", [["DATA", "12345678", "."], ["BDAT 10 LAST", "12345678"]])
def test_a_rule_is_asked_about_content_over_the_limit_which_is_not_kept(content: list[str]) -> None:
    rules = []
    conversation = play(
        "MAIL FROM:<ann@example.org>", MAIL[1], *content,
        rules=lambda book: rules.append(book.on("message").reply("452 full")),
        max_message_size=9, extensions=["CHUNKING", "SIZE"],
    )  # fmt: skip
    assert present(conversation.transaction.reply).code == 452
    [hit] = rules[0].hits
    assert hit.rule is rules[0]
    assert conversation.transaction.message is None


@pytest.mark.parametrize("match", [{"subject": ""}, {"text": ""}, {"html": lambda html: True}])
def test_content_that_was_not_kept_meets_no_criterion(match: Match) -> None:
    settings: ServerSettings = {"max_message_size": 10}
    assert hits("message", *MAIL, *CONTENT, settings=settings, **match) == 0


def test_content_that_was_not_kept_is_not_a_message_even_if_a_rule_accepts_it() -> None:
    conversation = play(
        *MAIL, *CONTENT,
        rules=lambda book: book.on("message").reply("250 fine"), max_message_size=10,
    )  # fmt: skip
    assert conversation.transaction.outcome == "accepted"
    assert conversation.messages == ()


def test_a_rule_is_asked_before_the_lack_of_credentials() -> None:
    conversation = play(rules=lambda book: book.on("mail").reply("250 ok"), auth="required")
    assert conversation.codes("MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org>") == [
        250,
        250,
    ]


def test_a_rule_is_asked_before_credentials_are_judged() -> None:
    conversation = play(
        rules=lambda book: book.on("auth").reply("235 come in"),
        auth="optional", users={"ann": "secret"},
    )  # fmt: skip
    assert conversation.codes("AUTH PLAIN AGFubgB3cm9uZw==") == [235]
    assert conversation.session.username == "ann"


def test_a_rule_is_asked_before_the_limit_of_connections() -> None:
    recorder = Recorder()
    Conversation(recorder, max_connections=1)
    second = Conversation(
        recorder, rules=lambda book: book.on("connect").reply("220 come in"), max_connections=1
    )
    assert second.greeting == b"220 come in\r\n"


def test_a_rule_without_steps_is_not_asked() -> None:
    assert play(rules=lambda book: book.on("noop")).codes("NOOP") == [250]


def test_the_newest_rule_that_fits_answers() -> None:
    def rules(book: Rules) -> None:
        book.on("noop").reply("250 old")
        book.on("noop").reply("250 new")
        book.on("noop", argument="x").reply("250 newest")

    assert play(rules=rules).lines("NOOP", "NOOP x") == ["250 new", "250 newest"]


def test_a_star_and_a_verb_are_equally_good() -> None:
    def rules(book: Rules) -> None:
        book.on("noop").reply("250 noop")
        book.on("*").reply("250 star")
        book.on("rset").reply("250 rset")

    assert play(rules=rules).lines("NOOP", "RSET") == ["250 star", "250 rset"]


@pytest.mark.parametrize(
    ("stage", "fitting", "unfitting"),
    [
        ("ehlo", {"helo": "CLIENT.test"}, {"helo": "other.test"}),
        ("ehlo", {"argument": "client.test"}, {"argument": "client"}),
        ("mail", {"helo": re.compile("^client")}, {"helo": None}),
        ("mail", {"mail_from": "ann@EXAMPLE.org"}, {"mail_from": "Ann@example.org"}),
        ("mail", {"argument": re.compile("SIZE=")}, {"argument": "FROM:<ann@example.org>"}),
        ("mail", {"session": 1}, {"session": 2}),
        ("mail", {"username": None}, {"username": "ann"}),
        ("rcpt", {"rcpt_to": "bob@example.org"}, {"rcpt_to": "ann@example.org"}),
        ("rcpt", {"mail_from": "ann@example.org"}, {"mail_from": ""}),
        ("rcpt", {"rcpt_to": {"bob@EXAMPLE.org", "x@y.org"}}, {"rcpt_to": ["x@y.org"]}),
        ("rcpt", {"rcpt_to": lambda one: one == "bob@example.org"}, {"rcpt_to": lambda one: False}),
        ("data", {"rcpt_to": ["bob@example.org"]}, {"rcpt_to": ["bob@example.org", "x@y.org"]}),
        ("data", {"rcpt_to": lambda them: len(them) == 1}, {"rcpt_to": "x@y.org"}),
        ("message", {"subject": "Hello"}, {"subject": "Hell"}),
        ("message", {"header": {"Subject": "Hello"}}, {"header": {"X": "Hello"}}),
        ("message", {"subject": re.compile("^H")}, {"subject": re.compile("^h")}),
        ("message", {"text": "ext"}, {"text": "no such text"}),
        ("message", {"html": None}, {"html": "text"}),
        ("message", {"body": "text"}, {"body": "no such text"}),
        ("message", {"from_": None}, {"from_": "ann@example.org"}),
        ("message", {"to": None}, {"to": "bob@example.org"}),
        ("message", {"cc": None}, {"cc": "bob@example.org"}),
        ("message", {"reply_to": None}, {"reply_to": "bob@example.org"}),
        ("message", {"attachment": None}, {"attachment": "*.pdf"}),
        ("message", {"mail_from": "ann@example.org"}, {"rcpt_to": "ann@example.org"}),
        ("message", {"where": lambda c: c.message.text}, {"where": lambda c: c.message.html}),
        ("*", {"argument": re.compile("^FROM")}, {"argument": "nothing of the kind"}),
    ],
)
def test_a_rule_answers_what_fits_and_nothing_else(
    stage: str, fitting: Match, unfitting: Match
) -> None:
    assert hits(stage, *MAIL, *CONTENT, **fitting) == 1
    assert hits(stage, *MAIL, *CONTENT, **unfitting) == 0


def test_the_credentials_of_an_attempt_can_be_matched() -> None:
    auth = "AUTH PLAIN AGFubgBzZWNyZXQ="
    settings: ServerSettings = {"auth": "optional"}
    assert hits("auth", auth, settings=settings, username="ann", mechanism="plain") == 1
    assert hits("auth", auth, settings=settings, username="bob") == 0
    assert hits("auth", auth, settings=settings, mechanism="LOGIN") == 0


def test_the_authenticated_user_can_be_matched_later() -> None:
    lines = ["AUTH PLAIN AGFubgBzZWNyZXQ=", "MAIL FROM:<ann@example.org>"]
    assert hits("mail", *lines, settings={"auth": "optional"}, username="ann") == 1


def test_in_lmtp_the_message_is_asked_about_for_each_recipient() -> None:
    lines = [*MAIL, "RCPT TO:<cat@example.org>", *CONTENT]
    settings: ServerSettings = {"protocol": "lmtp"}
    assert hits("message", *lines, settings=settings) == 2
    assert hits("message", *lines, settings=settings, rcpt_to="cat@example.org") == 1


def test_a_callable_gets_everything_that_is_known() -> None:
    seen: list[Command] = []

    def rules(book: Rules) -> None:
        book.on("rcpt", where=seen.append).accept()
        book.on("message", where=seen.append).accept()

    play(*MAIL, "RCPT TO:<cat@example.org>", *CONTENT, rules=rules)
    first, second, message = seen
    assert (first.verb, first.line) == ("RCPT", "RCPT TO:<bob@example.org>")
    assert first.argument == "TO:<bob@example.org>"
    assert first.mail_from == "ann@example.org"
    assert second.rcpt_to == ("bob@example.org", "cat@example.org")
    assert first.message is None
    assert message.verb == "."
    assert message.rcpt_to == ("bob@example.org", "cat@example.org")
    assert present(message.message).subject == "Hello"
    assert message.session.id == 1


def test_a_callable_gets_no_secrets() -> None:
    seen: list[Command] = []
    play(
        "AUTH PLAIN AGFubgBzZWNyZXQ=",
        rules=lambda book: book.on("*", where=seen.append).accept(), auth="optional",
    )  # fmt: skip
    assert seen[-1].line == "AUTH PLAIN ***"
    assert seen[-1].argument == "PLAIN ***"
    assert "AGFubg" not in repr(seen[-1])

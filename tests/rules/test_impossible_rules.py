"""An impossible rule is an error at once, with a sentence, and is withdrawn."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import Reply
from pytest_smtpserver.settings import Settings
from pytest_smtpserver.smtp import Offer
from tests.conversation import rule_book

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Match, Rule, ServerSettings
    from tests.conversation import Rules


@pytest.fixture
def book() -> Rules:
    return rule_book(Offer(Settings()))


@pytest.mark.parametrize(
    ("build", "error", "sentence"),
    [
        (
            lambda rule: rule.reply(199),
            ValueError,
            "a reply's code must be from 200 to 599, not 199",
        ),
        (lambda rule: rule.reply(600, "no"), ValueError, "from 200 to 599, not 600"),
        (lambda rule: rule.reply("600 no"), ValueError, "from 200 to 599, not 600"),
        (
            lambda rule: rule.reply("no"),
            ValueError,
            "a reply must be like '550 5.1.1 no such user'",
        ),
        (lambda rule: rule.reply(550, "a\rb"), ValueError, "no CR and no NUL"),
        (lambda rule: rule.reply("550 a\0b"), ValueError, "no CR and no NUL"),
        (lambda rule: rule.reply(550, "no", enhanced="511"), ValueError, "like '5.1.1'"),
        (lambda rule: rule.reply(550, b"no"), TypeError, "text must be a str, not b'no'"),
        (lambda rule: rule.reply(5.5), TypeError, r"reply\(5.5\): must be a code"),
        (lambda rule: rule.reply(True), TypeError, "an int from 200 to 599, not True"),
        (lambda rule: rule.reply(Reply), TypeError, "must be a code, a line"),
        (lambda rule: rule.reply("550 no", "text"), TypeError, "go with a code, such as 550"),
        (lambda rule: rule.reply(), TypeError, "reply"),
        (lambda rule: rule.delay(-1), ValueError, r"delay\(-1\): must be a number of seconds"),
        (lambda rule: rule.delay(math.nan), ValueError, r"delay\(nan\)"),
        (lambda rule: rule.delay(math.inf), ValueError, r"delay\(inf\)"),
        (lambda rule: rule.delay("1"), TypeError, r"delay\('1'\): must be a number of seconds"),
        (lambda rule: rule.throttle("1"), TypeError, r"throttle\('1'\): must be a number of oct"),
        (lambda rule: rule.throttle(0), ValueError, r"throttle\(0\): must be .* above 0"),
        (lambda rule: rule.send("250 ok"), TypeError, r"send\('250 ok'\): must be bytes"),
        (lambda rule: rule.send(b""), ValueError, "use ignore"),
        (lambda rule: rule.accept("x"), TypeError, r"accept\('x'\): must be True or False"),
        (lambda rule: rule.accept(0), TypeError, r"accept\(0\): must be True or False"),
        (lambda rule: rule.times(0), ValueError, r"times\(0\): must be a whole number from 1"),
        (lambda rule: rule.times(1.0), ValueError, r"times\(1.0\): must be a whole number"),
        (lambda rule: rule.times(1).times(1), ValueError, r"times\(\) was already given"),
        (lambda rule: rule.after(-1), ValueError, r"after\(-1\): must be a whole number from 0"),
        (lambda rule: rule.after(1).after(1), ValueError, r"after\(\) was already given"),
        (lambda rule: rule.times(1, per="client"), ValueError, "one of server, session, recipient"),
        (lambda rule: rule.times(1, per="recipient"), ValueError, "'mail' is not about a si"),
        (lambda rule: rule.then(), ValueError, r"then\(\) needs a step before it"),
        (lambda rule: rule.ignore().reply(550), ValueError, r"nothing can follow ignore\(\)"),
        (lambda rule: rule.disconnect().delay(1), ValueError, "nothing can follow"),
        (lambda rule: rule.reset().hold(), ValueError, "nothing can follow"),
        (lambda rule: rule.ignore().ignore(), ValueError, "nothing can follow"),
    ],
)
def test_an_impossible_step_is_an_error_and_the_rule_is_withdrawn(
    book: Rules, build: Callable[[Rule], object], error: type[Exception], sentence: str
) -> None:
    rule = book.on("mail")
    with pytest.raises(error, match=sentence):
        build(rule)
    assert book.rules == ()


@pytest.mark.parametrize("optional", [3, "yes", None])
def test_a_rule_is_optional_or_not(book: Rules, optional: Any) -> None:
    with pytest.raises(TypeError, match=r"optional=.*: must be True or False"):
        book.on("mail", optional=optional)
    assert book.rules == ()


def test_other_rules_are_left_when_one_is_withdrawn(book: Rules) -> None:
    rule = book.on("mail").reply(550)
    with pytest.raises(ValueError, match="delay"):
        book.on("mail").delay(-1)
    assert [one.rule for one in book.rules] == [rule]


def test_after_an_end_another_phase_can_begin(book: Rules) -> None:
    assert book.on("mail").disconnect().then().ignore().times(2)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("rcp", "unknown stage 'rcp': did you mean 'rcpt'?"),
        ("hello", "did you mean 'helo'?"),
        ("Quite", "unknown stage 'Quite': did you mean 'quit'?"),
        ("start_tls", "did you mean 'starttls'?"),
        ("mail from", "unknown stage 'mail from'"),
        ("", "unknown stage ''"),
        ("8BIT", "unknown stage '8BIT'"),
        ("auth", "stage 'auth': this server's settings do not offer it; it has connect, ehlo"),
        ("starttls", "do not offer it"),
        ("tls", "do not offer it"),
        ("lhlo", "do not offer it"),
    ],
)
def test_a_stage_that_is_misspelt_or_not_offered_is_an_error(
    book: Rules, name: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        book.on(name)
    assert book.rules == ()


@pytest.mark.parametrize(
    ("settings", "stage"),
    [
        ({"protocol": "lmtp"}, "ehlo"),
        ({"protocol": "lmtp"}, "helo"),
        ({"extensions": ["-CHUNKING", "-BINARYMIME"]}, "bdat"),
    ],
)
def test_a_stage_that_the_settings_take_away_does_not_exist(
    settings: ServerSettings, stage: str
) -> None:
    with pytest.raises(ValueError, match="do not offer it"):
        rule_book(Offer(Settings().changed(settings))).on(stage)


def test_a_stage_is_a_str(book: Rules) -> None:
    with pytest.raises(TypeError, match="a stage must be a str such as 'rcpt', not 550"):
        book.on(550)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stage", "match", "sentence"),
    [
        ("connect", {"helo": "x"}, "unknown criterion 'helo'"),
        ("ehlo", {"username": "ann"}, "unknown criterion 'username'"),
        ("mail", {"rcpt_to": "ann@example.org"}, "unknown criterion 'rcpt_to'"),
        ("mail", {"mailfrom": "x"}, "did you mean 'mail_from'?"),
        (
            "mail",
            {"subjct": "x"},
            "did you mean 'subject'? it is known at the stage 'message', not at this one; a ",
        ),
        ("rcpt", {"subject": "x"}, "unknown criterion 'subject'"),
        ("data", {"body": "x"}, "unknown criterion 'body'"),
        ("message", {"argument": "x"}, "unknown criterion 'argument'"),
        ("*", {"mail_from": "x"}, "unknown criterion 'mail_from'"),
        ("ehlo", {"recipients": "x"}, "did you mean 'rcpt_to'? it is known at the stage 'rcpt' or"),
        ("rcpt", {"content": "x"}, "did you mean 'body'? it is known at the stage 'message', not"),
        (
            "message",
            {"argument": "x"},
            "it is known at the stage 'ehlo' or 'lhlo' or 'helo', not at",
        ),
        ("noop", {"where": "x"}, "where='x' can never match"),
        ("noop", {"session": "1"}, "session='1' can never match: give the id of a session"),
    ],
)
def test_a_keyword_that_the_stage_does_not_have_is_an_error(
    book: Rules, stage: str, match: Match, sentence: str
) -> None:
    with pytest.raises(TypeError) as raised:
        book.on(stage, **match)
    assert sentence in str(raised.value)
    assert book.rules == ()


def test_only_in_lmtp_a_message_is_about_one_recipient(book: Rules) -> None:
    with pytest.raises(ValueError, match="not about a single recipient"):
        book.on("message").times(1, per="recipient")
    lmtp = rule_book(Offer(Settings(protocol="lmtp")))
    assert lmtp.on("message").times(1, per="recipient").reply(452)


def test_a_handshake_has_no_reply() -> None:
    book = rule_book(Offer(Settings(tls="starttls")))
    with pytest.raises(ValueError, match="cannot reply"):
        book.on("tls").reply(550)
    with pytest.raises(ValueError, match="no reply to leave out"):
        book.on("tls").accept(reply=False)
    assert book.rules == ()


@pytest.mark.parametrize("reply", ["250 ok", "354 go ahead", Reply(250), None])
def test_a_refusal_has_a_code_that_refuses(book: Rules, reply: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"must be a (reply with a )?code"):
        book.refuse(reply)
    assert book.rules == ()


def test_a_refusal_that_no_stage_can_be_asked_about_is_an_error(book: Rules) -> None:
    with pytest.raises(TypeError, match=r"no stage of this server .* subject, argument"):
        book.refuse("550 no", subject="x", argument="y")


@pytest.mark.parametrize(
    ("match", "stage"),
    [
        ({}, "mail"),
        ({"session": 1}, "connect"),
        ({"helo": "client.test"}, "ehlo"),
        ({"username": "ann"}, "mail"),
        ({"mail_from": "ann@example.org"}, "mail"),
        ({"rcpt_to": "ann@example.org"}, "rcpt"),
        ({"rcpt_to": "ann@example.org", "subject": "x"}, "message"),
    ],
)
def test_a_refusal_stands_at_the_earliest_stage_that_knows_its_keywords(
    book: Rules, match: Match, stage: str
) -> None:
    assert book.refuse("550 no", **match)._state.name == stage


def test_a_refusal_can_say_its_stage(book: Rules) -> None:
    assert book.refuse("550 no", stage="DATA", rcpt_to="ann@example.org")._state.name == "data"


def test_greylisting_no_time_at_all_is_an_error(book: Rules) -> None:
    with pytest.raises(ValueError, match=r"times\(0\)"):
        book.greylist(0)
    assert book.rules == ()

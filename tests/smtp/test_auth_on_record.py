"""Every attempt to log in is recorded, with its reply."""

from __future__ import annotations

import gc
import weakref
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver import Rule, ServerSettings
    from tests.conversation import Rules

    Users = Mapping[str, str | tuple[str, ...]] | Callable[[str, str, str], object]

EHLO = "EHLO client.test"


def plain(name: str, secret: str) -> str:
    return b64encode(f"\0{name}\0{secret}".encode()).decode()


def logged_in(users: Users, name: str, secret: str) -> Conversation:
    conversation = Conversation(auth="optional", users=users)
    conversation.one_by_one(EHLO, f"AUTH PLAIN {plain(name, secret)}")
    return conversation


@pytest.mark.parametrize(
    ("settings", "line", "mechanism", "code"),
    [
        ({"auth": "optional"}, "AUTH GSSAPI", "GSSAPI", 504),
        ({"auth": "optional"}, "AUTH c2VjcmV0", "***", 504),
        ({"auth": "optional", "tls": "starttls"}, "AUTH PLAIN", "PLAIN", 538),
    ],
)
def test_an_attempt_that_is_refused_at_once_is_on_record(
    settings: ServerSettings, line: str, mechanism: str, code: int
) -> None:
    conversation = Conversation(**settings)
    conversation.lines(EHLO, line)
    (attempt,) = conversation.session.auth
    assert (attempt.mechanism, attempt.username, attempt.succeeded) == (mechanism, None, False)
    assert attempt.reply is not None
    assert attempt.reply.code == code


def test_a_rule_on_any_command_can_refuse_an_attempt_with_530() -> None:
    conversation = Conversation(
        auth="optional", rules=lambda book: book.on("*", argument="LOGIN").reply("530 5.7.0 TLS")
    )
    assert conversation.codes(EHLO, "AUTH LOGIN", "NOOP") == [250, 530, 250]
    (attempt,) = conversation.session.auth
    assert str(attempt.reply) == "530 5.7.0 TLS"


def test_an_attempt_has_its_last_reply() -> None:
    conversation = logged_in({"ann": "secret"}, "ann", "wrong")
    (attempt,) = conversation.session.auth
    assert str(attempt.reply) == "535 5.7.8 authentication credentials invalid"


@pytest.mark.parametrize("secret", ["secret", "token"])
def test_each_of_several_secrets_lets_a_user_in(secret: str) -> None:
    assert logged_in({"ann": ("secret", "token")}, "ann", secret).session.username == "ann"


def test_a_callable_decides_who_may_log_in() -> None:
    asked: list[tuple[str, str, str]] = []

    def users(mechanism: str, name: str, secret: str) -> bool:
        asked.append((mechanism, name, secret))
        return secret.startswith("good")

    assert logged_in(users, "ann", "good one").session.username == "ann"
    assert logged_in(users, "ann", "bad one").session.username is None
    assert asked == [("PLAIN", "ann", "good one"), ("PLAIN", "ann", "bad one")]


def test_a_callable_serves_only_the_mechanisms_that_show_the_secret() -> None:
    conversation = Conversation(auth="optional", users=lambda *_: True)
    lines = conversation.lines(EHLO)
    assert "250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER" in lines


def test_a_callable_that_raises_gives_the_client_421_and_is_reported() -> None:
    conversation = Conversation(auth="optional", users=lambda *_: 1 / 0)
    conversation.lines(EHLO)
    (reply,) = conversation.lines(f"AUTH PLAIN {plain('ann', 'secret')}")
    assert reply.startswith("421 4.3.0 smtpserver.test: a callable of the test raised ZeroDivision")
    assert "test_auth_on_record.py:" in reply
    assert conversation.is_closed
    assert isinstance(conversation.recorder.callable_error, ZeroDivisionError)
    assert "secret" not in conversation.session.transcript


def test_an_initial_response_beyond_a_command_line_is_a_violation_and_accepted() -> None:
    conversation = logged_in({}, "ann", "x" * 600)
    assert conversation.session.username == "ann"
    assert conversation.violations == ["long-command-line"]


def test_a_rule_on_any_command_is_asked_at_the_line_before_any_challenge() -> None:
    conversation = Conversation(
        auth="optional", rules=lambda book: book.on("*", argument="LOGIN").reply("454 4.7.0 later")
    )
    assert conversation.codes(EHLO, "AUTH LOGIN") == [250, 454]
    assert conversation.codes("MAIL FROM:<ann@example.org>") == [250]


def test_a_rule_on_any_command_that_accepts_lets_the_exchange_begin_and_hits_its_end() -> None:
    made: list[Rule] = []
    conversation = Conversation(
        auth="optional", rules=lambda book: made.append(book.on("*", mechanism="plain").accept())
    )
    assert conversation.codes(EHLO, "AUTH PLAIN", plain("ann", "secret")) == [250, 334, 235]
    (hit,) = made[0].hits
    assert (hit.command, present(hit.reply).code) == ("AUTH PLAIN", 235)
    assert hit in conversation.session.exchanges
    assert hit.rule is made[0]


def test_both_rules_that_answer_an_exchange_have_hit_it() -> None:
    made: list[Rule] = []

    def rules(book: Rules) -> None:
        made.append(book.on("*", mechanism="plain").delay(1))
        made.append(book.on("auth").reply("535 no"))

    conversation = Conversation(auth="optional", rules=rules)
    assert conversation.codes(EHLO, f"AUTH PLAIN {plain('ann', 'secret')}") == [250]
    assert conversation.resume() == b"535 no\r\n"
    assert made[0].hits == made[1].hits
    assert len(made[0].hits) == 1


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("MAIL FROM:<ann@example.org> XFOO", "ann@example.org"),
        ("MAIL FROM:<ann@example.org> SIZE=x", "ann@example.org"),
        ("MAIL FROM:<ann@example.org> =", "ann@example.org"),
    ],
)
def test_a_completion_for_a_mail_whose_path_can_be_read_takes_effect(
    line: str, accepted: str
) -> None:
    conversation = Conversation(rules=lambda book: book.on("*", argument=line[5:]).reply("250 ok"))
    assert conversation.codes(EHLO, line, "RCPT TO:<bob@example.org>") == [250, 250, 250]
    assert conversation.transaction.envelope.mail_from == accepted


def test_a_completion_for_a_rcpt_whose_path_can_be_read_takes_effect() -> None:
    conversation = Conversation(
        rules=lambda book: book.on("*", argument="TO:<bob@example.org> XFOO").reply("250 ok")
    )
    lines = [EHLO, "MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org> XFOO", "DATA"]
    assert conversation.codes(*lines) == [250, 250, 250, 354]
    assert conversation.transaction.envelope.rcpt_to == ("bob@example.org",)


def test_a_completion_for_a_mail_that_cannot_be_read_changes_nothing() -> None:
    conversation = Conversation(rules=lambda book: book.on("*", argument="FROM:<").reply("250 ok"))
    assert conversation.codes(EHLO, "MAIL FROM:<", "RCPT TO:<bob@example.org>") == [250, 250, 503]


def test_a_callable_that_equals_another_servers_is_asked_itself_and_not_kept() -> None:
    @dataclass(frozen=True)
    class Accounts:
        asked: list[str] = field(default_factory=list, compare=False)

        def __call__(self, mechanism: str, name: str, secret: str) -> bool:
            self.asked.append(name)
            return True

    def log_in(accounts: Accounts) -> list[str]:
        conversation = Conversation(auth="optional", users=accounts)
        conversation.lines(EHLO, f"AUTH PLAIN {plain('ann', 'secret')}")
        return accounts.asked

    first, second = Accounts(), Accounts()
    assert log_in(first) == log_in(second) == ["ann"]
    kept = weakref.ref(second)
    del second
    gc.collect()
    assert kept() is None


def test_a_callable_that_returns_a_coroutine_lets_nobody_in() -> None:
    class Check:
        async def __call__(self, mechanism: str, name: str, secret: str) -> bool:
            return False

    conversation = logged_in(Check(), "ann", "wrong")
    assert "a coroutine, which is always true" in str(conversation.recorder.callable_error)
    assert not conversation.session.auth[0].succeeded


def test_an_answer_that_is_too_long_was_sent_all_the_same() -> None:
    conversation = Conversation(auth="optional", tls="starttls", auth_needs_tls=False)
    conversation.one_by_one(EHLO, "AUTH PLAIN", "x" * 13_000)
    assert conversation.session.auth[0]._has_answer
    assert conversation.violations == ["plaintext-credentials", "long-command-line"]

"""Callables of the test that raise, as text: the client gets 421, and the error is kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Never

import pytest

from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver import Command
    from tests.conversation import Making, Rules

    Raising = Callable[[object], Never]
    from types import CodeType


def wrong(_: object) -> Never:
    raise LookupError("what is that?")


@pytest.mark.parametrize(
    "rules",
    [
        lambda book: book.on("noop").reply(wrong),
        lambda book: book.on("noop", where=wrong).accept(),
        lambda book: book.on("noop", argument=wrong).accept(),
        lambda book: book.on("*").reply(wrong),
    ],
)
def test_the_client_gets_421_and_the_error_is_kept(rules: Making) -> None:
    conversation = Conversation(rules=rules)
    assert conversation.codes("NOOP") == [421]
    assert conversation.is_closed
    assert conversation.session.ended_by == "server"
    assert present(conversation.recorder.callable_error).args == ("what is that?",)


@pytest.mark.parametrize("outcome", [lambda _: pytest.fail("no"), lambda _: pytest.skip("no")])
@pytest.mark.parametrize(
    "rules",
    [
        lambda book, outcome: book.on("noop").reply(outcome),
        lambda book, outcome: book.on("noop", where=outcome).accept(),
    ],
)
def test_a_base_exception_is_kept_too(
    rules: Callable[[Rules, Raising], object], outcome: Raising
) -> None:
    conversation = Conversation(rules=lambda book: rules(book, outcome))
    assert conversation.codes("NOOP") == [421]
    error = conversation.recorder.callable_error
    assert isinstance(error, pytest.fail.Exception | pytest.skip.Exception)
    assert error.msg == "no"


@pytest.mark.parametrize("returned", [550, b"550 no", "no", "99 no", "550 a\rb"])
def test_a_callable_must_return_a_reply(returned: Any) -> None:
    conversation = Conversation(rules=lambda book: book.on("noop").reply(lambda _: returned))
    assert conversation.codes("NOOP") == [421]
    assert isinstance(conversation.recorder.callable_error, TypeError | ValueError)


def no_reply(_: object) -> Any:
    return 550


class NoReply:
    def __call__(self, _: object) -> Any:
        return "no"


@pytest.mark.parametrize(
    ("replying", "name", "code"),
    [
        (no_reply, "TypeError", no_reply.__code__),
        (partial(no_reply), "TypeError", no_reply.__code__),
        (NoReply(), "ValueError", NoReply.__call__.__code__),
    ],
)
def test_the_421_names_the_line_of_a_callable_that_returns_no_reply(
    replying: Any, name: str, code: CodeType
) -> None:
    conversation = Conversation(rules=lambda book: book.on("noop").reply(replying))
    (reply,) = conversation.lines("NOOP")
    assert f"a callable of the test raised {name} (" in reply
    assert f"test_callables.py:{code.co_firstlineno})" in reply


def test_an_error_after_the_reply_closes_too() -> None:
    conversation = Conversation(rules=lambda book: book.on("noop").accept().reply(wrong))
    assert conversation.codes("NOOP") == [250, 421]
    assert conversation.is_closed


def test_the_first_error_is_the_one_that_is_kept() -> None:
    def rules(book: Rules) -> None:
        book.on("connect", where=wrong).accept()
        book.on("noop").reply(lambda _: str(1 / 0))

    conversation = Conversation(rules=rules)
    assert conversation.greeting.startswith(b"421 ")
    assert isinstance(conversation.recorder.callable_error, LookupError)


def test_a_callable_can_make_and_release_rules() -> None:
    conversation = Conversation()
    held = conversation.rules.on("rset").hold()

    def change(command: Command) -> str:
        held.release()
        conversation.rules.on("vrfy").reply("551 as agreed")
        return "250 changed"

    conversation.rules.on("noop").reply(change)
    assert conversation.lines("NOOP", "VRFY x") == ["250 changed", "551 as agreed"]


def test_a_callable_sees_the_session_as_it_is() -> None:
    seen = []
    conversation = Conversation(
        rules=lambda book: book.on("noop").reply(lambda command: seen.append(command.session))
    )
    conversation.lines("EHLO client.test", "NOOP")
    assert [exchange.verb for exchange in seen[0].exchanges] == ["", "EHLO"]
    assert seen[0].helo == "client.test"


@pytest.mark.parametrize(
    "rules",
    [
        lambda book, raising: book.on("noop").reply(raising),
        lambda book, raising: book.on("noop", where=raising).accept(),
    ],
)
def test_a_callable_that_raises_after_its_test_names_it(
    rules: Callable[[Rules, Raising], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(_: object) -> Any:
        monkeypatch.setenv("PYTEST_CURRENT_TEST", "test_shop.py::test_two (call)")
        raise KeyError

    monkeypatch.setenv("PYTEST_CURRENT_TEST", "test_shop.py::test_one (call)")
    conversation = Conversation(rules=lambda book: rules(book, raising))
    assert conversation.codes("NOOP") == [421]
    [note] = present(conversation.recorder.callable_error).__notes__
    assert "was called in test_shop.py::test_one" in note

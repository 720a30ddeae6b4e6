"""Random refusals and disconnects that are the same in each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver.settings import Settings
from pytest_smtpserver.smtp import Offer
from tests.conversation import Conversation, rule_book

if TYPE_CHECKING:
    from tests.conversation import Rules


def struck(rate: float, seed: int, commands: int = 100) -> list[tuple[str, bool]]:
    """Return the result of 100 NOOPs: for each the number of the command and its reply."""
    conversation = Conversation(rules=lambda book: book.chaos(rate, seed))
    conversation.lines("EHLO client.test")
    return [
        (conversation.send(b"NOOP\r\n").decode(), conversation.was_reset) for _ in range(commands)
    ]


def test_a_seed_gives_the_same_in_each_run() -> None:
    assert struck(0.05, seed=7) == struck(0.05, seed=7)


def test_another_seed_gives_something_else() -> None:
    assert struck(0.05, seed=7) != struck(0.05, seed=8)


@pytest.mark.parametrize(
    ("seed", "codes", "was_reset"),
    [
        (8, [250, 250, 250, 250, 554, 250], False),
        (9, [250, 250, 250, 250, 250, 452, 250, 250, 250, 250], True),
    ],
)
def test_a_seed_gives_the_same_in_every_release(
    seed: int | str, codes: list[int], was_reset: bool
) -> None:
    conversation = Conversation(rules=lambda book: book.chaos(0.2, seed))
    assert conversation.codes("EHLO client.test", *["NOOP"] * 29) == codes
    assert conversation.is_closed
    assert conversation.was_reset == was_reset


def test_rate_zero_strikes_never() -> None:
    assert set(struck(0, seed=7)) == {("250 2.0.0 OK\r\n", False)}


def test_rate_one_strikes_at_once() -> None:
    conversation = Conversation(rules=lambda book: book.chaos(1, seed=7))
    conversation.send(b"EHLO client.test\r\n")
    [exchange] = conversation.session.exchanges[1:]
    assert exchange.rule is conversation.rules.rules[0].rule


def test_rules_made_later_win_over_chaos() -> None:
    def rules(book: Rules) -> None:
        book.chaos(1)
        book.on("noop").reply("250 spared")

    conversation = Conversation(rules=rules)
    assert conversation.lines("NOOP") == ["250 spared"]


@pytest.fixture
def book() -> Rules:
    return rule_book(Offer(Settings()))


def test_chaos_is_optional(book: Rules) -> None:
    book.chaos()
    assert book.unused() == ()


def test_chaos_notes_its_seed(book: Rules) -> None:
    book.chaos(0.25, seed=7)
    assert book.notes() == ("chaos(rate=0.25, seed=7)",)


def test_a_seed_that_was_not_given_is_chosen_and_noted(book: Rules) -> None:
    book.chaos()
    [note] = book.notes()
    assert note.removeprefix("chaos(rate=0.1, seed=").removesuffix(")").isdigit()


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_share(book: Rules, rate: float) -> None:
    with pytest.raises(ValueError, match="must be a number from 0 to 1"):
        book.chaos(rate)


@pytest.mark.parametrize("rate", ["0.1", True, None])
def test_a_rate_is_a_number(book: Rules, rate: Any) -> None:
    with pytest.raises(TypeError, match="must be a number from 0 to 1"):
        book.chaos(rate)


@pytest.mark.parametrize("seed", [b"7", object()])
def test_a_seed_can_be_typed_again(book: Rules, seed: Any) -> None:
    with pytest.raises(TypeError, match="must be an int or a str"):
        book.chaos(seed=seed)

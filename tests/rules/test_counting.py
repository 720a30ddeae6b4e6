"""How often a rule answers: times, after, phases, for each session or recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.engine import Hold, Wait
from pytest_smtpserver.recording.recorder import Recorder
from tests.conversation import Conversation
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Unpack

    from pytest_smtpserver import Match, Rule, ServerSettings
    from tests.conversation import Build, Making, Rules


class Sessions:
    """Several sessions of one server, which have said EHLO."""

    def __init__(self, count: int, rules: Making, **settings: Unpack[ServerSettings]) -> None:
        self.book: Rules | None = None

        def share(book: Rules) -> None:
            if self.book is None:
                self.book = book
                rules(book)
            else:
                book.rules = self.book.rules

        recorder = Recorder()
        self.all = [Conversation(recorder, share, **settings) for _ in range(count)]
        for conversation in self.all:
            conversation.lines("EHLO client.test")


def noops(*build: Build, count: int = 6) -> list[int]:
    """Return the codes of so many NOOPs: 250 is the server's own."""

    def rules(book: Rules) -> None:
        rule = book.on("noop")
        for step in build:
            step(rule)

    conversation = Conversation(rules=rules)
    conversation.lines("EHLO client.test")
    return conversation.codes(*["NOOP"] * count)


def test_without_a_count_a_rule_answers_for_ever() -> None:
    assert noops(lambda rule: rule.reply(450)) == [450] * 6


def test_a_rule_is_used_up_after_so_many_times() -> None:
    assert noops(lambda rule: rule.times(2).reply(450)) == [450, 450, 250, 250, 250, 250]


def test_a_phase_without_a_step_lets_the_server_answer() -> None:
    rules = []
    conversation = Conversation(rules=lambda book: rules.append(book.on("noop").reply(450).then()))
    conversation.lines("EHLO client.test")
    assert conversation.codes("NOOP", "NOOP") == [450, 250]
    assert len(rules[0].hits) == 1


def test_the_count_can_stand_before_or_after_the_steps() -> None:
    assert noops(lambda rule: rule.reply(450).times(2)) == [450, 450, 250, 250, 250, 250]


def test_after_lets_the_first_ones_pass() -> None:
    assert noops(lambda rule: rule.after(4).reply(450)) == [250] * 4 + [450] * 2


def test_after_nothing_passes() -> None:
    assert noops(lambda rule: rule.after(0).reply(450), count=1) == [450]


def test_after_and_times_make_a_window() -> None:
    assert noops(lambda rule: rule.after(1).times(2).reply(450)) == [250, 450, 450, 250, 250, 250]


def test_a_phase_is_used_once_unless_it_says_otherwise() -> None:
    assert noops(lambda rule: rule.reply(450).then().reply(451), count=3) == [450, 451, 451]


def test_phases_follow_each_other_and_then_the_server_answers() -> None:
    answers = noops(
        lambda rule: rule.reply(450).times(2).then().reply(451).then().reply(452).times(1)
    )
    assert answers == [450, 450, 451, 452, 250, 250]


def test_a_later_phase_can_let_some_pass() -> None:
    answers = noops(lambda rule: rule.reply(450).then().after(2).reply(451).times(1))
    assert answers == [450, 250, 250, 451, 250, 250]


def test_a_phase_that_only_accepts_lets_the_server_answer() -> None:
    assert noops(lambda rule: rule.reply(450).then().accept().then().reply(451), count=4) == [
        450, 250, 451, 451,
    ]  # fmt: skip


def test_hits_are_those_of_all_phases() -> None:
    rules = []
    conversation = Conversation(
        rules=lambda book: rules.append(book.on("noop").reply(450).then().reply(451))
    )
    conversation.lines("EHLO client.test", "NOOP", "NOOP", "NOOP")
    assert [present(hit.reply).code for hit in rules[0].hits] == [450, 451, 451]


def test_a_rule_that_is_used_up_leaves_the_command_to_the_next_one() -> None:
    def rules(book: Rules) -> None:
        book.on("noop").reply(450).times(1)
        book.on("noop").reply(451).times(1)
        book.on("noop").reply(452).times(1)

    conversation = Conversation(rules=rules)
    conversation.lines("EHLO client.test")
    assert conversation.codes(*["NOOP"] * 4) == [452, 451, 450, 250]


def test_commands_that_another_rule_answers_are_not_counted() -> None:
    def rules(book: Rules) -> None:
        book.on("noop").after(1).reply(450)
        book.on("noop", argument="x").reply(451)

    conversation = Conversation(rules=rules)
    conversation.lines("EHLO client.test")
    assert conversation.codes("NOOP x", "NOOP x", "NOOP", "NOOP") == [451, 451, 250, 450]


def test_a_server_counts_all_sessions_together() -> None:
    sessions = Sessions(2, lambda book: book.on("noop").reply(450).times(3))
    one, other = sessions.all
    assert one.codes("NOOP") + other.codes("NOOP") + one.codes("NOOP", "NOOP") == [
        450, 450, 450, 250,
    ]  # fmt: skip


def test_each_session_can_be_counted_for_itself() -> None:
    sessions = Sessions(
        2, lambda book: book.on("noop").after(1, per="session").times(1, "session").reply(450)
    )
    for conversation in sessions.all:
        assert conversation.codes("NOOP", "NOOP", "NOOP") == [250, 450, 250]


def test_the_fourth_mail_of_each_connection_closes_it() -> None:
    sessions = Sessions(2, lambda book: book.on("mail").after(3, per="session").reply("421 enough"))
    for conversation in sessions.all:
        for _ in range(3):
            assert conversation.codes("MAIL FROM:<ann@example.org>", "RSET") == [250, 250]
        assert conversation.codes("MAIL FROM:<ann@example.org>") == [421]
        assert conversation.is_closed


def test_each_recipient_can_be_counted_for_itself() -> None:
    conversation = Conversation(rules=lambda book: book.greylist())
    conversation.lines("EHLO client.test", "MAIL FROM:<ann@example.org>")
    names = ["bob@example.org", "cat@example.org", "dan@example.org"]
    recipients = [f"RCPT TO:<{name}>" for name in names]
    assert conversation.codes(*recipients) == [451, 451, 451]
    assert conversation.codes(*recipients) == [250, 250, 250]
    assert conversation.transaction.envelope.rcpt_to == tuple(names)


def test_a_recipient_is_the_same_whatever_the_case_of_its_domain() -> None:
    conversation = Conversation(rules=lambda book: book.greylist())
    conversation.lines("EHLO client.test", "MAIL FROM:<ann@example.org>")
    assert conversation.codes(
        "RCPT TO:<bob@example.org>", "RCPT TO:<bob@EXAMPLE.org>", "RCPT TO:<Bob@example.org>"
    ) == [451, 250, 451]


def test_greylisting_can_last_for_longer_and_concern_one_recipient_only() -> None:
    conversation = Conversation(rules=lambda book: book.greylist(2, rcpt_to="bob@example.org"))
    conversation.lines("EHLO client.test", "MAIL FROM:<ann@example.org>")
    bob = "RCPT TO:<bob@example.org>"
    assert conversation.codes(bob, "RCPT TO:<cat@example.org>", bob, bob) == [451, 250, 451, 250]


def test_lmtp_recipients_of_a_message_can_be_counted_for_themselves() -> None:
    conversation = Conversation(
        rules=lambda book: book.on("message").reply(452).times(1, per="recipient"), protocol="lmtp"
    )
    conversation.lines("LHLO client.test")
    mail = ["MAIL FROM:<>", "RCPT TO:<bob@example.org>", "RCPT TO:<cat@example.org>", "DATA", "."]
    assert conversation.codes(*mail)[-2:] == [452, 452]
    assert conversation.codes(*mail)[-2:] == [250, 250]


def test_each_pipelined_command_is_counted() -> None:
    conversation = Conversation(rules=lambda book: book.on("rcpt").reply(450).times(2))
    conversation.lines("EHLO client.test", "MAIL FROM:<>")
    assert conversation.codes(*["RCPT TO:<bob@example.org>"] * 4) == [450, 450, 250, 250]


def sentences(
    *build: Build, used: int = 0, optional: bool = False, **match: Unpack[Match]
) -> list[str]:
    """Return the sentence about a rule that was used so often."""
    rules = []

    def make(book: Rules) -> None:
        rule = book.on("noop", optional=optional, **match)
        rules.append(rule)
        for step in build:
            step(rule)

    conversation = Conversation(rules=make)
    conversation.lines("EHLO client.test", *["NOOP"] * used)
    return [one.replace(rules[0]._state.made, "at HERE") for _, one in conversation.rules.unused()]


def test_a_rule_that_was_used_does_not_count_as_unused() -> None:
    assert sentences(lambda rule: rule.reply(450), used=1) == []


def test_a_rule_that_was_never_used_is_named_with_its_criteria_and_its_line() -> None:
    assert sentences(lambda rule: rule.reply(450), argument="x") == [
        "never used: the rule on('noop', argument='x') made at HERE"
    ]


def test_where_the_current_directory_is_gone_the_whole_path_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    made: list[str] = []
    Conversation(rules=lambda book: made.append(book.on("noop")._state.made))
    assert made[0].startswith(f"at {__file__}:")


def test_a_rule_without_a_step_is_said_to_have_none() -> None:
    (sentence,) = sentences(used=1)
    assert sentence.startswith("no step: the rule on('noop') made at ")


def test_a_phase_that_was_never_used_is_named_by_its_number() -> None:
    assert sentences(lambda rule: rule.reply(450).then().reply(451), used=1) == [
        "never used: phase 2 of the rule on('noop') made at HERE"
    ]


def test_a_rule_that_let_all_pass_was_never_used() -> None:
    assert len(sentences(lambda rule: rule.after(1).reply(450), used=1)) == 1


def test_an_optional_rule_does_not_count_as_unused() -> None:
    assert sentences(lambda rule: rule.reply(450), optional=True) == []


def test_rules_are_named_in_the_order_in_which_they_were_made() -> None:
    conversation = Conversation(
        rules=lambda book: (book.on("noop").ignore(), book.on("rset").ignore())
    )
    assert ["noop" in one for _, one in conversation.rules.unused()] == [True, False]


def test_a_rule_that_turns_out_to_be_wrong_lets_its_clients_go() -> None:
    rules: list[Rule] = []
    conversation = Conversation(rules=lambda book: rules.append(book.on("noop").hold()))
    conversation.lines("EHLO client.test")
    conversation.send(b"NOOP\r\n")
    assert isinstance(conversation.pause, Hold)
    with pytest.raises(ValueError, match="must be a whole number"):
        rules[0].times(0)
    assert conversation.pause.until.is_open


@pytest.mark.parametrize("step", [lambda rule: rule.hold(), lambda rule: rule.delay(3600)])
def test_forgotten_rules_let_the_clients_go_that_they_keep_waiting(
    step: Callable[[Rule], Rule],
) -> None:
    conversation = Conversation(rules=lambda book: step(book.on("noop")))
    conversation.lines("EHLO client.test")
    conversation.send(b"NOOP\r\n")
    assert isinstance(conversation.pause, Hold | Wait)
    until = conversation.pause.until
    assert until
    was_open = until.is_open
    conversation.rules.clear()
    assert (was_open, until.is_open) == (False, True)
    assert conversation.rules.unused() == ()

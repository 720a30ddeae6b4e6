"""Each kind of violation: a command that commits it, and one that only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from pytest_smtpserver import Rule, ServerSettings
    from pytest_smtpserver.engine import EndReason
    from tests.conversation import Build, Making, Rules

EHLO = "EHLO client.example"
MAIL = "MAIL FROM:<a@example.org>"
RCPT = "RCPT TO:<b@example.org>"


def after(
    *lines: str | bytes, rules: Making = lambda book: None, **settings: Unpack[ServerSettings]
) -> list[str]:
    """Return the violations when each line is sent after the reply to the one before."""
    conversation = Conversation(rules=rules, **settings)
    for line in lines:
        conversation.send(line if isinstance(line, bytes) else f"{line}\r\n".encode())
    return conversation.violations


def after_together(
    *lines: str, rules: Making = lambda book: None, **settings: Unpack[ServerSettings]
) -> list[str]:
    """Return the violations when all lines after EHLO are sent at once."""
    return after(EHLO, "\r\n".join(lines), rules=rules, **settings)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("out-of-order", [MAIL]),
        ("out-of-order", [EHLO, RCPT]),
        ("out-of-order", [EHLO, MAIL, "DATA"]),
        ("out-of-order", [EHLO, MAIL, MAIL]),
        ("out-of-order", [EHLO, MAIL, RCPT, b"BDAT 1\r\na", RCPT]),
        ("out-of-order", [EHLO, MAIL, RCPT, b"BDAT 1\r\na", "DATA"]),
        ("out-of-order", [EHLO, MAIL + " BODY=BINARYMIME", RCPT, "DATA"]),
        ("bad-syntax", ["EHLO"]),
        ("bad-syntax", [EHLO, "MAIL FROM: <a@example.org>"]),
        ("bad-syntax", [EHLO, MAIL, "RCPT TO:b@example.org"]),
        ("bad-syntax", [EHLO, "RSET now"]),
        ("bad-syntax", [EHLO, "NOOP \0"]),
        ("bad-syntax", [EHLO, MAIL + " SIZE=many"]),
        ("unknown-command", ["HALO client.example"]),
        ("unknown-command", [""]),
        ("long-command-line", [EHLO, "NOOP " + "x" * 506]),
        ("bare-lf-command", [b"EHLO client.example\n"]),
        ("eight-bit-command", [EHLO, "NOOP \u00fc"]),
        ("eight-bit-command", [EHLO, "MAIL FROM:<\u00fc@example.org>"]),
        ("eight-bit-command", [EHLO, b"VRFY \xff\r\n"]),
        ("pipelined-too-far", [EHLO, "NOOP\r\nRSET"]),
        ("pipelined-too-far", [EHLO, MAIL, RCPT, "DATA\r\n.\r\nRSET"]),
        ("bad-helo-domain", ["EHLO my_host"]),
        ("bad-helo-domain", ["HELO 127.0.0.1"]),
        ("unknown-parameter", [EHLO, MAIL + " XCOLOUR=red"]),
        ("unknown-parameter", ["HELO client.example", MAIL + " SIZE=1"]),
        ("data-after-quit", [EHLO, "QUIT\r\nNOOP"]),
    ],
)
def test_a_client_that_does_this_commits(code: str, lines: list[str | bytes]) -> None:
    assert after(*lines) == [code]


@pytest.mark.parametrize("line", ["RSET\r\nNOOP", f"{MAIL}\r\n{RCPT}\r\nRSET"])
def test_pipelining_is_a_violation_where_it_was_not_offered(line: str) -> None:
    assert set(after(EHLO, line, extensions=["-PIPELINING"])) == {"pipelining-not-offered"}
    assert set(after("HELO client.example", line)) == {"pipelining-not-offered"}


def test_octets_before_the_greeting_are_early() -> None:
    conversation = Conversation(rules=lambda book: book.on("connect").delay(1))
    conversation.send(f"{EHLO}\r\n".encode())
    conversation.resume()
    assert conversation.violations == ["early-talker"]


@pytest.mark.parametrize(
    "step",
    [
        lambda rule: rule.ignore(),
        lambda rule: rule.accept(reply=False),
        lambda rule: rule.send(b"220-").ignore(),
    ],
    ids=["ignore", "no reply", "half a greeting"],
)
def test_a_client_that_is_never_greeted_is_early_however_late(step: Build) -> None:
    found = after(EHLO, "NOOP", "QUIT", rules=lambda book: step(book.on("connect")))
    assert found == ["early-talker"]


def test_a_client_that_talks_early_has_one_violation() -> None:
    conversation = Conversation(rules=lambda book: book.on("connect").delay(1))
    conversation.send(b"EHLO ")
    conversation.send(b"client.example\r\n")
    conversation.resume()
    assert conversation.violations == ["early-talker"]


def test_a_client_that_leaves_without_quit_is_caught() -> None:
    conversation = Conversation()
    conversation.lines(EHLO)
    conversation.eof()
    assert conversation.violations == ["no-quit"]


def test_a_reset_is_not_a_quit() -> None:
    conversation = Conversation()
    conversation.lines(EHLO)
    conversation.eof(reset=True)
    assert conversation.violations == ["no-quit"]


def test_a_client_that_only_checks_the_port_need_not_quit() -> None:
    conversation = Conversation()
    conversation.eof()
    assert conversation.violations == []


@pytest.mark.parametrize("reason", ["idle", "stop", "crash"])
def test_a_client_that_the_server_leaves_need_not_quit(reason: EndReason) -> None:
    conversation = Conversation()
    conversation.lines(EHLO)
    conversation.end(reason)
    assert conversation.violations == []


def test_a_group_as_rfc_2920_has_it_is_clean() -> None:
    assert after_together(MAIL, RCPT, RCPT, "DATA") == []
    assert after(EHLO, MAIL, RCPT, "DATA", f".\r\n{MAIL}\r\n{RCPT}\r\nRSET\r\nQUIT") == []


def test_chunks_in_a_group_are_clean() -> None:
    assert after_together(MAIL, RCPT, "BDAT 1\r\naBDAT 2 LAST\r\nbcQUIT") == []


def test_a_refused_line_must_not_end_with_a_bare_lf_either() -> None:
    assert after(EHLO, b"HALO\n") == ["bare-lf-command", "unknown-command"]


class TestAClientIsNotBlamedForWhatARuleMadeItDo:
    def test_after_a_refused_mail_in_a_group(self) -> None:
        assert after_together(MAIL, RCPT, "DATA", rules=lambda book: book.refuse("550 no")) == []

    def test_after_refused_recipients_in_a_group(self) -> None:
        rules = lambda book: book.refuse("550 no", stage="rcpt")  # noqa: E731
        assert after_together(MAIL, RCPT, RCPT, "DATA", rules=rules) == []

    def test_after_a_refused_chunk_in_a_group(self) -> None:
        rules = lambda book: book.refuse("451 no", stage="bdat")  # noqa: E731
        together = (MAIL, RCPT, "BDAT 1\r\naBDAT 1\r\nbBDAT 0 LAST")
        assert after_together(*together, rules=rules) == []

    def test_after_a_chunk_that_is_too_big_in_a_group(self) -> None:
        together = (MAIL, RCPT, "BDAT 3\r\nabcBDAT 0 LAST")
        assert after_together(*together, max_message_size=2) == []

    @pytest.mark.parametrize("cut", [(f"{MAIL}", f"{RCPT}\r\nDATA"), (f"{MAIL}\r\n{RCPT}", "DATA")])
    def test_where_the_group_arrives_in_pieces(self, cut: tuple[str, str]) -> None:
        assert after(EHLO, *cut, rules=lambda book: book.refuse("550 no")) == []

    def test_a_client_that_pipelined_and_begins_anew_must_keep_to_the_order(self) -> None:
        rules = lambda book: book.refuse("550 no")  # noqa: E731
        sent = (EHLO, f"{MAIL}\r\n{RCPT}", "RSET", RCPT)
        assert after(*sent, rules=rules) == ["out-of-order"]

    def test_a_client_that_got_the_refusal_of_a_chunk_and_sends_another_is_to_blame(self) -> None:
        rules = lambda book: book.refuse("451 no", stage="bdat")  # noqa: E731
        sent = (EHLO, MAIL, RCPT, b"BDAT 1\r\na", b"BDAT 1\r\nb")
        assert after(*sent, rules=rules) == ["out-of-order"]

    def test_a_client_that_got_the_refusal_and_goes_on_is_to_blame(self) -> None:
        rules = lambda book: book.refuse("550 no")  # noqa: E731
        assert after(EHLO, MAIL, RCPT, rules=rules) == ["out-of-order"]

    @pytest.mark.parametrize("answer", ["reply", "ignore", "silence"])
    def test_when_quit_is_not_answered_as_it_should_be(self, answer: str) -> None:
        def rules(book: Rules) -> None:
            rule = book.on("quit")
            answers: dict[str, Callable[[], Rule]] = {
                "reply": lambda: rule.reply("500 no"),
                "ignore": rule.ignore,
                "silence": lambda: rule.send(b"221-"),
            }
            answers[answer]()

        conversation = Conversation(rules=rules)
        conversation.lines(EHLO, "QUIT")
        conversation.eof()
        assert "no-quit" not in conversation.violations

    def test_when_it_waits_for_an_answer_in_vain(self) -> None:
        conversation = Conversation(rules=lambda book: book.on("ehlo").ignore())
        conversation.lines(EHLO)
        conversation.eof()
        assert conversation.violations == []

    def test_when_it_leaves_while_it_is_held(self) -> None:
        conversation = Conversation(rules=lambda book: book.on("ehlo").hold())
        conversation.lines(EHLO)
        conversation.eof()
        assert conversation.violations == []

    def test_when_it_is_not_welcome(self) -> None:
        conversation = Conversation(rules=lambda book: book.on("connect").reply("554 no"))
        conversation.eof()
        assert conversation.violations == []

    def test_when_it_was_told_of_an_extension(self) -> None:
        def rules(book: Rules) -> None:
            book.on("ehlo").reply("250 a.example\nPIPELINING\nXCOLOUR\nETRN")

        sent = [EHLO, MAIL + " XCOLOUR=red", "ETRN x", f"RSET\r\n{MAIL}"]
        assert after(*sent, rules=rules, extensions=[]) == []

    def test_a_client_that_was_not_told_of_an_extension_must_not_use_it(self) -> None:
        rules = lambda book: book.on("ehlo").reply("250 a.example")  # noqa: E731
        sent = [EHLO, f"{MAIL}\r\n{RCPT}\r\nRSET"]
        assert set(after(*sent, rules=rules)) == {"pipelining-not-offered"}


@pytest.mark.parametrize("strict", [False, True])
def test_the_end_of_a_line_that_is_far_too_long_may_come_in_two_pieces(strict: bool) -> None:
    conversation = Conversation(strict=strict)
    assert conversation.send(b"x" * 20_000 + b"\r") == b""
    assert conversation.send(b"\nNOOP\r\n").startswith(b"500 5.5.2 command line too long\r\n250 ")
    assert conversation.violations == ["long-command-line"]

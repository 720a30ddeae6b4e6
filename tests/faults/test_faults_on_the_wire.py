"""Each fault, as a client sees it: what is sent, and what comes back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import FAULTS
from tests.faults.talking import BROKEN, CLOSED, MOMENT, RESET, SILENCE, Talker, talking
from tests.rawclient import TIMEOUT

if TYPE_CHECKING:
    from pytest_smtpserver import FaultAtWork, SMTPServer

EHLO, MAIL, RCPT = "EHLO client.test", "MAIL FROM:<shop@x.test>", "RCPT TO:<ann@x.test>"
BOB, CAT = "RCPT TO:<bob@x.test>", "RCPT TO:<cat@x.test>"
#: Before a reply that must not come at once.
LATE = "(late) "
CONTENT = "Subject: Hello\r\n\r\nHello\r\n."
LOGIN = "AUTH PLAIN AG1haWxlcgBzZWNyZXQ="  # \0mailer\0secret

#: name -> pairs of what is said (`""`: nothing) and what is heard: how it begins, or, after
#: `"..."`, what is in it. What comes before them goes as ever: greeting, EHLO.
HEARD: dict[str, list[tuple[str, str]]] = {
    "busy-greeting": [("", "421 4.3.2"), ("", CLOSED)],
    "refusing-greeting": [("", "554 5.3.2"), ("QUIT", "221")],
    "no-greeting": [("", SILENCE)],
    "slow-greeting": [("", SILENCE), ("", "220")],
    "half-a-greeting": [("", "220-"), ("", SILENCE)],
    "closed-at-once": [("", CLOSED)],
    "ehlo-refused": [("", "220"), (EHLO, "502"), ("HELO client.test", "250")],
    "starttls-not-offered": [(EHLO, "...AUTH PLAIN"), ("STARTTLS", "502")],
    "starttls-refused": [(EHLO, "...STARTTLS"), ("STARTTLS", "454")],
    "starttls-then-closed": [(EHLO, "...STARTTLS"), ("STARTTLS", "220"), ("", CLOSED)],
    "handshake-nonsense": [(EHLO, "250"), ("STARTTLS", "220"), ("TLS", BROKEN)],
    "expired-certificate": [(EHLO, "250"), ("STARTTLS", "220"), ("TLS", "...expired")],
    "wrong-host-certificate": [(EHLO, "250"), ("STARTTLS", "220"), ("TLS", "...mismatch")],
    "unknown-authority": [(EHLO, "250"), ("STARTTLS", "220"), ("TLS", "...unable to get")],
    "old-tls-only": [(EHLO, "250"), ("STARTTLS", "220"), ("TLS", "...version")],
    "auth-not-offered": [(EHLO, "250"), (LOGIN, "502"), (MAIL, "530")],
    "auth-refused": [(EHLO, "...AUTH PLAIN LOGIN"), (LOGIN, "535 5.7.8")],
    "auth-deferred": [(EHLO, "250"), (LOGIN, "454 4.7.0")],
    "auth-closed": [(EHLO, "250"), (LOGIN, CLOSED)],
    "sender-refused": [(MAIL, "550 5.7.1")],
    "sender-deferred": [(MAIL, "450 4.1.8")],
    "mail-before-login": [(MAIL, "530 5.7.0")],
    "command-not-recognized": [(MAIL, "500 5.5.2")],
    "bad-sequence": [(MAIL, "503 5.5.1")],
    "syntax-error-then-closed": [(MAIL, "501 5.5.4"), ("", CLOSED)],
    "goodbye-at-mail": [(MAIL, "421 4.3.2"), ("", CLOSED)],
    "goodbye-between-messages": [(MAIL, "250"), ("RSET", "250"), (MAIL, "421"), ("", CLOSED)],
    "rate-limited": [
        (MAIL, "250"), ("RSET", "250"), (MAIL, "250"), ("RSET", "250"), (MAIL, "450 4.7.1"),
        (MAIL, "450 4.7.1"),
    ],
    "closed-after-mail": [(MAIL, CLOSED)],
    "never-answers": [("", "220"), (EHLO, SILENCE)],
    "slow-reply-to-mail": [(MAIL, SILENCE), ("", "250")],
    "greylisted": [(MAIL, "250"), (RCPT, "451 4.7.1"), (BOB, "451"), (RCPT, "250"), (BOB, "250")],
    "mailbox-full": [(MAIL, "250"), (RCPT, "452 4.2.2"), (RCPT, "452 4.2.2")],
    "over-quota": [(MAIL, "250"), (RCPT, "552 5.2.2")],
    "unknown-recipient": [(MAIL, "250"), (RCPT, "550 5.1.1"), (BOB, "550 5.1.1")],
    "relaying-denied": [(MAIL, "250"), (RCPT, "554 5.7.1")],
    "one-of-three-refused": [
        (MAIL, "250"), (RCPT, "250"), (BOB, "550 5.1.1"), (CAT, "250"), (BOB, "550 5.1.1"),
    ],
    "one-of-three-deferred": [(MAIL, "250"), (RCPT, "250"), (BOB, "450 4.2.1"), (BOB, "250")],
    "too-many-recipients": [
        (MAIL, "250"), (RCPT, "250"), (BOB, "250"), (CAT, "452 4.5.3"), ("RSET", "250"),
        (MAIL, "250"), (CAT, "250"),
    ],
    "misleading-enhanced-code": [(MAIL, "250"), (RCPT, "450 5.7.1")],
    "data-refused": [(MAIL, "250"), (RCPT, "250"), ("DATA", "554")],
    "data-deferred": [(MAIL, "250"), (RCPT, "250"), ("DATA", "451")],
    "closed-after-data": [(MAIL, "250"), (RCPT, "250"), ("DATA", CLOSED)],
    "closed-after-354": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), ("", CLOSED)],
    "reset-amid-content": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), ("half a", RESET)],
    "reset-in-content": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, RESET)],
    "content-refused": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, "550 5.7.1")],
    "content-deferred": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, "452 4.3.1")],
    "too-big": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, "552 5.3.4")],
    "lost-reply": [(MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, SILENCE)],
    "slow-reply-to-content": [
        (MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, SILENCE), ("", "250"),
    ],
    "multi-line-replies": [
        (MAIL, "250-2.1.0 the first of three lines\n250-2.1.0 the second\n250 2.1.0 the last"),
        (RCPT, "250-"), ("DATA", "354-"), (CONTENT, "250-"), ("QUIT", "221-"),
    ],
    "odd-reply-codes": [
        ("VRFY ann", "252"), (MAIL, "250"), (RCPT, "251"), ("DATA", "354"), (CONTENT, "250"),
    ],
    "replies-without-text": [
        (MAIL, "=250"), (RCPT, "=250"), ("DATA", "=354"), (CONTENT, "=250"), ("QUIT", "=221"),
    ],
    "replies-in-utf8": [(MAIL, "250 2.1.0 schön ✓"), (RCPT, "250 2.1.5 schön ✓")],
    "undecodable-replies": [(MAIL, "=250 \udcff\udcff"), (RCPT, "=250 \udcff\udcff")],
    "gibberish-reply": [(MAIL, "=gibberish")],
    "long-reply": [
        (MAIL, "250"), (RCPT, "250"), ("DATA", "354"), (CONTENT, "...very long " * 190),
    ],
    "reply-in-pieces": [(MAIL, "=250 2.1.0 ok"), (RCPT, "250")],
    "throttled": [(EHLO, f"{LATE}250")],
    "two-replies-at-once": [(MAIL, "=250 ok"), ("", "=221 bye"), ("", CLOSED)],
    "closed-while-idle": [("", "421"), ("", CLOSED)],
    "goodbye-at-quit": [("QUIT", "421 4.3.2"), ("", CLOSED)],
    "closed-at-quit": [("QUIT", CLOSED)],
    "quit-never-answered": [("QUIT", SILENCE)],
}  # fmt: skip

#: name -> the keyword that is missing from the reply to EHLO.
MISSING = {
    "no-extensions": "-",
    "pipelining-not-offered": "PIPELINING",
    "8bitmime-not-offered": "8BITMIME",
    "smtputf8-not-offered": "SMTPUTF8",
    "size-not-offered": "SIZE",
    "starttls-not-offered": "STARTTLS",
    "auth-not-offered": "AUTH",
}

#: Faults that come before the client has said anything, or at EHLO.
FROM_THE_START = ("*greeting", "closed-at-once", "ehlo-refused", "never-answers")


def begin(talker: Talker, heard: list[tuple[str, str]], name: str) -> None:
    """Go as far as the fault: nowhere, past the greeting, or past EHLO."""
    if name.endswith("greeting") or name in FROM_THE_START:
        return
    assert talker.hear().startswith("220")
    if heard[0][0] != EHLO:
        assert talker.say(EHLO).startswith("250")


def tell(talker: Talker, said: str, expected: str) -> str:
    if expected.startswith(LATE):
        began = time.monotonic()
        heard = tell(talker, said, expected.removeprefix(LATE))
        return LATE + heard if time.monotonic() - began > MOMENT / 2 else heard
    if expected == "220-":
        return talker.hear_a_beginning()
    patience = MOMENT if expected == SILENCE else TIMEOUT
    if said == "TLS":
        return talker.shake_hands()
    return talker.say(said, patience) if said else talker.hear(patience)


def is_as_expected(heard: str, expected: str) -> bool:
    if expected.startswith("..."):
        return expected.replace("...", "") in heard
    if expected.startswith("="):
        return heard == expected[1:]
    return heard.startswith(expected)


@pytest.mark.smtpserver_faults(*HEARD)
def test_a_fault_is_heard(smtpserver: SMTPServer, smtpserver_fault: FaultAtWork) -> None:
    pairs = HEARD[smtpserver_fault.name]
    with talking(smtpserver) as talker:
        begin(talker, pairs, smtpserver_fault.name)
        for said, expected in pairs:
            heard = tell(talker, said, expected)
            assert is_as_expected(heard, expected), (said, heard)
    smtpserver.wait_closed()
    assert smtpserver_fault.was_met


@pytest.mark.smtpserver_faults(*MISSING)
def test_an_extension_that_is_not_offered_is_missing(
    smtpserver: SMTPServer, smtpserver_fault: FaultAtWork
) -> None:
    with talking(smtpserver) as talker:
        talker.hear()
        assert not smtpserver_fault.was_met
        assert MISSING[smtpserver_fault.name] not in talker.say(EHLO)
    assert smtpserver_fault.was_met


@pytest.mark.smtpserver(tls="starttls", auth="required", auth_needs_tls=True)
@pytest.mark.smtpserver_faults("starttls-not-offered", "auth-not-offered")
def test_only_the_concealed_extension_is_missing(
    smtpserver: SMTPServer, smtpserver_fault: FaultAtWork
) -> None:
    with talking(smtpserver) as talker:
        talker.hear()
        in_clear = talker.say(EHLO)
        assert "AUTH" not in in_clear
        assert ("STARTTLS" in in_clear) is (smtpserver_fault.name == "auth-not-offered")
        if "STARTTLS" in in_clear:
            talker.say("STARTTLS")
            talker.shake_hands()
            assert not {"AUTH", "STARTTLS"} & {*talker.say(EHLO).split()}


@pytest.mark.smtpserver_faults("lost-reply")
def test_a_lost_reply_is_lost_once(smtpserver: SMTPServer, smtpserver_fault: FaultAtWork) -> None:
    for expected in (SILENCE, "250"):
        with talking(smtpserver) as talker:
            for line in ("", EHLO, MAIL, RCPT, "DATA"):
                tell(talker, line, "")
            assert tell(talker, CONTENT, expected).startswith(expected)
    assert len(smtpserver.messages) == 2


@pytest.mark.smtpserver_faults("closed-while-idle")
def test_an_idle_client_is_left_half_a_second(
    smtpserver: SMTPServer, smtpserver_fault: FaultAtWork
) -> None:
    began = time.monotonic()
    with talking(smtpserver) as talker:
        talker.hear()
        assert talker.hear().startswith("421")
        assert time.monotonic() - began > 0.4


def test_each_fault_is_shown() -> None:
    assert {*HEARD, *MISSING} == {fault.name for fault in FAULTS}


def test_there_are_enough_faults_and_each_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 45

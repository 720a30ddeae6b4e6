"""A fault is set to work on any server that has the settings for it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import FAULTS, AsyncSMTPServer, Fault, SMTPAssertionError, SMTPServer
from tests.faults.talking import talking

if TYPE_CHECKING:
    from typing import Unpack

    from pytest_smtpserver import ServerSettings

BY_NAME = {fault.name: fault for fault in FAULTS}


def lacking(name: str, **settings: Unpack[ServerSettings]) -> str:
    with pytest.raises(ValueError, match=f"^the fault '{name}' needs ") as raised:
        BY_NAME[name].apply(SMTPServer(**settings))
    return str(raised.value)


def test_a_fault_says_what_it_is() -> None:
    fault = BY_NAME["mailbox-full"]
    assert (fault.name, fault.stage) == ("mailbox-full", "rcpt")
    assert fault.text == "452 to each RCPT: the mailbox is full"
    assert fault.source == "RFC 3463 section 3.3"
    assert fault.wanted == "tries again later, but not for ever"
    assert str(fault) == "mailbox-full"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_described_in_short_sentences(fault: Fault) -> None:
    for text in (fault.text, fault.source, fault.wanted):
        assert 0 < len(text) < 100
        assert not text.endswith(".")


def test_a_fault_is_at_work_on_any_server() -> None:
    with SMTPServer() as server:
        at_work = BY_NAME["busy-greeting"].apply(server)
        before = at_work.was_met
        with talking(server) as talker:
            assert talker.hear().startswith("421")
        assert (before, at_work.was_met) == (False, True)
        assert (at_work.name, at_work.stage) == ("busy-greeting", "connect")
        assert (at_work.text, at_work.source) == (at_work.fault.text, at_work.fault.source)
        assert (at_work.wanted, str(at_work)) == (at_work.fault.wanted, "busy-greeting")
        assert repr(at_work) == f"<FaultAtWork busy-greeting on {server!r}>"


def test_a_fault_is_at_work_on_an_async_server() -> None:
    with SMTPServer() as server:
        BY_NAME["busy-greeting"].apply(AsyncSMTPServer(server))
        with talking(server) as talker:
            assert talker.hear().startswith("421")


def test_a_fault_that_is_never_met_fails_no_server() -> None:
    with SMTPServer() as server:
        BY_NAME["busy-greeting"].apply(server)


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("starttls-refused", {}, "tls='starttls'; this server has tls='off'"),
        ("starttls-refused", {"tls": "implicit"}, "tls='starttls'; this server has tls='implicit'"),
        ("auth-refused", {}, "auth='optional' or auth='required'; this server has auth='off'"),
        (
            "expired-certificate",
            {},
            "tls='starttls' or tls='implicit', certificate='expired'; this server has tls='off', ",
        ),
        ("ehlo-refused", {"protocol": "lmtp"}, "protocol='smtp'; this server has protocol='lmtp'"),
        ("closed-while-idle", {}, "idle_timeout=0.5; this server has idle_timeout=30.0"),
    ],
)
def test_missing_settings_of_a_server_are_named(
    name: str, settings: ServerSettings, sentence: str
) -> None:
    assert lacking(name, **settings).partition("needs ")[2].startswith(sentence)


def test_an_extension_that_is_offered_is_named() -> None:
    assert "needs extensions=['-SMTPUTF8']; this" in lacking("smtputf8-not-offered")


def test_a_fault_of_tls_is_at_work_with_implicit_tls_too() -> None:
    with SMTPServer(tls="implicit", certificate="expired") as server:
        at_work = BY_NAME["expired-certificate"].apply(server)
        with talking(server) as talker:
            assert "expired" in talker.shake_hands()
        server.wait_closed()
        assert at_work.was_met


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_can_be_applied_to_a_server_with_its_settings(fault: Fault) -> None:
    fault.apply(SMTPServer(**fault.settings))


@pytest.mark.parametrize("sent", ["yes", 1, [True]])
def test_a_belief_of_a_wrong_type_is_refused(sent: object) -> None:
    with SMTPServer() as server, pytest.raises(TypeError, match="must be True"):
        BY_NAME["busy-greeting"].apply(server).check(sent=sent)  # type: ignore[arg-type]


def test_a_mapping_that_names_nobody_is_refused() -> None:
    # smtplib returns an empty one if nobody was refused.
    with SMTPServer() as server, pytest.raises(ValueError, match=r"^sent=\{\} names no recipient"):
        BY_NAME["busy-greeting"].apply(server).check(sent={})


@pytest.mark.parametrize("timeout", [-1, "2", True, float("nan")])
def test_a_value_that_is_not_a_time_is_refused_at_once(timeout: object) -> None:
    said = re.escape(f"timeout={timeout!r}: must be a number of seconds from 0")
    with SMTPServer() as server, pytest.raises(ValueError, match=said):
        BY_NAME["busy-greeting"].apply(server).check(sent=None, timeout=timeout)  # type: ignore[arg-type]


@pytest.mark.parametrize("server", [None, "127.0.0.1:25", SMTPServer])
def test_an_object_that_is_not_a_server_is_refused(server: object) -> None:
    said = f"a fault is applied to an SMTPServer, not to {server!r}"
    with pytest.raises(TypeError, match=re.escape(said)):
        BY_NAME["greylisted"].apply(server)  # type: ignore[arg-type]


def test_an_unknown_word_about_tls_is_refused() -> None:
    with SMTPServer() as server, pytest.raises(ValueError, match="'required' or 'opportunistic'"):
        BY_NAME["busy-greeting"].apply(server).check(sent=None, tls="off")  # type: ignore[arg-type]


def test_without_pytest_a_fault_that_is_never_met_is_a_skip_of_unittest() -> None:
    code = """
from pytest_smtpserver import FAULTS, SMTPServer
import unittest
with SMTPServer() as server:
    try:
        FAULTS[0].apply(server).check(sent=None)
    except unittest.SkipTest as skipped:
        print(skipped)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.startswith("the client never met the fault 'busy-greeting'")


def test_an_unsupported_claim_is_not_a_reason_to_skip() -> None:
    with SMTPServer() as server, pytest.raises(SMTPAssertionError, match=r"^nothing was delivered"):
        BY_NAME["busy-greeting"].apply(server).check(sent=True)


@pytest.mark.parametrize(
    ("sent", "error"),
    [({1: True}, r"sent has 1: a recipient must be a str"), ({"": True}, "an empty recipient")],
)
def test_a_recipient_that_cannot_be_is_named(sent: Any, error: str) -> None:
    with SMTPServer() as server:
        at_work = BY_NAME["busy-greeting"].apply(server)
        with pytest.raises((TypeError, ValueError), match=error):
            at_work.check(sent=sent)

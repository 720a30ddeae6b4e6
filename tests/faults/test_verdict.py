"""What the verdict says about a client that makes a mistake, and about one that does not."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict, Unpack, cast

import pytest

from pytest_smtpserver import FAULTS, FaultAtWork, SMTPAssertionError, SMTPServer
from pytest_smtpserver.faults import verdict
from pytest_smtpserver.faults.verdict import MISTAKES
from tests.faults import mailers
from tests.faults.mailers import ANN, BOB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import ServerSettings
    from pytest_smtpserver.faults.belief import Sent
    from tests.faults.mailers import Mailer

BY_NAME = {fault.name: fault for fault in FAULTS}


class Checked(TypedDict, total=False):
    """What `check` is told beside the belief."""

    timeout: float
    tls: Literal["required", "opportunistic"]


class AtWork(Protocol):
    """Sets a fault to work."""

    def __call__(self, name: str, **settings: Unpack[ServerSettings]) -> FaultAtWork:
        """Return it, on a server that has started."""


@dataclass(frozen=True)
class Case:
    """A fault, a client that makes the mistake, one that does not, and the failure's beginning."""

    fault: str
    mistaken: Mailer
    correct: Mailer
    first_line: str
    checked: Checked = field(default_factory=Checked)


CASES = {
    "believed-delivered": Case(
        "unknown-recipient", mailers.never_listens, mailers.gives_up,
        "ann@x.test did not get the mail, but the mailer says 'delivered': "
        "'550 5.1.1 no such user' [unknown-recipient, RFC 5321 section 4.2.5]",
    ),
    "believed-failed": Case(
        "multi-line-replies", mailers.gives_up, mailers.never_listens,
        "the mail was accepted, but the mailer says 'failed for good' [multi-line-replies, ",
    ),
    "gave-up": Case(
        "mailbox-full", mailers.gives_up, mailers.will_try_again,
        "gave up for good after '452 4.2.2 mailbox full' [mailbox-full, RFC 5321 section 4.2.1]",
    ),
    "tried-again": Case(
        "unknown-recipient", mailers.tries(3), mailers.tries(2),
        "tried again 2 times after '550 5.1.1 no such user' to RCPT [unknown-recipient, RFC 5321 ",
    ),
    "sent-twice": Case(
        "one-of-three-deferred", mailers.sends_to_all_again, mailers.sends_to_those_left,
        "sent the same mail 2 times to ann@x.test [one-of-three-deferred, RFC 5321 section 6.1]",
    ),
    "password-in-clear": Case(
        "starttls-refused", mailers.logs_in_all_the_same, mailers.insists_on_tls,
        "sent its password with AUTH PLAIN in clear, after TLS failed: 454 to STARTTLS "
        "[starttls-refused, RFC 4954 section 4]",
        {"tls": "opportunistic"},
    ),
    "content-in-clear": Case(
        "starttls-not-offered", mailers.sends_all_the_same, mailers.insists_on_tls,
        "sent the content in session 1 in clear, after TLS failed: STARTTLS is missing from the "
        "reply to EHLO [starttls-not-offered, RFC 3207 section 6]",
    ),
    "too-slow": Case(
        "slow-greeting", mailers.never_listens, lambda server: True,
        "took ", {"timeout": 0.1},
    ),
    "violation": Case(
        "pipelining-not-offered", mailers.does_not_wait, mailers.never_listens,
        "violated the protocol: the client did not wait for a reply, though PIPELINING was not "
        "offered",
    ),
}  # fmt: skip


@pytest.fixture(params=CASES)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def at_work() -> Iterator[AtWork]:
    """Set a fault to work on a server with its settings; all of them are stopped."""
    servers = []

    def apply(name: str, **settings: Unpack[ServerSettings]) -> FaultAtWork:
        given = cast("ServerSettings", {**BY_NAME[name].settings, **settings})
        server = SMTPServer(**given).start()
        servers.append(server)
        return BY_NAME[name].apply(server)

    yield apply
    for server in servers:
        server.stop()


def judged(fault: FaultAtWork, mailer: Mailer, **checked: Unpack[Checked]) -> str:
    """Return the verdict on a mailer, `""` if nothing is wrong."""
    assert isinstance(fault.server, SMTPServer)
    sent = mailer(fault.server)
    try:
        fault.check(sent=sent, **checked)
    except SMTPAssertionError as error:
        return str(error)
    return ""


def test_a_client_with_that_mistake_is_told_in_the_first_line(at_work: AtWork, code: str) -> None:
    case = CASES[code]
    said = judged(at_work(case.fault), case.mistaken, **case.checked)
    assert said.startswith(case.first_line)


def test_a_client_without_that_mistake_passes(at_work: AtWork, code: str) -> None:
    case = CASES[code]
    checked = {**case.checked, "timeout": 20} if "timeout" in case.checked else case.checked
    mailer = case.mistaken if "timeout" in case.checked else case.correct
    assert judged(at_work(case.fault), mailer, **checked) == ""


def test_without_its_row_a_mistake_is_not_found(
    at_work: AtWork, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "MISTAKES", tuple(one for one in MISTAKES if one.code != code))
    with pytest.raises(AssertionError):
        test_a_client_with_that_mistake_is_told_in_the_first_line(at_work, code)


def test_each_row_has_its_case() -> None:
    assert list(CASES) == [one.code for one in MISTAKES]


def test_the_failure_says_the_fault_what_was_wanted_and_what_the_server_saw(
    at_work: AtWork,
) -> None:
    assert judged(at_work("unknown-recipient"), mailers.never_listens).splitlines()[1:] == [
        "",
        "the fault: unknown-recipient: 550 to each RCPT (RFC 5321 section 3.3)",
        "a good client gives up for good, and says so",
        "the mailer said: delivered",
        "the server saw: <Transaction rejected: shop@x.test -> nobody>: '550 5.1.1 no such user'",
    ]


def test_other_mistakes_are_listed_below(at_work: AtWork) -> None:
    said = judged(at_work("unknown-recipient"), lambda server: not mailers.tries(4)(server))
    assert said.startswith("ann@x.test did not get")
    assert "\nalso: tried again 3 times after '550" in said or "also: tried again 2 times" in said


# Beliefs.


def test_beliefs_about_each_recipient_are_judged_one_by_one(at_work: AtWork) -> None:
    assert judged(at_work("one-of-three-refused"), mailers.tells_of_each) == ""
    assert judged(at_work("one-of-three-deferred"), mailers.tells_of_each) == ""
    assert judged(at_work("too-many-recipients"), mailers.tells_of_each) == ""


@pytest.mark.parametrize(
    ("fault", "changed", "first_line"),
    [
        ("one-of-three-refused", {BOB: True}, "bob@x.test did not get the mail"),
        ("one-of-three-refused", {ANN: False}, "the mail to ann@x.test was accepted, but"),
        ("one-of-three-refused", {ANN: None}, "the mail to ann@x.test was accepted, but"),
        ("one-of-three-deferred", {BOB: False}, "gave up for good after '450 4.2.1 mailbox"),
        ("one-of-three-refused", {"dan@x.test": True}, "dan@x.test did not get the mail"),
    ],
)  # fmt: skip
def test_one_recipient_that_is_wrong_is_named(
    at_work: AtWork, fault: str, changed: dict[str, bool | None], first_line: str
) -> None:
    def mailer(server: SMTPServer) -> Sent:
        told = mailers.tells_of_each(server)
        return {**told, **changed}

    assert judged(at_work(fault), mailer).startswith(first_line)


def test_addresses_are_compared_as_mailboxes(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> Sent:
        mailers.deliver(server, [ANN])
        return {"ann@X.TEST": True}

    assert judged(at_work("odd-reply-codes"), mailer) == ""


def test_one_word_for_all_is_not_wrong_if_only_some_got_it(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> None:
        mailers.deliver(server, mailers.ALL)

    assert judged(at_work("one-of-three-refused"), mailer) == ""


@pytest.mark.parametrize("sent", [None, ValueError("oops")])
def test_a_client_that_got_the_250_and_does_not_believe_it_is_wrong(
    at_work: AtWork, sent: Exception | None
) -> None:
    def mailer(server: SMTPServer) -> Exception | None:
        mailers.deliver(server, [ANN])
        return sent

    said = judged(at_work("replies-in-utf8"), mailer)
    assert said.startswith("the mail was accepted, but the mailer says '")


@pytest.mark.parametrize("sent", [None, ValueError("oops")])
def test_a_client_that_may_have_missed_the_250_is_not_wrong(
    at_work: AtWork, sent: Exception | None
) -> None:
    def mailer(server: SMTPServer) -> Exception | None:
        mailers.hears_nothing_of_its_mail(server)
        return sent

    assert judged(at_work("lost-reply"), mailer) == ""


def test_an_exception_says_nothing_about_permanence(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> Exception:
        mailers.deliver(server, [ANN])
        return ValueError("oops")

    assert judged(at_work("mailbox-full"), mailer) == ""
    assert judged(at_work("unknown-recipient"), mailer) == ""


def test_a_temporary_reply_before_any_mail_is_one_too(at_work: AtWork) -> None:
    said = judged(at_work("busy-greeting"), mailers.gives_up)
    assert said.startswith("gave up for good after '421 4.3.2 too busy, try again later'")


def test_the_first_digit_decides_whatever_the_enhanced_code_says(at_work: AtWork) -> None:
    said = judged(at_work("misleading-enhanced-code"), mailers.gives_up)
    assert said.startswith("gave up for good after '450 5.7.1 not now'")


# Retries.


@pytest.mark.parametrize("fault", ["refusing-greeting", "sender-refused", "content-refused"])
def test_each_stage_can_be_tried_once_more(at_work: AtWork, fault: str) -> None:
    assert judged(at_work(fault), mailers.tries(2)) == ""
    assert judged(at_work(fault), mailers.tries(3)).startswith("tried again 2 times after '55")


def test_helo_after_a_refused_ehlo_is_not_a_retry(at_work: AtWork) -> None:
    mailer = mailers.sends_several(4, in_one_session=False)

    def one_after_the_other(server: SMTPServer) -> Sent:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mailers, "MAIL", "Subject: Hello\r\n\r\n")
            return mailer(server)

    at = at_work("ehlo-refused")
    said = judged(at, one_after_the_other)
    assert "tried again" not in said


def test_another_mechanism_is_not_a_retry(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> Exception | None:
        with mailers.connected(server) as client:
            try:
                client.login("mailer", "secret")  # PLAIN, then LOGIN
            except smtplib.SMTPException as error:
                return error
        return None

    fault = at_work("auth-refused")
    assert judged(fault, mailer) == ""
    assert judged(fault, mailer) == ""
    assert judged(fault, mailer).startswith("tried again 2 times after '535")


def test_with_a_mapping_each_recipient_may_have_a_session_of_its_own(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> Sent:
        return {who: bool(not mailers.deliver(server, [who])) for who in mailers.ALL}

    assert judged(at_work("sender-refused"), mailer) == ""


def test_a_client_that_an_earlier_test_has_left_may_leave_now(at_work: AtWork) -> None:
    fault = at_work("multi-line-replies")
    assert isinstance(fault.server, SMTPServer)
    older = smtplib.SMTP(*fault.server.addr)
    older.ehlo()
    fault.server.clear()

    def mailer(server: SMTPServer) -> bool:
        older.close()
        server.wait_for_session(ended_by="client", timeout=20)
        return not mailers.deliver(server, [ANN])

    assert judged(fault, mailer) == ""


# Copies.


def test_the_same_words_twice_are_not_a_copy_if_several_are_to_be_sent(at_work: AtWork) -> None:
    mailer = mailers.sends_several(3, in_one_session=False)
    assert judged(at_work("rate-limited"), mailer) == ""


def test_the_same_words_twice_are_a_copy_elsewhere(at_work: AtWork) -> None:
    mailer = mailers.sends_several(2, in_one_session=False)
    assert judged(at_work("odd-reply-codes"), mailer).startswith("sent the same mail 2 times")


def test_two_copies_after_a_lost_reply_are_allowed(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> bool:
        mailers.hears_nothing_of_its_mail(server)
        return not mailers.deliver(server, [ANN])

    assert judged(at_work("lost-reply"), mailer) == ""


# Several messages.


def test_a_client_that_loses_the_second_message_of_a_session_is_told(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> bool:
        mailers.sends_several(2, in_one_session=True)(server)
        return True

    said = judged(at_work("goodbye-between-messages"), mailer)
    first = "somebody did not get the mail, but the mailer says 'delivered': '421 4.7.0"
    assert said.startswith(first)


def test_a_client_that_sends_the_second_message_in_a_new_session_is_right(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> Sent:
        mailers.sends_several(2, in_one_session=True)(server)
        return not mailers.deliver(server, [ANN])

    assert judged(at_work("goodbye-between-messages"), mailer) == ""


def test_a_client_that_says_that_the_second_message_failed_is_right(at_work: AtWork) -> None:
    mailer = mailers.sends_several(2, in_one_session=True)
    assert judged(at_work("goodbye-between-messages"), mailer) == ""


def each_for_all(belief: bool | None) -> Mailer:
    def mailer(server: SMTPServer) -> Sent:
        for _ in range(3):
            mailers.deliver(server, mailers.ALL, mailers.MAIL.replace("1@", f"{_}@"))
        return dict.fromkeys(mailers.ALL, belief)

    return mailer


def test_each_unknown_recipient_of_a_message_may_be_tried_again(at_work: AtWork) -> None:
    assert judged(at_work("rate-limited"), each_for_all(None)) == ""


def test_a_message_whose_recipients_nobody_knows_was_not_delivered_to_all(at_work: AtWork) -> None:
    said = judged(at_work("rate-limited"), each_for_all(True))
    first = "somebody did not get the mail, but the mailer says 'delivered': '450 4.7.1"
    assert said.startswith(first)


def test_a_reply_to_quit_is_not_a_refusal(at_work: AtWork) -> None:
    said = judged(at_work("goodbye-at-quit"), mailers.gives_up)
    assert said.startswith("the mail was accepted, but the mailer says 'failed for good'")
    assert "also:" not in said


# TLS.


def test_content_in_clear_is_allowed_if_tls_is_opportunistic(at_work: AtWork) -> None:
    fault = at_work("starttls-not-offered")
    assert judged(fault, mailers.sends_all_the_same, tls="opportunistic") == ""


@pytest.mark.parametrize(
    "fault", ["expired-certificate", "wrong-host-certificate", "unknown-authority"]
)
def test_a_client_that_sends_to_an_unverified_server_is_told(at_work: AtWork, fault: str) -> None:
    said = judged(at_work(fault), mailers.looks_at_no_certificate)
    assert said.startswith("sent the content in session 1 though the certificate ")
    mailer = mailers.looks_at_no_certificate
    assert judged(at_work(fault), mailer, tls="opportunistic") == ""
    assert judged(at_work(fault), mailers.insists_on_tls) == ""


@pytest.mark.parametrize("auth_needs_tls", [True, False])
def test_a_client_that_gives_up_before_its_password_shows_none(
    at_work: AtWork,
    auth_needs_tls: bool,
) -> None:
    def mailer(server: SMTPServer) -> bool:
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            client.ehlo()
            client.docmd("STARTTLS")
            # Refused at once, or cancelled at the first challenge.
            if client.docmd("AUTH", "LOGIN")[0] == 334:
                client.docmd("*")
        return False

    fault = at_work("starttls-refused", auth_needs_tls=auth_needs_tls)
    assert judged(fault, mailer) == ""


def test_a_mechanism_that_shows_no_password_shows_none_in_clear(at_work: AtWork) -> None:
    fault = at_work("starttls-refused", auth_needs_tls=False, mechanisms=["CRAM-MD5"])
    assert judged(fault, mailers.logs_in_all_the_same, tls="opportunistic") == ""
    assert isinstance(fault.server, SMTPServer)
    [session] = fault.server.sessions
    assert [attempt.mechanism for attempt in session.auth] == ["CRAM-MD5"]


def test_mail_in_clear_is_allowed_if_the_fault_is_not_about_tls(at_work: AtWork) -> None:
    assert judged(at_work("odd-reply-codes"), mailers.never_listens) == ""


# The protocol.


def test_a_client_that_leaves_without_quit_is_told(at_work: AtWork) -> None:
    said = judged(at_work("odd-reply-codes"), mailers.leaves_without_quit)
    assert said.startswith("violated the protocol: the client left without QUIT")


def test_a_client_may_leave_without_quit_after_a_refusal(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> bool:
        client = mailers.connected(server)
        client.ehlo()
        client.mail("shop@x.test")
        client.close()
        server.wait_closed()
        return False

    assert judged(at_work("sender-refused"), mailer) == ""


def goes_on_after_a_refusal(server: SMTPServer) -> bool:
    with mailers.connected(server) as client:
        client.ehlo()
        client.mail("shop@x.test")
        client.rcpt("ann@x.test")
    return False


def test_a_client_that_may_have_pipelined_the_next_command_is_right(at_work: AtWork) -> None:
    assert judged(at_work("sender-refused"), goes_on_after_a_refusal) == ""


def test_a_client_without_pipelining_must_read_the_refusal(at_work: AtWork) -> None:
    fault = at_work("sender-refused", extensions=["-PIPELINING"])
    said = judged(fault, goes_on_after_a_refusal)
    assert said.startswith("violated the protocol: the command may not come here")


def test_no_line_of_a_verdict_is_long(at_work: AtWork) -> None:
    def mailer(server: SMTPServer) -> bool:
        mailers.deliver(server, [f"{'x' * 60}@{'y' * 60}.{'z' * 60}.test"])
        return True

    said = judged(at_work("unknown-recipient"), mailer)
    assert max(map(len, said.splitlines())) <= 200

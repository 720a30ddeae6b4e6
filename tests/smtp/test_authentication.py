"""AUTH in a session: who is authenticated, what is recorded, what is shown."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.conversation import Conversation

if TYPE_CHECKING:
    from typing import Unpack

    from pytest_smtpserver import ServerSettings
    from pytest_smtpserver.settings.keywords import Auth

USERS = {"ann": "open sesame"}


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def logged_in(mechanism: str, *answers: str, **settings: Unpack[ServerSettings]) -> Conversation:
    given: ServerSettings = {"auth": "optional", **settings}
    conversation = Conversation(**given)
    conversation.lines("EHLO client.example.org", f"AUTH {mechanism}", *answers)
    return conversation


def test_a_token_without_a_name_lets_the_client_send_mail_where_auth_is_required() -> None:
    conversation = Conversation(auth="required")
    token = b64("n,,\x01auth=Bearer abc\x01\x01")
    codes = conversation.codes("EHLO c.example", f"AUTH OAUTHBEARER {token}", "MAIL FROM:<>")
    assert codes == [250, 235, 250]
    assert conversation.session.username is None


def test_a_client_that_logged_in_without_a_name_may_not_log_in_again() -> None:
    conversation = logged_in("OAUTHBEARER", b64("n,,\x01auth=Bearer abc\x01\x01"))
    assert conversation.codes("AUTH LOGIN") == [503]


# What a client may send that was meant to be AUTH, and what of it may be shown.
SHOWN = {
    "AUTH PLAIN c2VjcmV0": "AUTH PLAIN ***",
    "auth plain c2VjcmV0": "auth plain ***",
    "AUTH  PLAIN  c2VjcmV0": "AUTH  PLAIN  ***",
    "AUTH LOGIN": "AUTH LOGIN",
    "AUTH GSSAPI": "AUTH GSSAPI",
    "AUTH": "AUTH",
    "AUTH c2VjcmV0": "AUTH ***",
    "AUTH c2VjcmV0 PLAIN": "AUTH *** ***",
    "AUTH\tPLAIN c2VjcmV0": "AUTH PLAIN ***",
    " AUTH PLAIN c2VjcmV0": " AUTH PLAIN ***",
    "AUTH=c2VjcmV0": "AUTH ***",
    "AUTHPLAIN c2VjcmV0": "AUTH ***",
    "\0AUTH PLAIN c2VjcmV0": "AUTH ***",
    "-AUTH PLAIN c2VjcmV0": "AUTH ***",
}


@pytest.mark.parametrize("auth", ["off", "optional"])
@pytest.mark.parametrize("sent", SHOWN)
def test_an_auth_command_is_masked_however_malformed_it_is(sent: str, auth: Auth) -> None:
    conversation = Conversation(auth=auth)
    replies = conversation.lines("EHLO client.example.org", sent)
    if sent != "AUTH LOGIN" or auth == "off":
        assert conversation.session.exchanges[-1].command == SHOWN[sent]
    assert SHOWN[sent] in conversation.session.transcript
    seen = [conversation.session.transcript, *map(str, conversation.session.violations), *replies]
    assert [text for text in seen if "c2VjcmV0" in text] == []


@pytest.mark.parametrize("sent", ["AUTH LOGIN", "AUTH\tLOGIN", "AUTH c2Vj", "AUTH LOGIN !"])
def test_lines_after_a_refused_auth_are_masked_until_the_next_command(sent: str) -> None:
    conversation = Conversation(auth="off")
    conversation.lines("EHLO client.example.org", sent, "YW5u", "c2VjcmV0", "NOOP", "XYZ")
    transcript = conversation.session.transcript
    assert "YW5u" not in transcript
    assert "c2VjcmV0" not in transcript
    assert transcript.count("C: ***") == 2
    assert "C: XYZ" in transcript


@pytest.mark.parametrize("answer", ["b3BlbiBzZXNhbWU=", "MAIL b3BlbiBzZXNhbWU=", "QUIT b3BlbiBz"])
def test_an_answer_that_comes_again_after_a_successful_auth_is_masked(answer: str) -> None:
    conversation = logged_in("PLAIN", b64("\0ann\0open sesame"), users=USERS)
    conversation.lines(answer)
    assert "C: ***" in conversation.session.transcript
    assert "b3Blbi" not in conversation.session.transcript


def test_lines_after_the_first_well_formed_command_after_auth_are_shown() -> None:
    conversation = logged_in("PLAIN", b64("\0ann\0open sesame"), users=USERS)
    conversation.lines("NOOP", "XYZ")
    assert "C: XYZ" in conversation.session.transcript


def test_a_malformed_first_answer_is_a_failed_attempt_wherever_it_is() -> None:
    for lines in (["AUTH PLAIN !"], ["AUTH PLAIN", "!"]):
        conversation = Conversation(auth="optional")
        assert conversation.codes("EHLO client.example.org", *lines)[-1] == 501
        (attempt,) = conversation.session.auth
        assert (attempt.mechanism, attempt.username, attempt.succeeded) == ("PLAIN", None, False)


@pytest.mark.parametrize(
    "lines",
    [
        ["AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ=="],
        ["AUTH PLAIN", "AGFubgBvcGVuIHNlc2FtZQ=="],
        ["AUTH LOGIN", "YW5u", "b3BlbiBzZXNhbWU="],
        ["AUTH LOGIN YW5u", "b3BlbiBzZXNhbWU="],
    ],
)
def test_a_password_in_clear_is_one_violation_if_tls_was_offered(lines: list[str]) -> None:
    conversation = Conversation(auth="optional", tls="starttls", auth_needs_tls=False)
    for line in ("EHLO client.example.org", *lines):
        conversation.lines(line)
    assert conversation.violations == ["plaintext-credentials"]


@pytest.mark.parametrize(
    "settings", [{}, {"auth_needs_tls": False}, {"mechanisms": ["CRAM-MD5"]}], ids=str
)
def test_a_password_in_clear_is_a_violation_whatever_the_reply(settings: ServerSettings) -> None:
    given: ServerSettings = {"auth": "optional", "tls": "starttls", **settings}
    conversation = Conversation(**given)
    for line in ("EHLO client.example.org", "AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ=="):
        conversation.lines(line)
    assert conversation.violations == ["plaintext-credentials"]


@pytest.mark.parametrize("lines", [["AUTH PLAIN", "*"], ["AUTH CRAM-MD5", "YW5u"]])
def test_a_login_without_a_password_in_clear_is_not_a_violation(lines: list[str]) -> None:
    conversation = Conversation(auth="optional", tls="starttls", auth_needs_tls=False)
    conversation.lines("EHLO client.example.org", lines[0])
    conversation.lines(lines[1])
    assert "plaintext-credentials" not in conversation.violations

"""AUTH in a session: who is authenticated, what is recorded, what is shown."""

from __future__ import annotations

from base64 import b64encode

import pytest
from conversation import Conversation

USERS = {"ann": "open sesame"}


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def logged_in(mechanism: str, *answers: str, **settings: object) -> Conversation:
    conversation = Conversation(auth="optional", **settings)
    conversation.lines("EHLO client.example.org", f"AUTH {mechanism}", *answers)
    return conversation


def test_a_token_without_a_name_lets_the_client_send_mail_where_auth_is_required() -> None:
    conversation = Conversation(auth="required")
    token = b64("n,,\x01auth=Bearer abc\x01\x01")
    codes = conversation.codes("EHLO c.example", f"AUTH OAUTHBEARER {token}", "MAIL FROM:<>")
    assert codes == [250, 235, 250]
    assert conversation.session.username is None


def test_a_client_that_was_let_in_without_a_name_may_not_log_in_again() -> None:
    conversation = logged_in("OAUTHBEARER", b64("n,,\x01auth=Bearer abc\x01\x01"))
    assert conversation.codes("AUTH LOGIN") == [503]

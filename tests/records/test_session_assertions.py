"""What a test asserts of one session."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import AuthAttempt, Reply, Session, SMTPAssertionError
from pytest_smtpserver.engine import TLSInfo
from pytest_smtpserver.records.exchange import Exchange
from pytest_smtpserver.records.violations import violation
from tests.failing import first_line

if TYPE_CHECKING:
    from pytest_smtpserver.records.session import EndedBy


def session(*commands: tuple[str, str | None], **rest: Any) -> Session:
    """Return a session with these commands and replies, `None` for no reply."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    given: dict[str, Any] = {
        "id": 1, "client": ("127.0.0.1", 1), "started_at": now, "ended_at": now,
        "ended_by": "quit", "helo": "x", "is_esmtp": True, "tls": None, "tls_failure": None,
        "auth": (), "username": None, "violations": (), "_transactions": tuple,
        "_passed": lambda: tuple(
            Exchange(
                command=command,
                reply=Reply.parse(reply) if reply else None,
                received=0.0,
                answered=0.0,
            )
            for command, reply in commands
        ),
    }  # fmt: skip
    return Session(**{**given, **rest})


def tls(version: str) -> TLSInfo:
    return TLSInfo(version=version, cipher="x", server_name=None)


def attempt(succeeded: bool = True, mechanism: str = "PLAIN", **rest: Any) -> AuthAttempt:
    given = {"username": "ann", "over_tls": True, **rest}
    return AuthAttempt(mechanism=mechanism, succeeded=succeeded, **given)


def test_a_session_that_ended_with_quit_passes() -> None:
    session().assert_quit()


@pytest.mark.parametrize(
    ("ended_by", "instead"),
    [
        (None, "the session is still open"),
        ("client", "the client closed the connection without QUIT"),
        ("reset", "the client reset the connection, without QUIT"),
        ("timeout", "the client was silent for too long, without QUIT"),
        ("server", "the server ended the session before QUIT"),
    ],
)
def test_a_failure_says_what_happened_instead_of_quit(
    ended_by: EndedBy | None, instead: str
) -> None:
    assert first_line(session(ended_by=ended_by).assert_quit) == instead


def test_a_version_of_tls_is_enough_if_it_is_not_older() -> None:
    session(tls=tls("TLSv1.3")).assert_tls()
    session(tls=tls("TLSv1.2")).assert_tls("TLSv1.2")
    assert first_line(session(tls=tls("TLSv1.2")).assert_tls, "TLSv1.3") == (
        "TLSv1.2 was used, not TLSv1.3 or later"
    )


def test_why_a_session_is_in_clear_is_said() -> None:
    assert first_line(session().assert_tls) == "no STARTTLS: the session stayed in clear"
    refused = session(("STARTTLS", "454 4.7.0 not now"))
    assert first_line(refused.assert_tls) == "STARTTLS was refused: the session stayed in clear"
    failed = session(tls_failure="the client does not know the CA")
    assert first_line(failed.assert_tls) == (
        "the TLS handshake failed: the client does not know the CA"
    )


def test_an_unknown_version_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"minimum='1.2': must be one of TLSv1, TLSv1.1, "):
        session().assert_tls("1.2")


def test_a_client_is_authenticated_as_and_with_what_is_expected() -> None:
    made = session(auth=(attempt(False), attempt(mechanism="LOGIN")), username="ann")
    made.assert_authenticated()
    made.assert_authenticated("ann", mechanism="login")
    assert first_line(made.assert_authenticated, "bob") == ("username is 'ann', not 'bob'")
    assert first_line(made.assert_authenticated, mechanism="PLAIN") == (
        "the client logged in with LOGIN, not PLAIN"
    )


def test_the_reply_that_refused_the_credentials_is_said() -> None:
    wrong = attempt(False, reply=Reply(535, "wrong", "5.7.8"))
    made = session(("AUTH PLAIN ***", "535 5.7.8 wrong"), auth=(wrong,))
    assert first_line(made.assert_authenticated, "ann") == (
        "AUTH PLAIN as 'ann' was refused: 535 5.7.8 wrong"
    )


@pytest.mark.parametrize(
    ("last", "attempts", "instead"),
    [
        (None, [], "the client did not finish AUTH LOGIN"),
        (None, [attempt(False)], "AUTH PLAIN as 'ann' was refused"),
        ("421 too slow", [], "the client did not finish AUTH LOGIN"),
        (
            "421 no",
            [attempt(False, reply=Reply(421, "no"))],
            "AUTH PLAIN as 'ann' was refused: 421 no",
        ),
        (None, [attempt(False, reply=Reply(535, "no"))], "the client did not finish AUTH LOGIN"),
        (None, [attempt(False, username=None)], "AUTH PLAIN was refused"),
        ("501 what", [], "the client did not log in: AUTH was refused: 501 what"),
    ],
)
def test_an_attempt_is_not_blamed_for_the_reply_to_another(
    last: str | None, attempts: list[AuthAttempt], instead: str
) -> None:
    made = session(("AUTH PLAIN ***", "535 no"), ("AUTH LOGIN", last), auth=tuple(attempts))
    assert first_line(made.assert_authenticated) == instead


def test_two_spaces_before_a_mechanism_do_not_hide_it() -> None:
    made = session(("AUTH  login", None))
    assert first_line(made.assert_authenticated) == "the client did not finish AUTH LOGIN"


def test_a_reply_that_a_rule_has_withheld_refuses_nobody() -> None:
    withheld = Exchange(
        command="AUTH PLAIN ***", reply=None, rule="a rule", received=0.0, answered=0.0
    )
    made = session(_passed=lambda: (withheld,), auth=(attempt(False),))
    assert first_line(made.assert_authenticated) == "AUTH PLAIN as 'ann' got no reply"


def test_what_was_said_before_starttls_authenticates_nobody() -> None:
    early = AuthAttempt(mechanism="PLAIN", username="ann", succeeded=True, over_tls=False)
    session(auth=(early,)).assert_authenticated()
    made = session(auth=(early,), tls=tls("TLSv1.3"))
    assert first_line(made.assert_authenticated) == (
        "AUTH PLAIN as 'ann' came before STARTTLS, which undoes it"
    )
    session(auth=(early, attempt()), tls=tls("TLSv1.3")).assert_authenticated()


def test_violations_are_listed_and_can_be_ignored() -> None:
    made = session(violations=(violation("no-quit"), violation("out-of-order", "DATA")))
    with pytest.raises(SMTPAssertionError) as caught:
        made.assert_no_violations(ignore=["no-quit"])
    line = "out-of-order: the command may not come here: DATA (RFC 5321 section 4.1.4)"
    assert str(caught.value) == (
        f"{line}\n\nexpected no violations; there is 1 violation of {made!r}:\n  {line}"
    )
    made.assert_no_violations(ignore=("no-quit", "out-of-order"))
    with pytest.raises(ValueError, match="'noquit' is not the code of a violation"):
        made.assert_no_violations(ignore="noquit")


@pytest.mark.parametrize("unknown", ["sender", "recipients"])
def test_the_envelopes_of_a_session_are_in_its_transactions(unknown: str) -> None:
    with pytest.raises(AttributeError, match=r"; did you mean 'transactions'\?$"):
        getattr(session(), unknown)

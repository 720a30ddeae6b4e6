"""Passwords and tokens appear in nothing that the server, or pytest, shows of a login."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import SMTPAssertionError, SMTPServer
from tests.secrets.logging_in import MECHANISMS, SECRET, USER, Client, forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver import Command

USERS = {USER: SECRET}
SERVERS: dict[str, dict[str, Any]] = {
    "right": {"auth": "optional", "users": USERS},
    "wrong": {"auth": "required", "users": {USER: "another", "bob": SECRET}},
    "off": {},
    "before TLS": {"auth": "optional", "tls": "starttls", "users": USERS},
    "not offered": {"auth": "optional", "mechanisms": ["CRAM-MD5"], "users": USERS},
}
WAYS = [Client.log_in, Client.log_in_at_once, Client.log_in_wrongly]


class Ear:
    """Collects what a rule's callable gets."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, command: Command) -> None:
        self.heard += [repr(command), command.line, command.argument, repr(command.session)]


def shown(server: SMTPServer) -> Iterator[str]:
    """Yield every text that a server shows."""
    yield from (repr(server), repr(server.settings), str(server.settings), server.transcript)
    yield from map(repr, server.rules if hasattr(server, "rules") else ())
    for session in server.sessions:
        yield from (repr(session), session.transcript)
        for exchange in session.exchanges:
            yield from (repr(exchange), exchange.command, exchange.argument, str(exchange.reply))
        for record in (*session.auth, *session.violations, *session.transactions):
            yield from (repr(record), str(record))
    yield from failures(server)


def failures(server: SMTPServer) -> Iterator[str]:
    for wait in (
        lambda: server.wait_for_message(timeout=0, username="x"),
        lambda: server.wait_for_messages(2, timeout=0),
        lambda: server.wait_for_transaction(timeout=0, mail_from="x@example.org"),
        lambda: server.wait_for_session(timeout=0, username="x"),
        lambda: server.wait_for_session(timeout=0, ended_by="timeout"),
    ):
        with pytest.raises(SMTPAssertionError) as failure:
            wait()
        yield str(failure.value)


def found_in(texts: list[str], secrets: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (name, text)
        for text in texts
        for name, secret in secrets.items()
        if secret.lower() in text.lower()
    ]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("settings", SERVERS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_nothing_that_is_recorded_shows_a_secret(
    mechanism: str, settings: str, way: Callable[[Client, str], object]
) -> None:
    server = SMTPServer(**{"hostname": "smtp.example", **SERVERS[settings]}).start()
    ear = Ear()
    rules = [server.on("*", optional=True).reply(ear)]
    if "auth" in SERVERS[settings]:
        rules.append(server.on("auth", optional=True).reply(ear))
    client = Client(server)
    way(client, mechanism)
    client.ask(b"QUIT")
    client.close()
    server.stop()
    texts = [*shown(server), *ear.heard, *map(repr, rules)]
    texts += [repr(hit) for rule in rules for hit in rule.hits]
    assert "QUIT" in server.transcript
    assert found_in(texts, forms(client.sent)) == []


def test_the_search_would_find_a_secret_in_each_form() -> None:
    secrets = forms([b"\0ann\0" + SECRET.encode()])
    texts = [f"x{secret}x" for secret in secrets.values()]
    assert {name for name, _ in found_in(texts, secrets)} == set(secrets)


def test_a_client_that_logged_in_is_in_the_search() -> None:
    with SMTPServer(**SERVERS["right"]) as server:
        for mechanism in MECHANISMS:
            client = Client(server)
            assert client.log_in(mechanism).startswith(b"235 ")
            assert client.sent
            client.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"users": {USER: SECRET, "": SECRET}},
        {"users": {USER: f"{SECRET}\0"}},
        {"users": [f"{USER}:{SECRET}"]},
        {"users": SECRET},
        {"user": {USER: SECRET}},
        {"auth": "required", "users": {}, "mechanisms": ["SCRAM-SHA-1"], "password": SECRET},
    ],
    ids=["no name", "NUL", "a list", "a str", "unknown", "unknown too"],
)
def test_no_error_about_settings_shows_a_secret(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        SMTPServer(**settings)
    assert found_in([str(error.value), repr(error.value)], forms([])) == []


def test_the_error_of_a_test_s_callable_shows_no_secret() -> None:
    server = SMTPServer(**SERVERS["right"]).start()
    server.on("auth").reply(lambda command: str(1 / 0))
    client = Client(server)
    client.log_in("PLAIN")
    client.close()
    server.stop()
    with pytest.raises(ZeroDivisionError) as error:
        server.check()
    texts = [*map(str, (error.value, *getattr(error.value, "__notes__", ()))), *shown(server)]
    assert found_in(texts, forms(client.sent)) == []


SUITE = """
    import pytest
    from tests.secrets.logging_in import MECHANISMS, Client

    @pytest.mark.parametrize("mechanism", MECHANISMS)
    @pytest.mark.parametrize("way", ["log_in", "log_in_at_once", "log_in_wrongly"])
    def test_logs_in(smtpserver, mechanism, way):
        client = Client(smtpserver)
        getattr(client, way)(mechanism)
        # Report, folders and inbox show attempts to send, with their sessions.
        client.ask(b"RSET")
        client.ask(b"MAIL FROM:<from@example.org>")
        client.ask(b"QUIT")
        client.close()
        if mechanism == "PLAIN":
            assert smtpserver.settings == smtpserver.sessions
        smtpserver.wait_for_message(timeout=0)

    def test_passes(smtpserver):
        client = Client(smtpserver)
        client.log_in_wrongly("LOGIN")
        client.ask(b"QUIT")
        client.close()
"""

CONFTEST = f"""
    import json
    import sys
    from pathlib import Path
    from urllib.request import urlopen

    sys.path.append({str(Path(__file__).parents[2])!r})

    def pytest_runtest_logreport(report):
        with Path("reports.json").open("a") as file:
            json.dump(report._to_json(), file, default=repr)

    def pytest_sessionfinish(session):
        plugins = session.config.pluginmanager.get_plugins()
        [url] = [one._inbox.url for one in plugins if type(one).__name__ == "LiveInbox"]
        with urlopen(f"{{url}}messages.json") as answer:
            shown = [answer.read().decode()]
        for number in range(1, len(json.loads(shown[0])) + 1):
            for view in ("", "/view"):
                with urlopen(f"{{url}}messages/{{number}}{{view}}") as answer:
                    shown.append(answer.read().decode())
        Path("inbox.txt").write_text("".join(shown))
"""


@pytest.mark.parametrize("auth", ["optional", "off"])
def test_no_report_shows_a_secret(pytester: pytest.Pytester, auth: str) -> None:
    pytester.makepyfile(SUITE)
    pytester.makeconftest(CONFTEST)
    pytester.makeini(
        textwrap.dedent(f"""
            [pytest]
            smtpserver_auth = {auth}
            smtpserver_users = {USER}:{SECRET}
            # The last test's violation is an error at teardown: one more text.
            smtpserver_strict = true
        """)
    )
    result = pytester.runpytest_inprocess(
        "-rA",
        "-vv",
        "--smtpserver-transcript=all",
        "--junitxml=junit.xml",
        "--smtpserver-report=mail.html",
        "--smtpserver-artifacts=mail",
        "--smtpserver-inbox=0",
    )
    result.assert_outcomes(failed=3 * len(MECHANISMS), passed=1, errors=1)
    texts = [
        *result.outlines,
        *result.errlines,
        Path("junit.xml").read_text(),
        Path("reports.json").read_text(),
        Path("mail.html").read_text(encoding="utf-8"),
        Path("inbox.txt").read_text(),
        *(path.read_text() for path in Path("mail").rglob("*.*") if path.is_file()),
    ]
    assert len(texts) > len(result.outlines) + len(result.errlines) + 4 + len(MECHANISMS)
    assert "AUTH" in Path("mail.html").read_text(encoding="utf-8")
    assert "from@example.org" in Path("inbox.txt").read_text()
    assert any("SMTP transcript" in text for text in texts)
    # What each client sent, without the random parts.
    sent = [
        answer
        for mechanism in ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
        for answer in MECHANISMS[mechanism]([b""])
        if len(answer) > 1
    ]
    found = found_in(texts, forms(sent))
    assert [(name, text[:200]) for name, text in found] == []


GIVES_SECRETS_IN_VAIN = """
    import pytest
    from pytest_smtpserver import SMTPServer

    # What pytest shows of the lines of the test is the test's own affair.
    HUSH = "-".join(("hush", "hush"))
    USERS = {"ann": HUSH, "bob": (HUSH, HUSH)}

    @pytest.mark.smtpserver(auth="optional", users=USERS, max_recipients=-1)
    def test_marker(smtpserver):
        pass

    def test_factory(smtpserver_factory):
        smtpserver_factory(auth="optional", users=USERS, max_recipients=-1)

    def test_session_factory(smtpserver_session_factory):
        smtpserver_session_factory(auth="optional", users=USERS, max_recipients=-1)

    def test_call():
        SMTPServer(auth="optional", users=USERS, max_recipients=-1)

    def test_wait(smtpserver):
        smtpserver.wait_for_message(timeout=0)
"""


def test_no_secret_is_in_our_variables_when_pytest_shows_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(GIVES_SECRETS_IN_VAIN)
    result = pytester.runpytest_inprocess("--full-trace", "--showlocals")
    result.assert_outcomes(failed=4, errors=1)
    assert [line for line in result.outlines if "hush-hush" in line] == []

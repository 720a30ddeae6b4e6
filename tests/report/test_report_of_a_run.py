"""`--smtpserver-report`: one file for all tests with mail."""

from __future__ import annotations

import re
from base64 import b64decode
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.report.runs import SENDING, report_of, run, texts

if TYPE_CHECKING:
    from collections.abc import Sequence


def keys(page: str) -> Sequence[str]:
    return re.findall(r'<template id="mail-([^"]+)"', page)


def test_it_has_each_message_and_the_test_that_received_it(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
def test_one(smtpserver): send(smtpserver, b"Subject: first\\r\\n\\r\\nHi!")
def test_two(smtpserver): send(smtpserver, b"Subject: second\\r\\n\\r\\nHi!")
def test_without(smtpserver): pass
""",
    )
    assert len(keys(page)) == 2
    assert re.findall(r'data-subject="(\w+)"', page) == ["first", "second"]
    assert re.findall(r'data-test="[^"]*::(\w+)"', page) == ["test_one", "test_two"]


def test_a_reply_to_ehlo_is_one_line_of_the_transcript(pytester: pytest.Pytester) -> None:
    page = report_of(pytester, "def test_it(smtpserver): send(smtpserver)")
    assert "S: 250 smtpserver.test: PIPELINING, SIZE 33554432," in texts(page)
    assert "250-" not in texts(page)


def test_its_path_is_printed_at_the_end(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(smtpserver): send(smtpserver)")
    result.stdout.fnmatch_lines([f"SMTP report: {pytester.path / 'mail.html'}"])


def test_failed_tests_come_first_with_the_first_line_of_the_failure(
    pytester: pytest.Pytester,
) -> None:
    page = report_of(
        pytester,
        """
def test_passes(smtpserver): send(smtpserver)
def test_fails(smtpserver):
    send(smtpserver)
    smtpserver.wait_for_message(subject="other", timeout=0.01)
""",
    )
    assert re.findall(r'data-test="[^"]*::(\w+)"', page) == ["test_fails", "test_passes"]
    listed = texts(page.partition("<main")[0])
    assert "subject is 'hello'" in listed
    assert "SMTPAssertionError" not in listed


FAILS_IN_ITS_SETUP = """
@pytest.fixture
def broken(smtpserver):
    send(smtpserver)
    assert 0

def test_it(broken): pass
"""


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("def test_it(smtpserver): send(smtpserver)", "passed"),
        ("def test_it(smtpserver): send(smtpserver); pytest.skip('later')", "skipped"),
        ("def test_it(smtpserver): send(smtpserver); assert 0", "failed"),
        (FAILS_IN_ITS_SETUP, "failed"),
    ],
)
def test_it_says_how_the_test_ended(pytester: pytest.Pytester, source: str, outcome: str) -> None:
    page = report_of(pytester, source)
    assert re.findall(r'<h2><span class="mark \w*">(\w+)<', page) == [outcome]


def test_refused_mail_is_in_it(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
def test_it(smtpserver):
    smtpserver.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtpserver, to=["bob@example.org"])
""",
    )
    assert "rejected" in texts(page)
    assert "550 5.1.1 no such user" in texts(page)


def test_blind_recipients_are_marked(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
def test_it(smtpserver):
    send(smtpserver, b"To: ann@example.org\\r\\n\\r\\n", ["ann@example.org", "eve@example.org"])
""",
    )
    assert '<bdi>eve@example.org</bdi> <span class="mark warn">blind</span>' in page
    assert "<bdi>ann@example.org</bdi></dd>" in page


def test_the_message_can_be_downloaded_octet_for_octet(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        r"""
def test_it(smtpserver): send(smtpserver, b"Subject: \xff\r\n\r\n\x80\x00.\r\n")
""",
    )
    [octets] = re.findall(r'href="data:message/rfc822;base64,([^"]*)" download="([^"]*)"', page)
    assert b64decode(octets[0]) == b"Subject: \xff\r\n\r\n\x80\x00.\r\n"
    assert octets[1].endswith(".eml")


def test_text_from_a_mail_stays_text_in_the_page(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
EVIL = '"><script>alert(1)</script>'

def test_it(smtpserver):
    mail = EmailMessage()
    mail["Subject"] = EVIL
    mail["From"] = "from@example.org"
    mail["X-<b>bold</b>"] = EVIL
    mail.set_content(EVIL)
    mail.add_alternative(EVIL, subtype="html")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename=EVIL)
    send(smtpserver, mail.as_bytes())

@pytest.mark.parametrize("value", [EVIL], ids=[EVIL])
def test_named(smtpserver, value):
    send(smtpserver)
    assert 0, EVIL
""",
    )
    assert page.count("<script") == 1  # ours
    assert "<b>" not in page


def test_characters_that_turn_the_direction_of_text_are_written_out(
    pytester: pytest.Pytester,
) -> None:
    page = report_of(
        pytester,
        """
def test_it(smtpserver):
    mail = EmailMessage()
    mail["Subject"] = "cod.\\u202egnp.exe"
    mail.set_content("text")
    send(smtpserver, mail.as_bytes())
""",
    )
    assert "\u202e" not in page
    assert "cod.\\u202egnp.exe" in page


def test_it_loads_nothing(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
def test_it(smtpserver):
    mail = EmailMessage()
    mail.set_content("<img src=http://tracker.example/x.png>", subtype="html")
    send(smtpserver, mail.as_bytes())
""",
    )
    head = unescape(page.partition("<body")[0])
    assert "default-src 'none'" in head
    assert not re.search(r'<(?:script|link|img|iframe)[^>]* (?:src|href)="(?!data:)', page)
    assert '<iframe sandbox="" ' in page


def test_pictures_of_the_mail_are_shown(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
def test_it(smtpserver):
    mail = EmailMessage()
    mail.set_content("<img src=cid:logo>", subtype="html")
    mail.add_related(b"PNG", "image", "png", cid="<logo>")
    send(smtpserver, mail.as_bytes())
""",
    )
    [frame] = re.findall(r'srcdoc="([^"]*)"', page)
    assert "data:image/png;base64,UE5H" in frame


def test_a_run_without_mail_says_so(pytester: pytest.Pytester) -> None:
    page = report_of(pytester, "def test_it(): pass")
    assert "No test received mail" in texts(page)


def test_workers_hand_over_what_they_have(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SENDING
        + """
@pytest.mark.parametrize("number", range(6))
def test_it(smtpserver, number):
    send(smtpserver)
    assert number != 3
"""
    )
    result = pytester.runpytest_subprocess(
        "-p", "xdist", "-n", "2", "--smtpserver-report=mail.html", "--smtpserver-artifacts=mail"
    )
    page = (pytester.path / "mail.html").read_text(encoding="utf-8")
    tests = re.findall(r'data-test="[^"]*\[(\d)\]"', page)
    assert tests[0] == "3"
    assert sorted(tests) == [*"012345"]
    assert len(set(keys(page))) == 6
    assert len(list((pytester.path / "mail").glob("*/01-hello.eml"))) == 6
    assert result.stdout.str().count("SMTP report: ") == 1


def test_the_mail_of_the_runs_server_is_with_the_test_that_received_it(
    pytester: pytest.Pytester,
) -> None:
    page = report_of(
        pytester,
        """
def test_one(smtpserver_session): send(smtpserver_session, b"Subject: first\\r\\n\\r\\n")
def test_two(smtpserver_session): send(smtpserver_session, b"Subject: second\\r\\n\\r\\n")
""",
    )
    assert re.findall(r'data-(?:test="[^"]*::|subject=")(\w+)"', page) == [
        "test_one", "first", "test_two", "second",
    ]  # fmt: skip


def test_no_password_is_in_it(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
@pytest.mark.smtpserver(auth="required", users={"ann": "s3cret-enough"})
def test_it(smtpserver):
    with smtplib.SMTP(*smtpserver.addr, timeout=5) as client:
        client.login("ann", "s3cret-enough")
        client.sendmail("from@example.org", "to@example.org", b"Subject: hello\\r\\n\\r\\n")
""",
    )
    assert "AUTH" in page
    assert "s3cret" not in page
    assert "czNjcmV0" not in page


def test_a_path_in_the_configuration_file_starts_there(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsmtpserver_report = out/mail.html\nsmtpserver_artifacts = eml")
    below = pytester.mkdir("below")
    (below / "test_it.py").write_text(SENDING + "def test_it(smtpserver): send(smtpserver)")
    pytester.runpytest_inprocess("below")
    assert (pytester.path / "out" / "mail.html").is_file()
    assert (pytester.path / "eml").is_dir()


def test_a_report_that_cannot_be_written_does_not_fail_the_run(pytester: pytest.Pytester) -> None:
    (pytester.path / "mail.html").mkdir()
    result = run(pytester, "def test_it(smtpserver): send(smtpserver)")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["SMTP report could not be written: *"])


def test_a_run_without_the_options_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SENDING
        + """
import sys

def test_it(smtpserver): send(smtpserver)

def test_imports():
    assert "jinja2" not in sys.modules
    assert "pytest_smtpserver.report" not in sys.modules
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=2)


def test_the_mail_of_a_server_that_the_test_made_itself_is_in_it(
    pytester: pytest.Pytester,
) -> None:
    page = report_of(
        pytester,
        """
from pytest_smtpserver import SMTPServer

def test_it():
    with SMTPServer() as server:
        send(server, b"Subject: own\\r\\n\\r\\n")
""",
    )
    assert re.findall(r'data-subject="(\w+)"', page) == ["own"]


def test_mail_that_a_test_cleared_is_in_it(pytester: pytest.Pytester) -> None:
    page = report_of(
        pytester,
        """
def test_it(smtpserver):
    send(smtpserver, b"Subject: forgotten\\r\\n\\r\\n")
    smtpserver.clear()
""",
    )
    assert re.findall(r'data-subject="(\w+)"', page) == ["forgotten"]


@pytest.mark.parametrize("make", ["smtpserver_factory", "pytest_smtpserver.SMTPServer"])
def test_two_servers_at_one_address_have_each_its_own_transcript(
    pytester: pytest.Pytester, make: str
) -> None:
    page = report_of(
        pytester,
        f"""
import pytest_smtpserver

def test_it(smtpserver_factory):
    port = 0
    for name in "one", "two":
        server = {make}(port=port)
        server.start()
        send(server, to=[f"{{name}}@x.example"])
        server.stop()
        port = server.port
""",
    )
    (transcript,) = (pytester.path / "mail").glob("*/transcript.txt")
    for text in (texts(page), transcript.read_text(encoding="utf-8")):
        for name in "one", "two":
            assert text.lower().count(f"rcpt to:<{name}@x.example>") == 1

"""What pytest shows for a mistake in a call: the test's own line and the sentence, no more."""

from __future__ import annotations

import pytest

MISTAKES = {
    "criterion": ("smtpserver.wait_for_message(subjekt='hello')", "did you mean 'subject'?"),
    "synonym": (
        "smtpserver.wait_for_message(sender='a@b')",
        "did you mean 'mail_from' or 'from_'?",
    ),
    "synonym of several": ("smtpserver.find(sender='a')", "did you mean 'mail_from' or 'from_'?"),
    "the envelope's": ("smtpserver.find(recipients=[])", "did you mean 'rcpt_to'?"),
    "blind copies": ("smtpserver.find(bcc='a@b')", "did you mean 'rcpt_to'?"),
    "content": ("message.assert_matches(content='x')", "did you mean 'body'?"),
    "attribute": ("message.sender", "did you mean 'envelope.mail_from' or 'from_'?"),
    "other attribute": ("message.body", "did you mean 'text' or 'html' or 'html_text'?"),
    "misspelt attribute": ("message.subjekt", "did you mean 'subject'?"),
    "index": ("smtpserver.messages[3]", "messages[3]: 1 so far: <Message 'hello': "),
    "index of a later one": ("smtpserver.messages[1]", "; wait_for_messages(2) waits"),
    "index from the end": ("smtpserver.transactions[-3]", "; wait_for_transactions(3) waits"),
    "index of a session": ("smtpserver.sessions[2]", "; wait_for_session() waits for one"),
    "index into nothing": ("smtpserver_factory().sessions[0]", "sessions[0]: none so far; wait_"),
    "stage that does not know yet": (
        "smtpserver.on('rcpt', subject='x')",
        "at the stage 'message'",
    ),
    "keyword of a refusal": ("smtpserver.refuse('550 no', rcptto='x')", "did you mean 'rcpt_to'?"),
    "value of a criterion": ("smtpserver.wait_for_transaction(outcome='refused')", "'rejected'"),
    "criterion of a session": ("smtpserver.wait_for_session(ended='x')", "'ended_by'"),
    "criterion of a capture": ("smtpserver.capture(subjekt='hello')", "did you mean 'subject'?"),
    "timeout": ("smtpserver.wait_for_message(timeout=-1)", "timeout=-1"),
    "time for silence": ("smtpserver.assert_no_message(within=None)", "within=None"),
    "negative time for silence": ("smtpserver.assert_no_message(within=-1)", "within=-1"),
    "count": ("smtpserver.wait_for_messages(-1)", "count=-1"),
    "no count": ("smtpserver.wait_for_messages(None)", "count=None: must be a whole number from 0"),
    "no count of transactions": ("smtpserver.wait_for_transactions(None)", "count=None: must"),
    "count of a capture": ("smtpserver.capture('2')", "count='2': must be a whole number from 0"),
    "time of an assertion": ("smtpserver.assert_no_message(timeout=1)", "takes within"),
    "stage": ("smtpserver.on('rcp')", "did you mean 'rcpt'?"),
    "stage that is not offered": ("smtpserver.on('starttls')", "tls"),
    "keyword of a rule": ("smtpserver.on('rcpt', rcpto='a@b.example')", "'rcpt_to'"),
    "reply": ("smtpserver.on('rcpt').reply('nonsense')", "'nonsense'"),
    "code of a reply": ("smtpserver.on('rcpt').reply(99)", "99"),
    "refusal": ("smtpserver.refuse('250 OK')", "from 400 to 599"),
    "delay": ("smtpserver.on('rcpt').delay(-1)", "delay(-1)"),
    "rate": ("smtpserver.chaos(2)", "rate=2"),
    "setting": ("smtpserver_factory(max_recipient=1)", "did you mean 'max_recipients'?"),
    "value of a setting": ("smtpserver_factory(tls='ssl')", "tls='ssl'"),
    "settings together": ("smtpserver_factory(tls_required=True)", "tls_required"),
    "setting of a server": ("pytest_smtpserver.SMTPServer(prot=25)", "did you mean 'port'?"),
    "port that is taken": ("pytest_smtpserver.SMTPServer(port=smtpserver.port).start()", "port"),
    "code to ignore": ("message.assert_no_problems(ignore=['no-date'])", "'no-date'"),
    "part of the body": ("message.assert_body('hello', part='plain')", "part='plain'"),
}

LINE_AND_SENTENCE = 4


@pytest.mark.parametrize(("call", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_shown_at_the_line_of_the_test(
    pytester: pytest.Pytester, call: str, said: str
) -> None:
    pytester.makepyfile(
        f"""
        import smtplib
        import pytest_smtpserver

        def test_it(smtpserver, smtpserver_factory):
            with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
                client.sendmail("a@example.org", "b@example.org", "Subject: hello")
            message = smtpserver.wait_for_message()
            {call}
        """
    )
    result = pytester.runpytest("--tb=short", "--show-capture=no")
    lines = result.outlines
    start = next(i for i, line in enumerate(lines) if "_ test_it _" in line) + 1
    end = next(i for i, line in enumerate(lines) if "short test summary" in line)
    shown = [line for line in lines[start:end] if line.strip(" ^")]
    assert len(shown) < LINE_AND_SENTENCE, "\n".join(shown)
    assert call in shown[1]
    assert said in shown[2]


def test_a_misspelt_marker_is_reported_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.smtpservr(tls="starttls")
        def test_it(smtpserver): pass

        @pytest.mark.smtpservr(tls="starttls")
        def test_two(smtpserver): pass

        @pytest.mark.something_else
        def test_three(smtpserver): pass
        """
    )
    said = "@pytest.mark.smtpservr has no effect: did you mean @pytest.mark.smtpserver?"
    result = pytester.runpytest_subprocess("-W", "default")
    assert sum(said in line for line in result.outlines) == 1
    assert not any("has no effect" in line for line in result.outlines if said not in line)


def test_an_unused_rule_says_what_came_instead(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import smtplib

        def test_other(smtpserver):
            smtpserver.on("rcpt", rcpt_to="bob@x.example").reply(550)
            with smtplib.SMTP(*smtpserver.addr) as client:
                client.sendmail("a@x.example", "ann@x.example", "Subject: x")

        def test_none(smtpserver):
            smtpserver.on("rcpt").reply(550)

        def test_no_such(smtpserver):
            smtpserver.on("rcpt").reply(550)
            smtplib.SMTP(*smtpserver.addr).quit()

        def test_without_a_step(smtpserver):
            smtpserver.on("rcpt")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=4, errors=4)
    result.stdout.fnmatch_lines(
        [
            "E *never used: the rule on('rcpt', rcpt_to='bob@x.example') made at *; 1 RCPT *",
            "E *never used: the rule on('rcpt') made at *; no client connected",
            "E *never used: the rule on('rcpt') made at *; no RCPT command came",
            "E *no step: the rule on('rcpt') made at * was never used, add reply(), *",
        ]
    )

"""Rules in a run of pytest: unused ones, callables that raise, chaos, the run's one server."""

from __future__ import annotations

import pytest

PREAMBLE = """
import smtplib
import pytest

def send(server, recipient="ann@example.org"):
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.sendmail("shop@example.com", recipient, b"Subject: hello")
"""

# Of each: what is added to the preamble, and the words of the error; `HERE` is the line that a
# comment `# here` marks.
UNUSED = {
    "a rule": (
        """
def test_it(smtpserver):
    smtpserver.on("rcpt", rcpt_to="bob@example.org").reply("550 no")  # here
    send(smtpserver)
""",
        "never used: the rule on('rcpt', rcpt_to='bob@example.org') made at HERE",
    ),
    "a phase": (
        """
def test_it(smtpserver):
    smtpserver.on("mail").accept().then().reply("550 no")  # here
    send(smtpserver)
""",
        "never used: phase 2 of the rule on('mail') made at HERE",
    ),
    "a rule of a fixture": (
        """
@pytest.fixture
def full(smtpserver):
    smtpserver.refuse(  # here
        "452 full", stage="message"
    )

def test_it(smtpserver, full):
    pass
""",
        "never used: the rule on('message') made at HERE",
    ),
    "a rule of a helper": (
        """
def make_a_rule(server):
    return server.greylist()  # here

def test_it(smtpserver):
    make_a_rule(smtpserver)
""",
        "never used: the rule on('rcpt') made at HERE",
    ),
    "a parametrized test": (
        """
@pytest.mark.parametrize("recipient", ["ann@example.org", "bob@example.org"])
def test_it(smtpserver, recipient):
    smtpserver.on("rcpt", rcpt_to=recipient).accept()  # here
    send(smtpserver)
""",
        "never used: the rule on('rcpt', rcpt_to='bob@example.org') made at HERE",
    ),
    "one of two servers": (
        """
def test_it(smtpserver, smtpserver_factory):
    other = smtpserver_factory()
    smtpserver.on("mail").accept()
    other.on("mail").accept()  # here
    send(smtpserver)
""",
        "never used: the rule on('mail') made at HERE",
    ),
    "the run's server": (
        """
def test_it(smtpserver_session):
    smtpserver_session.on("mail").accept()  # here
""",
        "never used: the rule on('mail') made at HERE",
    ),
    "a rule of a coroutine": (
        """
def test_it(smtpserver_async):
    smtpserver_async.on("mail").accept()  # here
""",
        "never used: the rule on('mail') made at HERE",
    ),
    "a server without fixture": (
        """
from pytest_smtpserver import SMTPServer

def test_it():
    with SMTPServer() as server:
        server.on("mail").accept()  # here
""",
        "never used: the rule on('mail') made at HERE",
    ),
}


def marked_line(path: object, source: str) -> str:
    [number] = [n for n, line in enumerate(source.splitlines(), 1) if line.endswith("# here")]
    return f"{path}:{number}"


@pytest.mark.parametrize("case", UNUSED)
def test_an_unused_rule_fails_the_test_and_is_named_with_its_line(
    pytester: pytest.Pytester, case: str
) -> None:
    body, words = UNUSED[case]
    path = pytester.makepyfile(test_it=PREAMBLE + body)
    result = pytester.runpytest_inprocess()
    expected = words.replace("HERE", marked_line(path.name, path.read_text()))
    [error] = [line for line in result.outlines if line.startswith("E ")]
    assert f"SMTPAssertionError: {expected}; " in error
    assert result.ret == 1


def test_all_rules_that_were_never_used_are_in_one_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(smtpserver, smtpserver_factory):
            smtpserver.on("mail").accept()
            smtpserver.on("rcpt").accept()
            smtpserver_factory().on("data").accept()
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *never used: the rule on('mail') made at *.py:2; no client connected",
            "*never used: the rule on('rcpt') made at *.py:3; no client connected",
            "*never used: the rule on('data') made at *.py:4; no client connected",
        ]
    )


def test_a_test_that_failed_is_not_told_of_unused_rules(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(smtpserver):
            smtpserver.on("mail").accept()
            assert 0
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(failed=1)


def test_an_optional_rule_may_stay_unused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(smtpserver):
            smtpserver.on("mail", optional=True).accept().then().reset()
            smtpserver.refuse("550 no", optional=True)
            smtpserver.greylist(optional=True)
            smtpserver.chaos()
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_an_impossible_rule_that_a_test_expects_does_not_count_as_unused(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_it(smtpserver):
            with pytest.raises(ValueError):
                smtpserver.on("mail").reply(999)
            with pytest.raises(ValueError):
                smtpserver.on("mail").disconnect().reply(550)
            with pytest.raises(ValueError):
                smtpserver.refuse("550 no", stage="tls")
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_rules_of_a_fixture_and_of_the_test_combine_and_the_newest_wins(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
@pytest.fixture
def strict(smtpserver):
    return smtpserver.refuse("550 by the fixture", stage="rcpt")

def test_it(smtpserver, strict):
    smtpserver.refuse("551 by the test", rcpt_to="bob@example.org")
    for recipient, code in [("ann@example.org", 550), ("bob@example.org", 551)]:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(smtpserver, recipient)
        assert refused.value.recipients[recipient][0] == code
"""
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_rules_of_the_runs_server_are_emptied_before_each_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
@pytest.fixture
def refused(smtpserver_session):
    smtpserver_session.refuse("550 no", stage="rcpt")

def test_refused(smtpserver_session, refused):
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtpserver_session)

def test_held(smtpserver_session):
    rule = smtpserver_session.on("mail").hold()
    client = smtplib.SMTP(smtpserver_session.host, smtpserver_session.port, timeout=5)
    client.ehlo("client.test")
    client.send("MAIL FROM:<>\\r\\n")
    rule.wait_held()
    test_held.client = client

def test_accepted(smtpserver_session):
    assert test_held.client.getreply()[0] == 250
    test_held.client.close()
    send(smtpserver_session)
    smtpserver_session.wait_for_message()
"""
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=3)


def test_an_unused_rule_of_the_runs_server_fails_its_own_test_only(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        def test_first(smtpserver_session):
            smtpserver_session.on("mail").accept()

        def test_second(smtpserver_session):
            pass
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2, errors=1)


def test_a_test_that_is_run_again_starts_without_what_its_first_run_left(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, nextitem=nextitem, log=False)
            runtestprotocol(item, nextitem=nextitem)
            return True
        """
    )
    pytester.makepyfile(
        """
        runs = []

        def test_it(smtpserver):
            runs.append(1)
            if len(runs) == 1:
                smtpserver.on("mail").accept()
                assert 0
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


CALLABLES = {
    "reply": """smtpserver.on("mail").reply(wrong)""",
    "where": """smtpserver.on("mail", where=wrong).accept()""",
    "mail_from": """smtpserver.on("mail", mail_from=wrong).accept()""",
}


@pytest.mark.parametrize("made", CALLABLES)
def test_an_exception_of_a_callable_gives_421_and_fails_the_test_with_its_own_traceback(
    pytester: pytest.Pytester, made: str
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
def wrong(given):
    return 1 / 0  # the cause

def test_it(smtpserver):
    {CALLABLES[made]}
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(smtpserver)
    assert refused.value.smtp_code == 421
"""
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([">*return 1 / 0  # the cause", "E*ZeroDivisionError*"])


def test_an_iterator_of_replies_that_has_come_to_its_end_is_named_with_its_line(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
def test_it(smtpserver):
    replies = iter(["450 later"])
    smtpserver.on("mail").reply(lambda command: next(replies))  # too few
    for attempt in range(2):
        with pytest.raises(smtplib.SMTPSenderRefused):
            send(smtpserver)
"""
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    said = "RuntimeError: a callable of the test raised StopIteration (*.py:*)"
    result.stdout.fnmatch_lines([">*next(replies))  # too few", f"E*{said}"])
    result.stdout.no_fnmatch_line("*generator raised*")


def test_a_callable_that_raises_keyboard_interrupt_fails_its_test_and_the_run_goes_on(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
def interrupt(command):
    raise KeyboardInterrupt("as if by Ctrl-C")

def test_it(smtpserver):
    smtpserver.on("mail").reply(interrupt)
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(smtpserver)

def test_next(smtpserver):
    send(smtpserver)
"""
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["E*raised KeyboardInterrupt (*.py:*): as if by Ctrl-C"])


def test_a_rule_whose_callable_raised_is_not_called_unused(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
def test_it(smtpserver):
    smtpserver.on("mail", where=lambda command: 1 / 0).reply(550)
    smtpserver.on("rcpt").reply(550)
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(smtpserver)
"""
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["E*ZeroDivisionError: division by zero"])
    result.stdout.no_fnmatch_line("*never used*")


def test_a_test_that_waits_is_told_at_its_end_what_a_callable_raised(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
def test_it(smtpserver):
    smtpserver.on("mail").reply(lambda command: pytest.fail("not this sender"))
    send(smtpserver)
"""
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["E*Failed: not this sender"])
    assert result.ret == 1


def test_a_callable_of_one_client_that_raises_leaves_others_alone(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""{PREAMBLE}
def test_it(smtpserver):
    smtpserver.on("rcpt", rcpt_to="bob@example.org").reply(lambda command: 1 / 0)
    with pytest.raises(smtplib.SMTPException):
        send(smtpserver, "bob@example.org")
    send(smtpserver)
    smtpserver.wait_for_message()
"""
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1, errors=1)


def test_the_seed_of_chaos_is_in_a_failing_tests_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_given(smtpserver):
            smtpserver.chaos(seed=7)
            assert 0

        def test_chosen(smtpserver_session):
            smtpserver_session.chaos(rate=0.5)
            assert 0

        def test_passes(smtpserver):
            smtpserver.chaos(seed="of no failing test")
        """
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["chaos(rate=0.1, seed=7)"])
    result.stdout.re_match_lines([r"chaos\(rate=0\.5, seed=\d+\)"])
    result.stdout.no_fnmatch_line("*of no failing test*")


def test_a_check_at_the_end_does_not_advise_to_look_at_the_plugins_frames(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test_it(smtpserver): smtpserver.on('rcpt').reply('550 no')")
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        ["E   pytest_smtpserver.SMTPAssertionError: never used: the rule *; *"]
    )
    result.stdout.no_fnmatch_line("*--full-trace*")


def test_a_callable_that_skips_or_expects_a_failure_fails_its_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("""
        import smtplib, unittest
        import pytest

        def skip(): pytest.skip("not now")
        def expect(): pytest.xfail("not yet")
        def skip_as_unittest(): raise unittest.SkipTest("not here")

        @pytest.mark.parametrize("ends", [skip, expect, skip_as_unittest])
        def test_it(smtpserver, ends):
            smtpserver.on("noop").reply(lambda _: ends())
            with smtplib.SMTP(*smtpserver.addr, timeout=20) as client:
                assert client.noop()[0] == 421
                client.close()
    """)
    result = pytester.runpytest("-p", "no:randomly")
    result.assert_outcomes(passed=3, errors=3)
    for said in ("Skipped", "XFailed", "SkipTest"):
        result.stdout.fnmatch_lines([f"*RuntimeError: a callable of the test raised {said} (*"])

"""The fixture `smtpserver_fault`, its marker, and the settings that a fault brings along."""

from __future__ import annotations

from collections.abc import Callable

import pytest

# An in-process run of pytester restores sys.modules, and what makes certificates can be imported
# once only.
import trustme  # noqa: F401

from pytest_smtpserver import FAULTS

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run a test file, and return what was printed and how it ended."""

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(f"import pytest\n{source}")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)

    return run


def ids(run: Run, marker: str) -> list[str]:
    """Return the faults that a test with this marker runs for."""
    result = run(f"{marker}\ndef test_it(smtpserver_fault): pass", "--collect-only", "-q")
    return [line.partition("[")[2].rstrip("]") for line in result.outlines if "::" in line]


def said(run: Run, marker: str) -> str:
    """Return what is wrong with a marker."""
    result = run(f"{marker}\ndef test_it(smtpserver_fault): pass")
    result.assert_outcomes(errors=1)
    return "\n".join(line for line in result.outlines if "@pytest.mark" in line)


def test_a_test_runs_for_each_fault(run: Run) -> None:
    assert ids(run, "") == [fault.name for fault in FAULTS]


def test_names_and_globs_choose(run: Run) -> None:
    chosen = ids(run, '@pytest.mark.smtpserver_faults("greylisted", "auth-*")')
    assert chosen == [
        "auth-not-offered", "auth-refused", "auth-deferred", "auth-closed", "greylisted",
    ]  # fmt: skip


def test_one_name_is_excluded(run: Run) -> None:
    chosen = ids(run, '@pytest.mark.smtpserver_faults("auth-*", exclude="auth-refused")')
    assert chosen == ["auth-not-offered", "auth-deferred", "auth-closed"]


def test_several_globs_are_excluded(run: Run) -> None:
    chosen = ids(run, '@pytest.mark.smtpserver_faults(exclude=["auth-*", "*tls*"])')
    assert len(chosen) == len(FAULTS) - 8
    assert not any("auth-" in name or "tls" in name for name in chosen)


def test_names_and_exclusions_each_come_from_the_closest_marker(run: Run) -> None:
    chosen = ids(
        run,
        'pytestmark = pytest.mark.smtpserver_faults("greylisted", exclude="auth-closed")\n'
        '@pytest.mark.smtpserver_faults("auth-*")',
    )
    assert chosen == ["auth-not-offered", "auth-refused", "auth-deferred"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("'Greylisted'", "no fault fits 'Greylisted': did you mean 'greylisted'?"),
        ("'gray-listed'", "no fault fits 'gray-listed': did you mean 'greylisted'?"),
        ("'smtp*x'", "no fault fits 'smtp*x'"),
        ("exclude='tls-*'", "no fault fits 'tls-*'"),
        ("'greylisted', exclude='grey*'", "all chosen faults are excluded"),
        ("450", "a fault must be chosen by its name, not by 450"),
        ("exclude=[450]", "exclude has 450: must be the name of a fault"),
        ("exclude=450", "exclude=450: must be the name of a fault, or several"),
        ("only='greylisted'", "'only' is not an argument; it takes names and exclude="),
    ],
)
def test_a_wrong_marker_is_one_sentence(run: Run, arguments: str, sentence: str) -> None:
    assert f"@pytest.mark.smtpserver_faults: {sentence}" in said(
        run, f"@pytest.mark.smtpserver_faults({arguments})"
    )


def test_a_fault_brings_its_settings_along_for_this_tests_server_only(run: Run) -> None:
    run("""
@pytest.mark.smtpserver_faults("expired-certificate")
def test_it(smtpserver, smtpserver_fault, smtpserver_factory):
    assert smtpserver.settings.tls == "starttls"
    assert smtpserver.settings.certificate == "expired"
    assert smtpserver.env()["SMTP_USERNAME"] == "mailer"
    assert smtpserver_factory().settings.tls == "off"
""").assert_outcomes(passed=1)


def test_a_markers_settings_win(run: Run) -> None:
    run("""
@pytest.mark.smtpserver(tls="implicit", auth="required", users={"shop": "sesame"})
@pytest.mark.smtpserver_faults("expired-certificate")
def test_it(smtpserver, smtpserver_fault):
    assert smtpserver.settings.tls == "implicit"
    assert list(smtpserver.settings.users) == ["shop"]
    assert smtpserver.settings.certificate == "expired"
""").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "fault", "reason"),
    [
        ("tls='off'", "expired-certificate", "needs tls='starttls' or tls='implicit', and a"),
        ("tls='implicit'", "starttls-refused", "needs tls='starttls', and a marker says"),
        ("auth='off'", "auth-refused", "needs auth='optional' or auth='required', and a marker"),
        ("extensions=['SIZE']", "size-not-offered", "needs extensions=['-SIZE'], and a marker"),
    ],
)
def test_a_fault_that_a_marker_rules_out_is_skipped(
    run: Run, marker: str, fault: str, reason: str
) -> None:
    result = run(
        f"@pytest.mark.smtpserver({marker})\n@pytest.mark.smtpserver_faults({fault!r})\n"
        "def test_it(smtpserver_fault): raise AssertionError",
        "-rs",
    )
    result.assert_outcomes(skipped=1)
    assert reason in result.stdout.str()


def test_a_server_of_the_users_own_that_lacks_a_setting_is_a_set_up_error(run: Run) -> None:
    result = run("""
@pytest.fixture
def smtpserver(smtpserver_factory):
    return smtpserver_factory()
@pytest.mark.smtpserver_faults("auth-refused")
def test_it(smtpserver_fault): pass
""")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["smtpserver_fault: the fault 'auth-refused' needs auth=*"])


def test_the_settings_of_the_configuration_give_way(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\nsmtpserver_tls = implicit\nsmtpserver_hostname = mail.test")
    run("""
@pytest.mark.smtpserver_faults("starttls-refused")
def test_it(smtpserver, smtpserver_fault):
    assert smtpserver.settings.tls == "starttls"
    assert smtpserver.hostname == "mail.test"
""").assert_outcomes(passed=1)


def test_a_mailer_that_never_meets_the_fault_is_skipped_with_the_reason(run: Run) -> None:
    result = run(
        """
import smtplib
@pytest.mark.smtpserver_faults("goodbye-between-messages")
def test_it(smtpserver, smtpserver_fault):
    with smtplib.SMTP(*smtpserver.addr) as client:
        client.sendmail("a@x.test", ["b@x.test"], "hello")
    smtpserver_fault.check(sent=True)
""",
        "-rs",
    )
    result.assert_outcomes(skipped=1)
    assert "the client never met the fault 'goodbye-between-messages'" in result.stdout.str()


def test_two_copies_after_a_lost_reply_are_noted_in_the_report(run: Run) -> None:
    result = run(
        """
import smtplib
def deliver(server, *, patience=20):
    with smtplib.SMTP(*server.addr, timeout=20) as client:
        client.ehlo()
        client.mail("a@x.test")
        client.rcpt("b@x.test")
        client.docmd("data")
        client.send("hello\\r\\n.\\r\\n")
        # Only for the reply that is lost: a busy machine may need long for the others.
        client.sock.settimeout(patience)
        assert client.getreply()[0] == 250
@pytest.mark.smtpserver_faults("lost-reply")
def test_it(smtpserver, smtpserver_fault):
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(smtpserver, patience=0.2)
    deliver(smtpserver)
    smtpserver_fault.check(sent=True)
""",
        "-rP",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*SMTP faults*", "lost-reply: b@x.test got the mail 2 times, which is right*RFC 1047*"]
    )


def test_the_marker_is_listed(run: Run) -> None:
    assert "@pytest.mark.smtpserver_faults(*names, exclude=())" in run("", "--markers").stdout.str()


def test_a_fault_that_this_machine_cannot_have_is_skipped_with_the_reason(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssl.HAS_TLSv1_1", False)
    result = run(
        "@pytest.mark.smtpserver_faults('old-tls-only')\ndef test_it(smtpserver_fault): pass", "-rs"
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED *old-tls-only: tls_versions=*does not have TLSv1.1*"])


def test_a_rule_of_a_fault_is_said_to_be_made_by_its_fixture(run: Run) -> None:
    result = run(
        """
        import smtplib

        @pytest.mark.smtpserver_faults("busy-greeting")
        def test_it(smtpserver, smtpserver_fault):
            with pytest.raises(smtplib.SMTPResponseException):
                smtplib.SMTP(*smtpserver.addr)
            assert str(smtpserver.sessions[0].exchanges[0].rule) == (
                "on('connect') made by the fixture smtpserver_fault"
            )
        """.replace("\n        ", "\n")
    )
    result.assert_outcomes(passed=1)


def test_a_fixture_of_the_projects_own_runs_once(run: Run) -> None:
    result = run("""
@pytest.fixture
def smtpserver_fault(smtpserver): return "no storage"
def test_it(smtpserver, smtpserver_fault): assert smtpserver_fault == "no storage"
""")
    result.assert_outcomes(passed=1)


def test_a_fixture_of_the_projects_own_keeps_its_parameters(run: Run) -> None:
    result = run("""
@pytest.fixture(params=["no storage", "no network"])
def smtpserver_fault(request): return request.param
def test_it(smtpserver, smtpserver_fault): assert smtpserver_fault.startswith("no ")
""")
    result.assert_outcomes(passed=2)


def test_a_parameter_of_the_projects_own_is_no_fault_of_ours(run: Run) -> None:
    result = run("""
@pytest.mark.parametrize("smtpserver_fault", ["no storage"])
def test_it(smtpserver, smtpserver_fault): assert smtpserver_fault == "no storage"
""")
    result.assert_outcomes(passed=1)


def test_a_fixture_that_is_built_on_ours_runs_for_each_fault(run: Run) -> None:
    result = run("""
@pytest.fixture
def smtpserver_fault(smtpserver_fault): return smtpserver_fault.fault.name
@pytest.mark.smtpserver_faults("mailbox-full", "greylisted")
def test_it(smtpserver_fault, request): assert f"[{smtpserver_fault}]" in request.node.name
""")
    result.assert_outcomes(passed=2)

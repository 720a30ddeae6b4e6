"""Settings in a configuration file of pytest."""

from __future__ import annotations

import pytest

from pytest_smtpserver.settings import SETTINGS


def passes(pytester: pytest.Pytester, expected: str, *args: str) -> None:
    """Run a test that expects this of its server's settings."""
    pytester.makepyfile(
        f"""
        def test_it(smtpserver):
            settings = smtpserver.settings
            assert {expected}
        """
    )
    pytester.runpytest_inprocess(*args).assert_outcomes(passed=1)


def complaint(pytester: pytest.Pytester, *args: str) -> str:
    """Run pytest, which must refuse its configuration with one sentence; return it."""
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (sentence,) = [line for line in result.errlines if line]
    return sentence


def test_each_has_an_ini_key(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        smtpserver_certificate = wrong-host
        smtpserver_mechanisms = LOGIN plain
        smtpserver_auth_needs_tls = yes
        smtpserver_strict = true
        """
    )
    passes(
        pytester,
        "(settings.certificate, settings.mechanisms, settings.auth_needs_tls, settings.strict)"
        " == ('wrong-host', ('LOGIN', 'PLAIN'), True, True)",
    )


def test_users_stand_one_a_line_and_passwords_may_have_colons(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        smtpserver_users =
            ann:secret
            jürgen:pä:ß wort
            nobody:
        """
    )
    passes(
        pytester,
        "settings.users == {'ann': 'secret', 'jürgen': 'pä:ß wort', 'nobody': ''}",
    )


def test_a_user_can_be_given_on_the_command_line(pytester: pytest.Pytester) -> None:
    passes(pytester, "settings.users == {'ann': 'secret'}", "-o", "smtpserver_users=ann:secret")


def test_the_path_of_a_certificate_starts_where_the_file_is(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\nsmtpserver_certificate = server.pem")
    pem = pytester.path / "server.pem"
    pem.touch()
    pytester.makepyfile(
        f"def test_it(smtpserver): assert smtpserver.settings.certificate == {str(pem)!r}"
    )
    monkeypatch.chdir(pytester.mkdir("elsewhere"))

    pytester.runpytest_inprocess(str(pytester.path)).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("protocol", "SMTP"),
        ("tls", "ssl"),
        ("tls_required", "perhaps"),
        ("certificate", "no-such-file.pem"),
        ("auth", "on"),
        ("mechanisms", "NTLM"),
        ("auth_needs_tls", "perhaps"),
        ("strict", "perhaps"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    pytester: pytest.Pytester, key: str, value: str
) -> None:
    sentence = complaint(pytester, "-o", f"smtpserver_{key}={value}")

    assert f"smtpserver_{key}" in sentence
    assert value in sentence
    assert "must be" in sentence


@pytest.mark.parametrize(
    ("key", "value"),
    [("port", "abc"), ("wait_timeout", ""), ("strict", "perhaps"), ("max_recipients", "2.5")],
)
def test_a_value_of_a_wrong_type_is_named_like_any_other(
    pytester: pytest.Pytester, key: str, value: str
) -> None:
    sentence = complaint(pytester, "-o", f"smtpserver_{key}={value}")

    assert sentence == f"ERROR: smtpserver_{key}={value!r}: must be {SETTINGS[key].allowed}"


def test_the_path_of_a_certificate_is_named_as_text(pytester: pytest.Pytester) -> None:
    sentence = complaint(pytester, "-o", "smtpserver_certificate=no-such-file.pem")

    path = str(pytester.path / "no-such-file.pem")
    assert f"smtpserver_certificate={path!r}: must be one of" in sentence


def test_settings_that_exclude_each_other_are_named_both(pytester: pytest.Pytester) -> None:
    sentence = complaint(pytester, "-o", "smtpserver_tls_required=true")

    assert "smtpserver_tls_required=True with tls='off'" in sentence


@pytest.mark.parametrize(
    ("users", "why"),
    [
        (["ann:hunter2", "hunter2"], "line 2 has no colon"),
        (["ann:hunter2", "ann:hunter22"], "'ann' is given twice"),
        ([":hunter2"], "a user's name must be a str without NUL, not empty"),
    ],
)
def test_wrong_users_are_explained_without_a_password(
    pytester: pytest.Pytester, users: list[str], why: str
) -> None:
    lines = "\n    ".join(users)
    pytester.makeini(f"[pytest]\nsmtpserver_users =\n    {lines}")

    sentence = complaint(pytester)

    assert f"smtpserver_users: {why}; must be a mapping" in sentence
    assert "hunter2" not in sentence


def test_wrong_users_in_a_marker_are_explained_without_a_password(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(users=["ann:hunter2"])
        def test_it(smtpserver): pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["@pytest.mark.smtpserver: users: must be a mapping*"])
    result.stdout.no_fnmatch_line("*hunter2*")


if pytest.version_tuple >= (9, 0):  # which brought values with types

    def test_users_of_a_wrong_type_are_not_shown(pytester: pytest.Pytester) -> None:
        pytester.makepyprojecttoml('[tool.pytest]\nsmtpserver_users = {ann = "hunter2"}')

        sentence = complaint(pytester)

        assert "smtpserver_users: must be a mapping" in sentence
        assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("hostnam", "did you mean smtpserver_hostname? its value was 'x'; the keys are"),
        ("nonsense", "its value was 'x'; the keys are smtpserver_host,"),
        ("password", "did you mean smtpserver_users? the keys are"),
        ("transcripts", "did you mean smtpserver_transcript? its value was 'x'; the keys are"),
        ("artefacts", "did you mean smtpserver_artifacts? its value was 'x'; the keys are"),
        ("inbox", "give --smtpserver-inbox=PORT on the command line; its value was 'x'; the keys"),
    ],
)
def test_an_unknown_key_is_an_error_that_suggests_the_nearest(
    pytester: pytest.Pytester, key: str, hint: str
) -> None:
    pytester.makeini(f"[pytest]\nsmtpserver_{key} = x")

    assert f"unknown configuration key smtpserver_{key}: {hint}" in complaint(pytester)


def test_an_unknown_key_on_the_command_line_is_an_error_too(pytester: pytest.Pytester) -> None:
    assert "did you mean smtpserver_tls?" in complaint(pytester, "-o", "smtpserver_tsl=off")


def test_a_key_of_a_conftest_is_its_own_matter(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsmtpserver_relay = mail.example")
    pytester.makeconftest("def pytest_addoption(parser): parser.addini('smtpserver_relay', 'x')")
    pytester.makepyfile("def test_it(smtpserver): pass")

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_users_in_a_file_wait_until_auth_is_on(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsmtpserver_users = ann:hunter2\nsmtpserver_certificate = expired")
    pytester.makepyfile(
        """
        import pytest

        def test_off(smtpserver):
            assert "SMTP_USERNAME" not in smtpserver.env()
            assert "ann" not in smtpserver.url

        @pytest.mark.smtpserver(auth="optional")
        def test_on(smtpserver):
            assert smtpserver.env()["SMTP_USERNAME"] == "ann"
            assert smtpserver.url.startswith("smtp://ann:hunter2@")
        """
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_marker_without_effect_is_an_error_that_says_what_to_add(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.smtpserver(certificate="expired")
        def test_without(smtpserver): pass

        @pytest.mark.smtpserver(users={"ann": "hunter2"})
        def test_added_in_the_call(smtpserver_factory):
            smtpserver_factory(auth="optional")
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        ["smtpserver: certificate='expired' has no effect with tls='off': add tls='starttls'*"]
    )


def test_the_fixture_of_settings_waits_until_they_have_an_effect(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smtpserver_settings():
            return {"users": {"ann": "hunter2"}}
        """
    )
    pytester.makepyfile("def test_it(smtpserver): assert 'SMTP_USERNAME' not in smtpserver.env()")

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_help_says_what_follows_from_other_settings(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--help")

    shown = " ".join(" ".join(result.outlines).split())
    assert "plain text (default: true when tls is not 'off')" in shown
    assert "in order (default: all that can serve)" in shown
    assert "is announced as well (default: all of PIPELINING, SIZE, " in shown
    assert "path of a socket (default: 127.0.0.1)" in shown
    assert "at teardown (default: false)" in shown

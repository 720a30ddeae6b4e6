"""The settings: defaults, allowed values, and settings that follow from others."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver import Settings, SettingsError, SMTPServer
from pytest_smtpserver.settings import DEFAULTS, MECHANISMS, SETTINGS, check_each
from pytest_smtpserver.settings.checks import is_installed
from pytest_smtpserver.smtp import sasl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERS = {"ann": "hunter2"}
WITHOUT_PASSWORDS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER")


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing but the plugin's own requirements were installed."""
    is_installed.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    yield
    is_installed.cache_clear()


def error(**settings: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        DEFAULTS.changed(settings)
    return str(caught.value)


def test_a_server_is_plain_smtp_without_tls_and_auth_by_default() -> None:
    assert (DEFAULTS.protocol, DEFAULTS.tls, DEFAULTS.auth) == ("smtp", "off", "off")
    assert (DEFAULTS.tls_required, DEFAULTS.strict) == (False, False)
    assert DEFAULTS.certificate == "valid"
    assert DEFAULTS.users == {}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_default_is_possible(name: str) -> None:
    value = getattr(DEFAULTS, name)

    assert SETTINGS[name].check(value) == value


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("protocol", ["smtp", "lmtp"]),
        ("tls", ["off", "starttls", "implicit"]),
        ("auth", ["off", "optional", "required"]),
        ("certificate", ["valid", "expired", "wrong-host", "untrusted"]),
        ("strict", [True, False]),
        ("tls_versions", [("TLSv1.2",), ("TLSv1.2", "TLSv1.3")]),
        ("client_certificate", ["off", "optional", "required"]),
        ("host", ["::1", "localhost", "fe80::1%lo", "unix:/run/mail.sock"]),
        ("extensions", [("-DSN",), ("SIZE", "+XCLIENT ADDR NAME")]),
        ("auth_needs_tls", [True, False]),
        ("users", [{}, USERS, {"jürgen": "", "a b": "päß:wort"}]),
        ("mechanisms", [("PLAIN",), ("XOAUTH2", "PLAIN")]),
    ],
)
def test_a_possible_value_is_kept(name: str, values: list[object]) -> None:
    for value in values:
        assert getattr(DEFAULTS.changed({name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("protocol", "SMTP"),
        ("protocol", None),
        ("tls", "ssl"),
        ("tls", True),
        ("tls_required", 1),
        ("tls_required", "yes"),
        ("auth", "on"),
        ("auth", False),
        ("auth_needs_tls", None),
        ("auth_needs_tls", "true"),
        ("strict", 0),
        ("host", "a b"),
        ("host", "unix:"),
        ("host", None),
        ("hostname", "shop..test"),
        ("hostname", "shop.-test"),
        ("hostname", "x" * 64),
        ("hostname", "x." * 128 + "test"),
        ("tls_versions", []),
        ("tls_versions", "TLSv1.2"),
        ("tls_versions", ["TLSv1.4"]),
        ("tls_versions", ["tlsv1.2"]),
        ("client_certificate", True),
        ("extensions", ["SIZE", "-DSN"]),
        ("extensions", ["+"]),
        ("extensions", ["+X\r\nY"]),
        ("extensions", ["+" + "X" * 507]),
        ("certificate", "invalid"),
        ("certificate", "no/such/file.pem"),
        ("certificate", "x/" * 5000),
        ("certificate", "\0"),
        ("certificate", b"server.pem"),
        ("certificate", None),
        ("mechanisms", "PLAIN"),
        ("mechanisms", []),
        ("mechanisms", ["PLAIN", "NTLM"]),
        ("mechanisms", ["PLAIN", "plain"]),
        ("mechanisms", [1]),
        ("mechanisms", None),
    ],
)
def test_an_impossible_value_is_named_with_what_is_allowed(name: str, value: object) -> None:
    assert error(**{name: value}) == f"{name}={value!r}: must be {SETTINGS[name].allowed}"


def test_a_call_with_an_impossible_value_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="tls='tls': must be 'off', 'starttls' or 'implicit'"):
        SMTPServer(tls="tls")  # type: ignore[arg-type]


def test_the_path_of_a_certificate_is_kept_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "server.pem"
    pem.touch()
    monkeypatch.chdir(tmp_path)

    for given in (pem, str(pem), "server.pem"):
        assert DEFAULTS.changed({"certificate": given}).certificate == str(pem)


def test_a_private_key_given_in_place_of_its_path_is_not_shown() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\n" + "secret" * 100
    with pytest.raises(SettingsError, match=r"^certificate: must be one of") as failure:
        DEFAULTS.changed({"certificate": pem})
    assert "secret" not in str(failure.value)


def test_names_of_mechanisms_have_no_case_and_keep_their_order() -> None:
    settings = DEFAULTS.changed({"mechanisms": ["xoauth2", "Plain"]})

    assert settings.mechanisms == ("XOAUTH2", "PLAIN")


def test_every_mechanism_that_can_be_set_exists() -> None:
    assert list(MECHANISMS) == list(sasl.MECHANISMS)


def test_all_mechanisms_are_offered_by_default() -> None:
    assert DEFAULTS.changed({"users": USERS}).mechanisms == tuple(MECHANISMS)


def test_mechanisms_that_need_a_password_are_not_offered_without_users() -> None:
    assert DEFAULTS.mechanisms == WITHOUT_PASSWORDS


@pytest.mark.usefixtures("no_library")
def test_mechanisms_that_need_a_library_are_not_offered_without_it() -> None:
    assert DEFAULTS.changed({"users": USERS}).mechanisms == WITHOUT_PASSWORDS


@pytest.mark.usefixtures("no_library")
def test_asking_for_a_mechanism_whose_library_is_missing_says_how_to_get_it() -> None:
    assert error(mechanisms=["SCRAM-SHA-256"]).startswith(
        "mechanisms=['SCRAM-SHA-256']: SCRAM-SHA-256 needs the library scramp: "
        "pip install pytest-smtpserver[scram]"
    )


@pytest.mark.parametrize("auth", ["optional", "required"])
def test_asking_for_scram_without_users_is_an_error_that_names_both(auth: str) -> None:
    text = error(auth=auth, mechanisms=["PLAIN", "SCRAM-SHA-1"])

    assert text.startswith("mechanisms=('PLAIN', 'SCRAM-SHA-1') with users={}: SCRAM-SHA-1 cannot")


def test_mechanisms_may_be_set_for_all_before_users_are_for_some() -> None:
    for_all = DEFAULTS.changed({"mechanisms": ["SCRAM-SHA-1"]})

    assert for_all.changed({"auth": "optional", "users": USERS}).mechanisms == ("SCRAM-SHA-1",)


@pytest.mark.parametrize(
    ("tls", "follows"), [("off", False), ("starttls", True), ("implicit", True)]
)
def test_auth_needs_tls_where_there_is_tls(tls: str, follows: bool) -> None:
    assert DEFAULTS.changed({"tls": tls}).auth_needs_tls is follows


def test_derived_settings_change_with_the_settings_they_follow_from() -> None:
    settings = DEFAULTS.changed({"tls": "starttls", "users": USERS})

    changed = settings.changed({"tls": "off"}).changed({"users": {}})

    assert changed.auth_needs_tls is False
    assert changed.mechanisms == WITHOUT_PASSWORDS


def test_given_settings_stay_when_others_change() -> None:
    settings = DEFAULTS.changed({"auth_needs_tls": False, "mechanisms": ["PLAIN"]})

    changed = settings.changed({"tls": "starttls"}).changed({"users": USERS})

    assert changed.auth_needs_tls is False
    assert changed.mechanisms == ("PLAIN",)


def test_a_server_may_refuse_auth_for_want_of_tls_that_it_does_not_offer() -> None:
    # A client cannot use such a directory, but may be started in it.
    settings = DEFAULTS.changed({"auth": "required", "auth_needs_tls": True})

    assert (settings.tls, settings.auth_needs_tls) == ("off", True)


def test_required_tls_that_is_off_is_an_error_that_names_both() -> None:
    assert error(tls_required=True).startswith("tls_required=True with tls='off': no client could")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_can_be_required_where_there_is_tls(tls: str) -> None:
    assert DEFAULTS.changed({"tls": tls, "tls_required": True}).tls_required


def test_no_repr_shows_a_password() -> None:
    settings = DEFAULTS.changed({"users": USERS})

    assert "users={'ann': ***}" in repr(settings)
    assert repr(settings.users) == str(settings.users) == "{'ann': ***}"
    assert "hunter2" not in repr(settings)


def test_users_that_a_callable_decides_about_are_shown_as_it() -> None:
    def anyone(mechanism: str, name: str, secret: str) -> bool:
        return True

    settings = DEFAULTS.changed({"auth": "optional", "users": anyone})
    assert repr(settings.users) == repr(anyone)


@pytest.mark.parametrize(
    ("users", "why"),
    [
        ("ann:hunter2", ""),
        ([("ann", "hunter2")], ""),
        (["ann:hunter2"], ""),
        ({"ann": b"hunter2"}, "the password of 'ann' must be a str without NUL; "),
        ({"ann": "hunter2\0"}, "the password of 'ann' must be a str without NUL; "),
        ({"ann": "hunter2\udcff"}, "the password of 'ann' must be a str without NUL; "),
        ({"": "hunter2"}, "a user's name must be a str without NUL, not empty; "),
        ({1: "hunter2"}, "a user's name must be a str without NUL, not empty; "),
        ({"a\0": "hunter2"}, "a user's name must be a str without NUL, not empty; "),
    ],
)
def test_impossible_users_are_explained_without_a_password(users: object, why: str) -> None:
    assert error(users=users) == f"users: {why}must be {SETTINGS['users'].allowed}"


def test_no_other_error_shows_a_password() -> None:
    for other in ({"tls_required": True}, {"tls": "x"}, {"nope": 1}):
        assert "hunter2" not in error(users=USERS, **other)


def test_users_are_not_those_of_the_callers_mapping() -> None:
    users = dict(USERS)
    settings = DEFAULTS.changed({"users": users})

    users.clear()

    assert settings.users == USERS


def test_settings_are_compared_by_value() -> None:
    one, other = (DEFAULTS.changed({"users": dict(USERS)}) for _ in range(2))

    assert (one == other, hash(one) == hash(other)) == (True, True)
    assert hash(one.users) == hash(other.users)
    assert one != DEFAULTS


def test_settings_are_frozen() -> None:
    for name in ("tls", "no_such_name"):
        with pytest.raises(FrozenInstanceError, match=rf"^Settings\.{name} cannot be changed$"):
            setattr(Settings(), name, "starttls")


def test_an_unknown_setting_suggests_the_nearest() -> None:
    assert error(mechanism=["PLAIN"]).startswith(
        "unknown setting 'mechanism': did you mean 'mechanisms'?"
    )


@pytest.mark.parametrize(
    ("unknown", "meant"),
    [
        ("use_tls", "tls"),
        ("ssl", "tls"),
        ("starttls", "tls"),
        ("require_tls", "tls_required"),
        ("auth_required", "auth"),
        ("address", "host"),
        ("domain", "hostname"),
        ("lmtp", "protocol"),
        ("cert", "certificate"),
        ("size", "max_message_size"),
        ("timeout", "wait_timeout"),
        ("Bind", "host"),
    ],
)
def test_an_unknown_setting_suggests_what_it_means_before_what_is_spelt_so(
    unknown: str, meant: str
) -> None:
    said = error(**{unknown: "x"})
    assert said.startswith(
        f"unknown setting {unknown!r}: did you mean {meant!r}? its value was 'x'; the settings are "
    )


def test_a_name_that_is_not_text_is_unknown() -> None:
    with pytest.raises(SettingsError, match="unknown setting 5: its value was 6; the settings are"):
        check_each({5: 6})  # type: ignore[dict-item]


def test_an_unknown_setting_is_named_with_its_value() -> None:
    said = error(prot=2525)
    assert "'prot': did you mean 'port'? its value was 2525; the settings are host, " in said
    assert "its value was 'x'; the settings are host, " in error(nonsense="x")


@pytest.mark.parametrize("name", ["user", "password", "credentials", "api_token", "USERS"])
def test_the_value_of_an_unknown_setting_is_not_shown_if_it_may_be_a_secret(name: str) -> None:
    text = error(**{name: {"ann": "hunter2"}})

    assert text.startswith(f"unknown setting {name!r}: did you mean 'users'? the settings are ")
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"users": USERS}, "users has no effect with auth='off': add auth='optional' or "),
        ({"mechanisms": ["PLAIN"]}, "mechanisms=('PLAIN',) has no effect with auth='off'"),
        ({"certificate": "expired"}, "certificate='expired' has no effect with tls='off': add "),
        ({"tls_versions": ["TLSv1.2"]}, "tls_versions=('TLSv1.2',) has no effect with tls='off'"),
        ({"client_certificate": "optional"}, "client_certificate='optional' has no effect with "),
    ],
)
def test_a_setting_without_effect_is_an_error_in_a_call(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(sentence)}"):
        SMTPServer(**given)


def test_a_default_may_be_given_where_it_has_no_effect() -> None:
    SMTPServer(users={}, certificate="valid", client_certificate="off")
    SMTPServer(mechanisms=DEFAULTS.mechanisms, tls_versions=["TLSv1.3", "TLSv1.2"])


def test_lines_to_announce_besides_leave_the_other_extensions_as_they_are() -> None:
    settings = DEFAULTS.changed({"extensions": ["+XCLIENT ADDR NAME", "+x-custom"]})

    assert settings.offered_extensions == DEFAULTS.offered_extensions
    assert settings.announced_besides == ("XCLIENT ADDR NAME", "x-custom")
    taken_away = DEFAULTS.changed({"extensions": ["-dsn", "+XFOO"]})
    assert "DSN" not in taken_away.offered_extensions
    assert taken_away.announced_besides == ("XFOO",)
    assert DEFAULTS.changed({"extensions": []}).offered_extensions == ()


def test_the_path_of_a_socket_is_kept_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert DEFAULTS.changed({"host": "unix:mail.sock"}).host == f"unix:{tmp_path}/mail.sock"


def test_users_must_not_be_an_async_function() -> None:
    async def check(mechanism: str, name: str, secret: str) -> bool:
        return False

    with pytest.raises(SettingsError, match="users"):
        SMTPServer(auth="required", users=check)

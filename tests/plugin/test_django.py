"""`smtpserver_django`: Django's mail goes to the test's server, and all is restored."""

from __future__ import annotations

from textwrap import dedent

import django
import pytest

# How a project configures its mail; Django has MAILERS from 6.1 on.
STYLES = {"EMAIL": 'EMAIL_HOST="mail.example.org", EMAIL_TIMEOUT=5'}
if django.VERSION >= (6, 1):
    STYLES["MAILERS"] = (
        'MAILERS={"default": {"OPTIONS": {"host": "mail.example.org"}}, '
        '"other": {"OPTIONS": {"host": "mail.example.org"}}}'
    )

CONFTEST = """
    import os
    import pytest
    from django.conf import settings

    def pytest_configure():
        settings.configure({style})

    def as_they_are():
        names = [name for name in dir(settings._wrapped) if name.startswith(("EMAIL_", "MAILERS"))]
        values = {{name: getattr(settings._wrapped, name) for name in names}}
        return {{**values, "SSL_CERT_FILE": os.environ.get("SSL_CERT_FILE")}}

    @pytest.fixture(autouse=True, scope="session")
    def all_is_restored():
        before = as_they_are()
        yield
        assert as_they_are() == before
"""

SUITE = """
    import pytest
    from django.core import mail

    def send():
        mail.send_mail("hello", "text", "from@example.org", ["to@example.org"])

    def test_mail_arrives(smtpserver_django, smtpserver):
        send()
        assert smtpserver_django is smtpserver
        assert smtpserver.wait_for_message().subject == "hello"

    @pytest.mark.parametrize("tls", [
        pytest.param(tls, marks=pytest.mark.smtpserver(tls=tls)) for tls in ("starttls", "implicit")
    ])
    @pytest.mark.smtpserver(auth="required", users={"ann": "open sesame"})
    def test_mail_arrives_over_verified_tls_from_the_first_user(smtpserver_django, tls):
        send()
        session = smtpserver_django.wait_for_session()
        assert session.tls
        assert session.username == "ann"
        assert len(session.messages) == 1

    @pytest.mark.smtpserver(auth="required")
    def test_anyone_logs_in_where_there_are_no_users(smtpserver_django):
        send()
        assert smtpserver_django.wait_for_session().username

    @pytest.mark.smtpserver(tls="starttls", certificate="untrusted")
    def test_a_bad_certificate_is_refused(smtpserver_django):
        with pytest.raises(OSError):
            send()
        assert "unknown CA" in smtpserver_django.wait_for_session().tls_failure

    def test_two_tests_have_two_servers(smtpserver_django):
        send()
        assert len(smtpserver_django.messages) == 1

    @pytest.fixture
    def overriding():
        # Like pytest-django's fixture `settings`, which is older than ours but changes them later.
        from django.test.utils import override_settings
        override = override_settings(DEFAULT_FROM_EMAIL="x@example.org")
        yield override
        override.disable()

    def test_settings_that_are_changed_meanwhile_do_not_keep_ours(overriding, smtpserver_django):
        overriding.enable()
        send()
        assert len(smtpserver_django.messages) == 1
"""

SUITE_OF_MAILERS = """
    from django.core.mail import EmailMessage

    def test_every_mailer_leads_to_the_server(smtpserver_django):
        EmailMessage("hello", to=["to@example.org"]).send(using="other")
        assert len(smtpserver_django.messages) == 1
"""


@pytest.mark.parametrize("style", STYLES)
def test_mail_goes_to_the_test_s_server_and_all_is_restored(
    pytester: pytest.Pytester, style: str
) -> None:
    pytester.makeconftest(CONFTEST.format(style=STYLES[style]))
    pytester.makepyfile(SUITE)
    if style == "MAILERS":
        pytester.makepyfile(test_mailers=SUITE_OF_MAILERS)
    # Django 6.1 warns of the project's own settings.
    result = pytester.runpytest_subprocess("-W", "error", "-W", "ignore:The EMAIL_")
    result.assert_outcomes(passed=8 if style == "MAILERS" else 7)


OWN_BACKEND = """
    from django.core.mail.backends import smtp

    class EmailBackend(smtp.EmailBackend):
        def __init__(self, *args, stamp="unstamped", **kwargs):
            super().__init__(*args, **kwargs)
            self.stamp = stamp

        def send_messages(self, messages):
            for message in messages:
                message.extra_headers["X-Stamp"] = self.stamp
            return super().send_messages(messages)
"""

# With Django's test environment the project's backend is hidden behind the one in memory.
SUITE_WITH_OWN_BACKEND = """
    import pytest
    from django.core.mail import send_mail
    from django.test.utils import setup_test_environment, teardown_test_environment

    @pytest.fixture(params=["plain", "in the test environment"], autouse=True)
    def environment(request):
        if request.param == "plain":
            yield
        else:
            setup_test_environment()
            yield
            teardown_test_environment()

    @pytest.mark.smtpserver(auth="required", users={"ann": "open sesame"})
    def test_mail_comes_from_the_project_s_own_class(smtpserver_django):
        send_mail("hello", "text", "from@example.org", ["to@example.org"])
        message = smtpserver_django.wait_for_message(username="ann")
        assert message["X-Stamp"] == STAMP
"""

OWN_STYLES = {"EMAIL": ("EMAIL_BACKEND='project.EmailBackend'", "unstamped")}
if django.VERSION >= (6, 1):
    options = "{'stamp': 'red', 'host': 'mail.example.org', 'ssl_certfile': '/no/such/file'}"
    mailer = f"{{'BACKEND': 'project.EmailBackend', 'OPTIONS': {options}}}"
    OWN_STYLES["MAILERS"] = (f"MAILERS={{'default': {mailer}}}", "red")


@pytest.mark.parametrize("style", OWN_STYLES)
def test_a_project_s_own_smtp_backend_keeps_its_class(
    pytester: pytest.Pytester, style: str
) -> None:
    settings, stamp = OWN_STYLES[style]
    pytester.makeconftest(CONFTEST.format(style=settings))
    pytester.makepyfile(project=OWN_BACKEND)
    pytester.makepyfile(f"STAMP = {stamp!r}\n" + dedent(SUITE_WITH_OWN_BACKEND))
    # Django 6.1 warns of the project's settings, and of what it does with the class itself.
    ignored = ("-W", "ignore:The EMAIL_", "-W", "ignore:Directly creating")
    result = pytester.runpytest_subprocess("-p", "no:django", "-W", "error", *ignored)
    result.assert_outcomes(passed=2)


SUITE_THAT_PATCHES = """
    import os
    import pytest
    from django.conf import settings

    def values():
        names = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_PASSWORD", "MAILERS")
        return [getattr(settings, name, None) for name in names], os.environ.get("SSL_CERT_FILE")

    BEFORE = values()
    NAME = "MAILERS" if hasattr(settings, "MAILERS") else "EMAIL_HOST"

    @pytest.fixture(autouse=True)
    def patched_first(monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "")

    @pytest.mark.smtpserver(tls="starttls")
    def test_it(smtpserver_django, monkeypatch):
        monkeypatch.setattr(settings, NAME, {})
        monkeypatch.delenv("SSL_CERT_FILE")

    def test_afterwards():
        assert values() == BEFORE
"""


@pytest.mark.parametrize("style", STYLES)
def test_what_a_test_changes_of_our_settings_is_put_back(
    pytester: pytest.Pytester, style: str
) -> None:
    pytester.makeconftest(CONFTEST.format(style=STYLES[style]))
    pytester.makepyfile(SUITE_THAT_PATCHES)
    result = pytester.runpytest_subprocess("-W", "error", "-W", "ignore:The EMAIL_")
    result.assert_outcomes(passed=2)


SUITE_THAT_SENDS = """
    from django.core.mail import send_mail

    def test_mail_arrives(smtpserver_django):
        send_mail("hello", "text", "from@example.org", ["to@example.org"])
        smtpserver_django.wait_for_message()
"""


@pytest.mark.parametrize("name", ["console", "dummy", "filebased", "locmem"])
def test_a_backend_that_speaks_no_smtp_is_replaced(pytester: pytest.Pytester, name: str) -> None:
    backend = f"django.core.mail.backends.{name}.EmailBackend"
    pytester.makeconftest(CONFTEST.format(style=f"EMAIL_BACKEND={backend!r}"))
    pytester.makepyfile(SUITE_THAT_SENDS)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_backend_that_cannot_be_imported_is_one_sentence(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(CONFTEST.format(style="EMAIL_BACKEND='nowhere.EmailBackend'"))
    pytester.makepyfile(SUITE_THAT_SENDS)
    result = pytester.runpytest_subprocess("-p", "no:django")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["smtpserver_django: the mail backend 'nowhere.EmailBackend' cannot be imported: *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


USES_IT = """
    def test_it(smtpserver_django):
        pass
"""


def test_a_project_without_settings_gets_one_sentence(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES_IT)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["smtpserver_django: Django is not configured: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_environment_without_django_gets_one_sentence(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(USES_IT)
    pytester.makeconftest("import sys; sys.modules['django'] = None")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["smtpserver_django: Django is not installed"])
    result.stdout.no_fnmatch_line("*Traceback*")

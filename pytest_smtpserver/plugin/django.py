"""Django's mail settings, pointed at a server for as long as a test lasts.

Django's own `override_settings` puts another settings object in front of the current one, and on
exit puts the previous object back. So does pytest-django's fixture `settings`. If the two end in
another order than the reverse of their beginning, one of them puts back an object that the other
had removed. So we replace values inside the current object, and put the old values back there.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.server import access

from .replacing import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_smtpserver.server.server import SMTPServer

_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def require() -> None:
    """Raise `RuntimeError`, with one sentence, unless Django is there and configured."""
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
    except ImportError:
        raise RuntimeError("Django is not installed") from None
    try:
        # Any setting will do: Django reads its settings file when the first one is asked for.
        _ = settings.DEBUG
    except (ImproperlyConfigured, ImportError) as error:
        raise RuntimeError(f"Django is not configured: {error}") from None
    for one in _configured():
        _refuse_what_cannot_be_imported(one.get("BACKEND", _BACKEND))


def _refuse_what_cannot_be_imported(backend: str) -> None:
    from django.utils.module_loading import import_string

    try:
        import_string(backend)
    except ImportError as error:
        raise RuntimeError(f"the mail backend {backend!r} cannot be imported: {error}") from None


@contextmanager
def mail_goes_to(server: SMTPServer) -> Iterator[None]:
    """Make Django send its mail to this server; on exit all settings are as before."""
    from django.conf import settings

    values = _mailers(server) if hasattr(settings, "MAILERS") else _email_settings(server)
    with replaced(os.environ, _environment(server)), _replaced_settings(values):
        yield


def _environment(server: SMTPServer) -> dict[str, str]:
    # Django's backend has no setting for a CA.
    return access.trust(server.settings)


def _email_settings(server: SMTPServer) -> dict[str, Any]:
    username, password = _login(server)
    return {
        "EMAIL_BACKEND": _smtp_among(_configured()).get("BACKEND", _BACKEND),
        "EMAIL_HOST": server.host,
        "EMAIL_PORT": server.port,
        "EMAIL_HOST_USER": username,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": server.settings.tls == "starttls",
        "EMAIL_USE_SSL": server.settings.tls == "implicit",
        "EMAIL_SSL_CERTFILE": None,
        "EMAIL_SSL_KEYFILE": None,
    }


def _mailers(server: SMTPServer) -> dict[str, Any]:  # pragma: no cover  # Django 6.1 or newer
    from django.conf import settings

    return {"MAILERS": {name: _mailer(server, name) for name in [*settings.MAILERS, "default"]}}


def _mailer(server: SMTPServer, name: str) -> dict[str, Any]:  # pragma: no cover  # as above
    username, password = _login(server)
    options = {
        "host": server.host,
        "port": server.port,
        "username": username,
        "password": password,
        "use_tls": server.settings.tls == "starttls",
        "use_ssl": server.settings.tls == "implicit",
        "ssl_certfile": None,
        "ssl_keyfile": None,
    }
    own = _smtp_among(_configured(name))
    return {"BACKEND": _BACKEND, **own, "OPTIONS": {**own.get("OPTIONS", {}), **options}}


def _smtp_among(mailers: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first mailer whose backend is Django's SMTP backend or a subclass, or `{}`."""
    from django.core.mail.backends.smtp import EmailBackend
    from django.utils.module_loading import import_string

    for mailer in mailers:
        backend = import_string(mailer.get("BACKEND", _BACKEND))
        if isinstance(backend, type) and issubclass(backend, EmailBackend):
            return mailer
    return {}


def _configured(*names: str) -> list[Mapping[str, Any]]:
    """Return the mailers in use now, then those that Django's test environment has replaced.

    `names` limits them to some. From Django 6.1 on, a project has either MAILERS or the EMAIL_
    settings: with MAILERS, Django refuses to read the others.
    """
    from django.conf import settings

    if hasattr(settings, "MAILERS"):  # pragma: no cover  # Django 6.1 or newer
        both = [settings.MAILERS, *_before("mailers")]
        return [mailers[name] for mailers in both for name in names or mailers if name in mailers]
    with warnings.catch_warnings():
        # Django 6.1 warns on reading too, but the project was warned when it set the value.
        warnings.simplefilter("ignore")
        now = settings.EMAIL_BACKEND
    return [{"BACKEND": one} for one in (now, *_before("email_backend"))]


def _before(name: str) -> list[Any]:
    """Return the value that Django's test environment replaced to keep mail in memory, if any."""
    utils = sys.modules.get("django.test.utils")
    saved = getattr(getattr(utils, "_TestState", None), "saved_data", None)
    return [getattr(saved, name)] if hasattr(saved, name) else []


def _login(server: SMTPServer) -> tuple[str, str]:
    if server.settings.auth == "off":
        return "", ""
    # Without users any credentials are accepted. If AUTH is required, Django must send some.
    anyone = ("anyone", "any password") if server.settings.auth == "required" else ("", "")
    return next(iter(server.settings.users.items()), anyone)


@contextmanager
def _replaced_settings(values: Mapping[str, Any]) -> Iterator[None]:
    from django.conf import settings

    try:
        with replaced(vars(settings._wrapped), values):
            _announce(values, enter=True)
            yield
    finally:
        _announce(values, enter=False)


def _announce(names: Mapping[str, Any], *, enter: bool) -> None:
    from django.conf import settings
    from django.core.signals import setting_changed

    # Django keeps each setting here once it was read.
    for name in names:
        vars(settings).pop(name, None)
    for name, value in names.items():
        now = value if enter else getattr(settings._wrapped, name, None)
        setting_changed.send(type(settings._wrapped), setting=name, value=now, enter=enter)

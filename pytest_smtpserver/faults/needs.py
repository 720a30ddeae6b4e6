"""The settings that a fault needs, and those that it brings along for a test's `smtpserver`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.settings import EXTENSIONS as ALL_EXTENSIONS
from pytest_smtpserver.settings import NEEDED, SWITCHED_ON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver.settings import Settings

__all__ = ["ALL_EXTENSIONS", "AUTH", "SMTP", "STARTTLS", "TLS", "Need"]


@dataclass(frozen=True, slots=True)
class Need:
    """A setting that a fault cannot do without."""

    setting: str
    is_met: Callable[[Settings], bool]
    #: The setting as one writes it.
    words: str


SMTP = Need("protocol", lambda given: given.protocol == "smtp", "protocol='smtp'")
TLS = Need("tls", lambda given: given.tls != "off", SWITCHED_ON["tls"])
STARTTLS = Need("tls", lambda given: given.tls == "starttls", "tls='starttls'")
AUTH = Need("auth", lambda given: given.auth != "off", SWITCHED_ON["auth"])


def value(setting: str, wanted: object) -> Need:
    """Return the need for exactly this value."""
    return Need(setting, lambda given: getattr(given, setting) == wanted, f"{setting}={wanted!r}")


def without(*keywords: str) -> Need:
    """Return the need for a server that does not offer these extensions."""
    return Need(
        "extensions",
        lambda given: not {*keywords}.intersection(given.offered_extensions),
        f"extensions={[f'-{keyword}' for keyword in keywords]!r}",
    )


# Without TLS, `tls_required` is an error; without AUTH, `auth_needs_tls` changes nothing.
_NEEDED = {**NEEDED, "auth_needs_tls": "auth", "tls_required": "tls"}


def brought_along(settings: Mapping[str, Any], marked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a fault that a test's markers do not set.

    If a marker switches something off, settings that would then have no effect are left out too.
    """
    return {
        name: value
        for name, value in settings.items()
        if name not in marked and marked.get(_NEEDED.get(name, "")) != "off"
    }

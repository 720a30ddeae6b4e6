"""What the settings must be with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import SettingsError
from .mechanisms import NEED_PASSWORD

if TYPE_CHECKING:
    from .value import Settings

# What a test's author got wrong is shown at the line of the test, not in here.
__tracebackhide__ = True


def check_together(settings: Settings) -> None:
    """Raise `SettingsError`, with the names of both, for two settings that exclude each other."""
    if settings.tls_required and settings.tls == "off":
        raise SettingsError(
            "tls_required=True with tls='off': no client could ever send mail; "
            "allowed is tls='starttls' or tls='implicit'"
        )
    if settings.auth == "off" or settings.users:
        return
    for name in settings.mechanisms:
        if name in NEED_PASSWORD:
            raise SettingsError(
                f"mechanisms={settings.mechanisms!r} with users={{}}: {name} cannot let anyone in "
                "without knowing the password; give the users, or leave it out"
            )

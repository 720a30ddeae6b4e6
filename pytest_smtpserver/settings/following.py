"""The defaults that follow from other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import mechanisms
from .users import Users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .value import Settings


def nobody(settings: Settings) -> Mapping[str, str]:
    """No users."""
    return Users({})


def all_that_serve(settings: Settings) -> tuple[str, ...]:
    """The mechanisms that lack nothing with these users."""
    return mechanisms.all_that_serve(settings.users)


def with_tls(settings: Settings) -> bool:
    """Where there is TLS, AUTH needs it."""
    return settings.tls != "off"

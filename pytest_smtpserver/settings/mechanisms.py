"""The SASL mechanisms: their names, and what each needs in order to serve.

How they work is written in `smtp/sasl`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Needs:
    """What a mechanism cannot do without."""

    #: A library beside the plugin's own requirements.
    library: str | None = None
    #: Whether the server must know the password: the client proves that it knows it, and wants
    #: to see the proof that the server does. With others anyone can be let in.
    password: bool = False


_NOTHING = Needs()
_SCRAM = Needs(library="scramp", password=True)

#: In the order in which they are offered, unless the setting `mechanisms` says another.
MECHANISMS: Mapping[str, Needs] = MappingProxyType(
    {
        "PLAIN": _NOTHING,
        "LOGIN": _NOTHING,
        "CRAM-MD5": _NOTHING,
        "SCRAM-SHA-1": _SCRAM,
        "SCRAM-SHA-256": _SCRAM,
        "XOAUTH2": _NOTHING,
        "OAUTHBEARER": _NOTHING,
    }
)


def all_that_serve(users: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the mechanisms that lack nothing."""
    return tuple(
        name
        for name, needs in MECHANISMS.items()
        if (users or not needs.password) and (not needs.library or is_installed(needs.library))
    )


@cache
def is_installed(library: str) -> bool:
    """Return whether a library could be imported, without importing it."""
    from importlib.util import find_spec

    return find_spec(library) is not None

"""The SASL mechanisms: what each needs in order to serve.

How they work is written in `smtp/sasl`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .table import MECHANISMS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Those for which the server must know the password: the client proves that it knows it, and
#: wants to see the proof that the server does. With the others anyone can be let in.
NEED_PASSWORD = frozenset({"SCRAM-SHA-1", "SCRAM-SHA-256"})

#: name -> the library that it needs, which is not among the plugin's own requirements.
LIBRARIES = {"SCRAM-SHA-1": "scramp", "SCRAM-SHA-256": "scramp"}


def all_that_serve(users: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the mechanisms that lack nothing."""
    return tuple(
        name
        for name in MECHANISMS
        if (users or name not in NEED_PASSWORD) and not missing_library(name)
    )


def missing_library(name: str) -> str | None:
    """Return the library for want of which a mechanism cannot serve, or `None`."""
    library = LIBRARIES.get(name)
    return library if library and not is_installed(library) else None


@cache
def is_installed(library: str) -> bool:
    """Return whether a library could be imported, without importing it."""
    from importlib.util import find_spec

    return find_spec(library) is not None

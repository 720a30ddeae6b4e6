"""Chooses faults by globs of their names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_smtpserver.matching import given

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .fault import Fault


def choose(
    faults: Iterable[Fault], globs: Collection[str] = (), exclude: Collection[str] | str = ()
) -> tuple[Fault, ...]:
    """Return the faults whose names fit one of the globs, in their order; without globs, all.

    Those that fit one of `exclude` are left out. Raises `ValueError` for a glob that fits none,
    and if none remains; `TypeError` for something that is not a name.
    """
    every = tuple(faults)
    excluded = _fitting(every, given.several("exclude", exclude, (str,), "the name of a fault"))
    wanted = _fitting(every, globs) if globs else every
    if left := tuple(fault for fault in wanted if fault not in excluded):
        return left
    raise ValueError("all chosen faults are excluded")


def _fitting(faults: tuple[Fault, ...], globs: Collection[str]) -> tuple[Fault, ...]:
    for glob in globs:
        if not isinstance(glob, str):
            raise TypeError(f"a fault must be chosen by its name, not by {glob!r}")
        if not any(fnmatchcase(fault.name, glob) for fault in faults):
            raise ValueError(f"no fault fits {glob!r}{_hint(glob, faults)}")
    return tuple(fault for fault in faults if any(fnmatchcase(fault.name, one) for one in globs))


def _hint(glob: str, faults: tuple[Fault, ...]) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(glob.lower(), [fault.name for fault in faults], n=1)
    known = ", ".join(fault.name for fault in faults)
    return f": did you mean {nearest[0]!r}?" if nearest else f"; the faults are {known}"

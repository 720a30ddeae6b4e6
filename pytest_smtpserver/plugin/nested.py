"""Runs within a test: what pytester's run imports first is forgotten when that run is over.

pytester notes `sys.modules` before a run in this process, and restores it afterwards. Most of our
package is imported when it is needed. A part that the inner run was the first to need would then
exist twice: modules that were there before refer to the forgotten copy, and whoever imports the
part later gets another. The classes of the two are not the same, so `except SMTPAssertionError` in
a later test would not catch what a wait raises.

So the whole package is imported before such a run, if any part of it was used before. A run whose
tests take a server has imported parts by then (`pytest_runtestloop`); where the plugin is merely
installed, nobody waits for the rest.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import pytest_smtpserver

#: Where public names come from; a start of pytest imports none of these.
_ROOMS = {home.partition(".")[0] for home in pytest_smtpserver._HOMES.values()} - {"settings"}


def prepare() -> None:
    """Import what a run within this test must not be the first to import."""
    # The attribute stays when an earlier run within a test has forgotten the module.
    if any(hasattr(pytest_smtpserver, room) for room in _ROOMS):
        for name in _modules():
            import_module(name)


@cache
def _modules() -> tuple[str, ...]:
    found = pkgutil.walk_packages(pytest_smtpserver.__path__, "pytest_smtpserver.")
    return tuple(one.name for one in found if not one.name.endswith("__main__"))

"""Runs within a test: what pytester's run imports first is forgotten when that run is over.

pytester notes `sys.modules` before a run in this process, and restores it afterwards. Most of our
package is imported when it is needed. A part that the inner run was the first to need would then
exist twice: modules that were there before refer to the forgotten copy, and whoever imports the
part later gets another. The classes of the two are not the same, so `except SMTPAssertionError` in
a later test would not catch what a wait raises.

So the whole package is imported before such a run, unless nothing of the suite uses it: where the
plugin is merely installed, nobody should wait for that.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import pytest_smtpserver

_IS_USED = pytest.StashKey[bool]()

#: Where public names come from; a start of pytest imports none of these.
_ROOMS = {home.partition(".")[0] for home in pytest_smtpserver._HOMES.values()} - {"settings"}


def prepare(item: pytest.Item) -> None:
    """Import what a run within this test must not be the first to import."""
    if _is_used(item.session):
        for module in pkgutil.walk_packages(pytest_smtpserver.__path__, "pytest_smtpserver."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


def _is_used(session: pytest.Session) -> bool:
    # The attribute stays when an earlier run within a test has forgotten the module.
    if any(hasattr(pytest_smtpserver, room) for room in _ROOMS):
        return True
    if _IS_USED not in session.stash:
        names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        session.stash[_IS_USED] = any(name.startswith("smtpserver") for name in names)
    return session.stash[_IS_USED]

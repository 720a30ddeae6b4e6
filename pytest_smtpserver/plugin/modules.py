"""The package's modules: imported before a test can mock what they need, and the same ones later.

Most of the package is imported when it is needed. That must not be in the middle of a test:

* A test may have replaced a part of the standard library. A module that is imported meanwhile can
  keep the mock (`from base64 import b64decode`, `_WORD = re.compile(...)`), and every later test
  would meet it. So before the first test, if a test takes a server, what servers and mail need is
  imported (`import_for_tests`). Libraries that few tests need are still imported when they are
  used; trustme, which is large, while the standard library is as it was
  (`unpatched.standard_library`).
* A test may take modules out of `sys.modules`, to see how its own import again, and ours with them.
  A second copy of the package would start a second thread, and the plugin would meet servers that
  are not of its classes. So after such a test the modules are put back (`SameModules`). The same
  for trustme and what it imports: cryptography cannot be imported twice in a process, because its
  part in Rust keeps the classes of the first time.
* pytester notes `sys.modules` before a run in this process, and restores it afterwards. A part that
  the inner run was the first to need would then exist twice: modules that were there before refer
  to the forgotten copy, and whoever imports the part later gets another. The classes of the two are
  not the same, so `except SMTPAssertionError` in a later test would not catch what a wait raises.
  So the whole package is imported before such a run, if any part of it was used before
  (`import_all`). Where the plugin is merely installed, nobody waits for the rest.
"""

from __future__ import annotations

import pkgutil
import sys
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

import pytest

import pytest_smtpserver
from pytest_smtpserver import unpatched

_PACKAGE: Final = pytest_smtpserver.__name__

_NETWORK: Final = f"{_PACKAGE}.network"

#: Where public names come from; a start of pytest imports none of these.
_ROOMS = {home.partition(".")[0] for home in pytest_smtpserver._HOMES.values()} - {"settings"}

#: The program at a terminal, which no test imports, and what an ordinary test does not need.
_NEVER: Final = frozenset({f"{_PACKAGE}.__main__"})
_OF_FEW_TESTS: Final = _NEVER | {
    f"{_PACKAGE}.{room}" for room in ("faults", "inbox", "plugin", "report")
}

#: What is imported when a message is read, an address looked up, or a test has failed.
_NEEDED_LATER: Final = (
    "email.contentmanager", "email.generator", "email.parser", "email.policy", "encodings.idna",
    "tomllib", f"{_PACKAGE}.plugin.markers", f"{_PACKAGE}.plugin.other_reports",
    f"{_PACKAGE}.plugin.report",
)  # fmt: skip


def import_for_tests() -> None:
    """Import what a test with a server may need, and note the standard library as it is now."""
    from pytest_smtpserver.server.core import import_network
    from pytest_smtpserver.settings.checks import is_installed

    import_network()
    for name in (*_names(_OF_FEW_TESTS), *_NEEDED_LATER):
        import_module(name)
    # It keeps its answer.
    is_installed("scramp")
    unpatched.note_standard_library()


def import_all() -> None:
    """Import what a run within this test must not be the first to import."""
    # The attribute stays when an earlier run within a test has forgotten the module.
    if any(hasattr(pytest_smtpserver, room) for room in _ROOMS):
        for name in _names(_NEVER):
            import_module(name)


@cache
def _names(besides: frozenset[str], package: str = _PACKAGE) -> tuple[str, ...]:
    inside = pkgutil.iter_modules(import_module(package).__path__, f"{package}.")
    found = [one for one in inside if one.name not in besides]
    inner = (name for one in found if one.ispkg for name in _names(besides, one.name))
    return (*(one.name for one in found), *inner)


class SameModules:
    """A plugin object that puts modules back which a test took out of `sys.modules`."""

    def __init__(self) -> None:
        self._kept: dict[str, ModuleType] = {}
        self._count = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Put back what the test before took out, and note what it has imported."""
        if not unpatched.libraries.items() <= sys.modules.items():
            _put_back_libraries()
        if not self._kept.items() <= sys.modules.items():
            self.put_back()
        if self._count != len(sys.modules):
            self._count = len(sys.modules)
            # A copy: another thread may import something meanwhile.
            self._kept |= {name: one for name, one in sys.modules.copy().items() if _is_ours(name)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Put back what the last test took out, so that the servers' thread is found."""
        self.put_back()

    def put_back(self) -> None:
        """Put back what a test took out."""
        if self._kept.items() <= sys.modules.items():
            return
        second = sys.modules.get(_NETWORK)
        _restore(self._kept)
        if second and second is not self._kept.get(_NETWORK):
            # A second copy has a thread of its own.
            second.shut_down()


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == _PACKAGE


def _file(module: object) -> str | None:
    # Parts of a module in Rust have none.
    return getattr(module, "__file__", None)


def _put_back_libraries() -> None:
    for name, module in unpatched.libraries.items():
        if _file(sys.modules.get(name, module)) != _file(module):
            # A stand-in, or None, may be there on purpose, for a whole class of tests.
            return
    _restore(unpatched.libraries)


def _restore(modules: dict[str, ModuleType]) -> None:
    sys.modules.update(modules)
    for name, module in modules.items():
        # `from parent import own` looks there. The parent of a library's module may be a stand-in.
        parent, _, own = name.rpartition(".")
        if isinstance(holder := sys.modules.get(parent), ModuleType):
            setattr(holder, own, module)

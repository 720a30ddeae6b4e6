"""Beside pytest-localserver, which has a fixture `smtpserver` too: ours is used.

Only a run that loads pytest-localserver imports this file, and registers it as a plugin.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from .fixtures import start_for_test

if TYPE_CHECKING:
    from pytest_smtpserver.server.server import ServerFactory, SMTPServer

_THEIRS = "pytest_localserver.plugin"


@pytest.fixture
def smtpserver(smtpserver_factory: ServerFactory) -> SMTPServer:
    """A fresh, running `SMTPServer` with a port of its own."""
    return start_for_test(smtpserver_factory)


def register(manager: pytest.PytestPluginManager) -> None:
    """Register our `smtpserver` once more, unless the user has one from a plugin of their own.

    If several plugins have a fixture of one name, pytest uses that of the plugin registered last,
    and the order of entry points is an accident. So ours is registered once more, after theirs.
    That happens before any conftest is loaded, so a fixture of the user's own still wins.
    """
    having = _having_the_fixture(manager)
    if _THEIRS in having and (having[-1] == _THEIRS or _is_ours(having[-1])):
        manager.register(sys.modules[__name__])


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say whose fixture `smtpserver` is used."""
    if not _is_ours(_having_the_fixture(config.pluginmanager)[-1]):
        return None
    return (
        "smtpserver: this fixture is pytest-smtpserver's; for pytest-localserver's write "
        f"`from {_THEIRS} import smtpserver` in conftest.py"
    )


def _having_the_fixture(manager: pytest.PytestPluginManager) -> list[str]:
    plugins = (plugin for _, plugin in manager.list_name_plugin() if hasattr(plugin, "smtpserver"))
    return [getattr(plugin, "__name__", "") for plugin in plugins]


def _is_ours(plugin: str) -> bool:
    return plugin.startswith("pytest_smtpserver.")

"""Tests that run once for each fault of the catalogue."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from .fixtures import FAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.faults import Fault, FaultAtWork
    from pytest_smtpserver.server.server import SMTPServer

MARKER = "smtpserver_faults"

_SECTION = "SMTP faults"


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each fault that its markers choose.

    Raises `CollectError`, which says what is wrong with a marker.
    """
    from pytest_smtpserver.faults import FAULTS, choose

    try:
        globs, exclude = _chosen(metafunc.definition)
        faults = choose(FAULTS, globs, exclude)
    except (TypeError, ValueError) as error:
        raise pytest.Collector.CollectError(f"@pytest.mark.{MARKER}: {error}") from None
    metafunc.parametrize(FAULT, faults, ids=[fault.name for fault in faults], indirect=True)


def _chosen(node: pytest.Item) -> tuple[tuple[str, ...], Any]:
    """Return the names to run and those to exclude, each from the closest marker that has any."""
    globs: tuple[str, ...] = ()
    exclude: Any = ()
    for marker in reversed(list(node.iter_markers(MARKER))):
        if unknown := set(marker.kwargs) - {"exclude"}:
            raise TypeError(f"{min(unknown)!r} is not an argument; it takes names and exclude=")
        globs = marker.args or globs
        exclude = marker.kwargs.get("exclude", exclude)
    return globs, exclude


def brought_along(item: pytest.Item, marked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a test's fault brings along for its `smtpserver`.

    Skips the test if this machine does not support one of them, such as an old TLS version.
    """
    fault = _fault_of(item)
    if fault is None:
        return {}
    from pytest_smtpserver.faults.needs import brought_along
    from pytest_smtpserver.settings import SettingsError, check_each

    settings = brought_along(fault.settings, marked)
    try:
        check_each(settings)
    except SettingsError as error:
        # The settings are correct; this machine does not support one of them.
        pytest.skip(f"{fault.name}: {error}")
    return settings


def _fault_of(item: pytest.Item) -> Fault | None:
    from pytest_smtpserver.faults import Fault

    callspec = getattr(item, "callspec", None)
    chosen = callspec.params.get(FAULT) if callspec else None
    # Not what the project's own parameter of that name is.
    return chosen if isinstance(chosen, Fault) else None


def at_work(request: pytest.FixtureRequest, server: SMTPServer, marked: Any) -> FaultAtWork:
    """Return the test's fault, at work on its server; skip what its markers rule out."""
    fault: Fault = request.param
    for need in fault.lacking(server.settings):
        if need.setting in marked:
            pytest.skip(f"{fault.name} needs {need.words}, and a marker says otherwise")
    try:
        applied = fault.apply(server)
    except ValueError as error:
        raise pytest.fail.Exception(f"{FAULT}: {error}", pytrace=False) from None
    note = partial(request.node.add_report_section, "call", _SECTION)
    return replace(applied, _note=note)

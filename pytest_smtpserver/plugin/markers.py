"""The settings that a test is given by its markers, and by `smtpserver_settings`."""

from __future__ import annotations

from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver.settings import SettingsError, check_each
from pytest_smtpserver.settings.users import hiding_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def for_all(given: Mapping[str, object]) -> dict[str, Any]:
    """Return the settings of `smtpserver_settings`; each is checked by itself.

    Whether settings fit together is checked once all are merged.
    """
    if isinstance(given, (dict, MappingProxyType)) and not given:
        return {}
    with one_sentence("smtpserver_settings"):
        check_each(given)
        return hiding_secrets(given)


def checked(item: pytest.Item) -> dict[str, Any]:
    """Return the settings of a test's markers; each of them is checked by itself too."""
    if item.get_closest_marker("smtpserver") is None:
        return {}
    with one_sentence("@pytest.mark.smtpserver"):
        marked = settings_of(item)
        check_each(marked)
        return marked


def settings_of(item: pytest.Item) -> dict[str, Any]:
    """Return the settings of a test's markers, not checked.

    Raises `SettingsError` for an argument without a name.
    """
    return _merged(_markers(item))


def _merged(markers: Sequence[pytest.Mark]) -> dict[str, Any]:
    """Return the settings of markers, the closest first; they are checked together later."""
    merged: dict[str, Any] = {}
    for marker in reversed(markers):
        if marker.args:
            raise SettingsError(f"settings must be given by name, not {marker.args[0]!r}")
        merged |= hiding_secrets(marker.kwargs)
    return merged


def _markers(item: pytest.Item) -> list[pytest.Mark]:
    """Return the markers of a test, the closest first."""
    # pytest's order is not by distance: a parameter's marks come after those of the function, and
    # those of a class after those of its bases.
    parameters = getattr(getattr(item, "callspec", None), "marks", ())
    chain = item.listchain()

    def distance(found: tuple[Any, pytest.Mark]) -> tuple[bool, int, int]:
        node, marker = found
        is_farther = all(marker is not one for one in parameters)
        return is_farther, -chain.index(node), _classes_between(node, marker)

    return [mark for _, mark in sorted(item.iter_markers_with_node("smtpserver"), key=distance)]


def _classes_between(node: Any, marker: pytest.Mark) -> int:
    """Return how many classes lie between the node's class and the one that has the marker."""
    for number, cls in enumerate(getattr(getattr(node, "obj", None), "__mro__", ())):
        marks = vars(cls).get("pytestmark", [])
        # Decorators make a list; an assignment `pytestmark = ...` may be a single marker.
        one_by_one = marks if isinstance(marks, list) else [marks]
        if any(marker is getattr(one, "mark", one) for one in one_by_one):
            return number
    return 0


@contextmanager
def one_sentence(where: str) -> Iterator[None]:
    """Make an error in the block a test's failure of one sentence, which begins with `where`."""
    # A traceback would show only the plugin's code. `from None`: pytest would also show the handled
    # exception, and show it first.
    try:
        yield
    except (SettingsError, OSError, RuntimeError) as error:
        raise pytest.fail.Exception(f"{where}: {error}", pytrace=False) from None

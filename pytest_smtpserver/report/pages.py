"""Templates, style sheet, script and the policy of the page: what report and inbox share.

Text from a mail gets into a page in only two ways: as text, which Jinja2 escapes, and as the HTML
of a frame whose `sandbox` allows nothing. The policy is the second barrier. It allows one script,
ours, by its digest, and nothing is fetched from outside.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE: Final = Path(__file__).parent / "templates"
# How many pieces of a template are joined into one; arbitrary.
_PIECES: Final = 25


def stream(template: str, **values: Any) -> Iterator[str]:
    """Yield a page piece by piece."""
    made = _environment().get_template(template).stream(_shared(), **values)
    made.enable_buffering(_PIECES)
    return iter(made)


def macro(template: str, name: str, *arguments: object) -> str:
    """Return what a macro of a template makes from its arguments."""
    module = _module(template)
    return str(getattr(module, name)(*arguments))


def policy(*more: str) -> str:
    """Return the Content-Security-Policy of a page, with further directives.

    A frame with `srcdoc` is under its page's policy too. So this policy must allow the styles and
    the pictures that a mail contains.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'sha256-{_digest(_script())}'",
            "style-src 'unsafe-inline'",
            "base-uri 'none'",
            "form-action 'none'",
            *more,
        )
    )


def _shared() -> dict[str, Any]:
    # Not escaped: both are ours, and contain nothing that would end their element.
    return {"style": Markup(_file("style.css")), "script": Markup(_script())}  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(octets=_octets, clock=_clock, day=_day)
    return environment


def load() -> None:
    """Read all templates now, and not while a test may have replaced how files are read."""
    _shared()
    for name in _environment().list_templates(["html"]):
        _environment().get_template(name)


@cache
def _module(template: str) -> Any:
    return _environment().get_template(template).module


@cache
def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _script() -> str:
    return _file("script.js")


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode("ascii")


def _octets(size: int) -> str:
    for unit, name in ((1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} octets"


def _clock(time: str) -> str:
    return datetime.fromisoformat(time).time().isoformat("seconds")


def _day(time: str) -> str:
    return f"{datetime.fromisoformat(time).replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"

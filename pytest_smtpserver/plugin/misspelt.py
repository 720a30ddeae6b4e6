"""Markers that are almost ours, such as `@pytest.mark.smtp_server`.

Without `--strict-markers`, pytest accepts any marker. Then the settings in it have no effect, and
one warning among others is all that says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKER = re.compile(r"Unknown pytest\.mark\.(\w+)")
_OURS = ("smtpserver", "smtpserver_faults")

_found: dict[str, None] = {}


def note(warning: str) -> None:
    """Keep the name of the unknown marker in a warning of pytest."""
    if match := _MARKER.match(warning):
        _found[match[1]] = None


def sentences() -> Iterator[str]:
    """Yield a sentence for each name that is almost one of our markers."""
    if not _found:
        return
    from difflib import get_close_matches

    for name in _found:
        # 0.8 is arbitrary: about two letters in ten may be wrong.
        for meant in get_close_matches(name, _OURS, n=1, cutoff=0.8):
            yield (
                f"@pytest.mark.{name} has no effect: did you mean @pytest.mark.{meant}? "
                "(--strict-markers makes it an error)"
            )


def forget() -> None:
    """Begin a new run."""
    _found.clear()

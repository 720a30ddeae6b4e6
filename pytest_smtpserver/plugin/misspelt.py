"""Markers that are almost ours, such as `@pytest.mark.smtp_server`.

Without `--strict-markers`, pytest accepts any marker. Then the settings in it have no effect, and
one warning among others is all that says so.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARKER = re.compile(r"PytestUnknownMarkWarning: Unknown pytest\.mark\.(\w+)")
_OURS = ("smtpserver", "smtpserver_faults")


def sentences(warnings: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each name in pytest's warnings that is almost one of our markers."""
    found = filter(None, map(_MARKER.search, warnings))
    for name in dict.fromkeys(match[1] for match in found):
        # 0.8 is arbitrary: about two letters in ten may be wrong.
        for meant in get_close_matches(name, _OURS, n=1, cutoff=0.8):
            yield (
                f"@pytest.mark.{name} has no effect: did you mean @pytest.mark.{meant}? "
                "(--strict-markers makes it an error)"
            )

"""What a test is told when an assertion fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec

import pytest

from pytest_smtpserver import SMTPAssertionError

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")


def first_line(
    assertion: Callable[Arguments, object], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> str:
    """Return the first line of the failure."""
    with pytest.raises(SMTPAssertionError) as caught:
        assertion(*args, **kwargs)
    return str(caught.value).splitlines()[0]

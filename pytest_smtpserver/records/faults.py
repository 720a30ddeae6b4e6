"""Problems and violations alike: what is left of them when a test ignores some codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_smtpserver.matching import SMTPAssertionError, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Fault(Protocol):
    """A problem or a violation."""

    @property
    def code(self) -> str:
        """Its kind."""


def assert_none(
    noun: str,
    found: Sequence[Fault],
    *,
    ignore: Collection[str],
    known: Collection[str],
    of: object,
) -> None:
    """Raise `SMTPAssertionError` if something is found that is not to be ignored.

    `noun` is what one of them is called; `of` is the record that has them. Raises `ValueError` if
    a code to ignore is none of those known.
    """
    __tracebackhide__ = True
    codes = {ignore} if isinstance(ignore, str) else set(ignore)
    for code in sorted(codes.difference(known)):
        raise ValueError(f"ignore={code!r} is no {noun}'s code: known are {', '.join(known)}")
    left = [fault for fault in found if fault.code not in codes]
    if left:
        raise SMTPAssertionError(_described(noun, left, of))


def _described(noun: str, left: Sequence[Fault], of: object) -> str:
    more = f"; and {len(left) - 1} more" if len(left) > 1 else ""
    first = f"expected no {noun}s, but {left[0]}{more}"
    return "\n".join(
        [first, "", f"{counted(len(left), noun)} of {of!r}:", *(f"  {fault}" for fault in left)]
    )

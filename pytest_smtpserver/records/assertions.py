"""What a test asserts of one message; what fails shows the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.matching import Criteria, SMTPAssertionError, describe_mismatch

from . import faults, problems

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .message import Message

#: The parts that `assert_body` knows.
PARTS: Final = ("any", "text", "html")


class _Anything:
    """Equal to everything, as `unittest.mock.ANY`, which takes long to import."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # what is equal to all has no hash

    def __repr__(self) -> str:
        return "ANY"


#: The default of `assert_header`: the field is there, whatever its value.
ANY: Final[Any] = _Anything()


def meets(message: Message, criteria: Criteria) -> None:
    """Raise `SMTPAssertionError` unless the message meets the criteria."""
    __tracebackhide__ = True
    if differences := criteria.differences(message):
        raise SMTPAssertionError(describe_mismatch(criteria, message, differences))


def has_envelope(message: Message, expected: Mapping[str, object]) -> None:
    """Raise `SMTPAssertionError` unless the envelope is as expected; `...` is not compared."""
    __tracebackhide__ = True
    given = {name: value for name, value in expected.items() if value is not ...}
    meets(message, Criteria.for_envelopes(given))


def has_body(message: Message, expected: object, part: str) -> None:
    """Raise `SMTPAssertionError` unless that part of the body is as expected."""
    __tracebackhide__ = True
    if part not in PARTS:
        raise ValueError(f"part={part!r}: allowed is one of {', '.join(PARTS)}")
    meets(message, Criteria.for_bodies({"body" if part == "any" else part: expected}))


def has_no_problems(message: Message, ignore: Collection[str]) -> None:
    """Raise `SMTPAssertionError` if the message has problems other than those ignored."""
    __tracebackhide__ = True
    faults.assert_none("problem", message.problems, ignore=ignore, known=problems.KINDS, of=message)

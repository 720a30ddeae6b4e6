"""Waiting until a rule holds so many clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Held_co = TypeVar("Held_co", covariant=True)


class Holding(Protocol[Held_co]):
    """What holds commands: a rule."""

    @property
    def held(self) -> tuple[Held_co, ...]:
        """The commands that were held so far, oldest first."""


class Held(Generic[Held_co]):
    """So many commands were held.

    `give_up` says that no more will be; `fail` is called with a sentence to raise the failure.
    """

    def __init__(
        self,
        rule: Holding[Held_co],
        count: int,
        *,
        now: float,
        timeout: float,
        give_up: Callable[[], bool],
        fail: Callable[[str], None],
    ) -> None:
        self._rule = rule
        self._count = count
        self._timeout = timeout
        self._deadline = now + timeout
        self._give_up = give_up
        self._fail = fail

    def look(self, now: float) -> float | None:
        """See `expectation.Waiting`."""
        decided = len(self._rule.held) >= self._count or self._give_up()
        return None if decided or now >= self._deadline else self._deadline

    def result(self) -> Held_co:
        """Return the command held last when so many were; see `expectation.Waiting`."""
        __tracebackhide__ = True
        held = self._rule.held
        if len(held) < self._count:
            self._fail(
                f"expected the rule {self._rule} to hold {self._count} of its commands, but "
                f"{len(held) or 'none'} were held in {self._timeout:g} s"
            )
        return held[self._count - 1]

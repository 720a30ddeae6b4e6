"""A coroutine in a loop of its own, which ends when its sockets are closed."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

_Value = TypeVar("_Value")
# Far more than is needed on a busy machine.
_TIMEOUT = 20


def run_to_the_end(main: Coroutine[object, object, _Value], *, debug: bool = True) -> _Value:
    """Return what `main` returns, after its connections are closed.

    Under TLS a socket is closed later than its client says, and `asyncio.run` does not wait for
    it: the ResourceWarning of its transport would then fail whichever test comes next.
    """
    selector = selectors.DefaultSelector()

    async def with_its_sockets() -> _Value:
        try:
            return await main
        finally:
            await _until_only_the_loops_own_is_left(selector)

    with asyncio.Runner(
        debug=debug, loop_factory=lambda: asyncio.SelectorEventLoop(selector)
    ) as runner:
        return runner.run(with_its_sockets())


async def _until_only_the_loops_own_is_left(selector: selectors.BaseSelector) -> None:
    async with asyncio.timeout(_TIMEOUT):
        while len(selector.get_map()) > 1:  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(0)
    # A transport leaves the selector first, and closes its socket in the loop's next turn.
    await asyncio.sleep(0)

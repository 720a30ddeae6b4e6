"""A stream on top of another that limits the rate of octets in both directions.

What the peer sent is passed on in small pieces, with pauses between them. Meanwhile nothing more is
read, so the peer's buffer fills up, as with any slow server. Replies are sent in small pieces, too.
Only this task pauses; other connections go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .stream import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_smtpserver.engine import Throttle

# Arbitrary; smooth enough for a person who watches.
_PIECES_PER_SECOND = 20
# Seconds after which it looks whether it is still to be slow: as long as the pause after a piece.
_NAP = 1 / _PIECES_PER_SECOND


class ThrottledStream(Stream):
    """A `Stream` that passes a limited number of octets per second, and pauses with `sleep`.

    When the gate of `throttle` has opened, it passes everything on at once.
    """

    def __init__(
        self, below: Stream, throttle: Throttle, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._below = below
        self._rate = octets_per_second = throttle.octets_per_second
        self._until = throttle.until
        self._sleep = sleep
        self._piece = max(1, int(octets_per_second / _PIECES_PER_SECOND))
        self._came = bytearray()

    async def receive(self) -> bytes:
        """See `Stream`."""
        if not self._came:
            self._came += await self._below.receive()
        piece = bytes(self._came if self._is_over else self._came[: self._piece])
        if piece:
            await self._pause(len(piece))
            del self._came[: len(piece)]
        return piece

    async def send(self, octets: bytearray) -> None:
        """See `Stream`."""
        while octets and not self._is_over:
            piece = octets[: self._piece]
            size = len(piece)
            try:
                await self._below.send(piece)
            finally:
                # If this is cancelled, a part of the piece is left.
                octets[:size] = piece
            await self._pause(self._piece)
        await self._below.send(octets)

    async def half_close(self) -> None:
        """See `Stream`."""
        await self._below.half_close()

    @property
    def _is_over(self) -> bool:
        return self._until is not None and self._until.is_open

    async def _pause(self, octets: int) -> None:
        seconds = octets / self._rate
        while seconds > 0 and not self._is_over:
            await self._sleep(min(seconds, _NAP))
            seconds -= _NAP

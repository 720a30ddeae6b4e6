"""HTTP/1.1 (RFC 9112), one request for each connection; h11 does the parsing.

The body of an answer is an iterator, and `next_action` takes one piece at a time. So a large answer
goes out as fast as the peer reads, and is never in memory as a whole. A piece can be a gate: the
engine returns `Hold` and goes on when the gate opens (see the essay in `inbox`). To the network
that is a `Hold` like any other: it notices when the peer leaves, and can end the conversation.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11

from pytest_smtpserver.engine import Close, Gate, Hold, Send

from .answers import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver.engine import Action, EndReason, TLSInfo

    from .answers import Answer

# Octets of a request's head; arbitrary, and far more than a browser sends to us.
_LARGEST_HEAD: Final = 32 * 1024
# Seconds until the head must be complete, even if some of it keeps coming; arbitrary.
_REQUEST_SECONDS: Final = 10.0


class HTTPEngine:
    """One connection; an `Engine`. `answer` is called with the request."""

    idle_timeout = _REQUEST_SECONDS
    awaits_goodbye = False

    def __init__(self, answer: Callable[[h11.Request], Answer]) -> None:
        self._answer = answer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
        self._deadline = 0.0
        # The rest of the answer; `None` before there is one.
        self._pieces: Iterator[bytes | Gate] | None = None
        self._paused = False
        self._leaving = False
        self._closed = False

    def opened(self, now: float) -> None:
        """See `Engine`."""
        self._deadline = now + _REQUEST_SECONDS

    def receive(self, octets: bytes, now: float) -> None:
        """See `Engine`."""
        if self._pieces is not None:
            # A body or another request. Both are ignored: the answer has `Connection: close`.
            return
        self._http.receive_data(octets)
        try:
            event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            self._send(sentence(error.error_status_hint, f"This is not an HTTP request: {error}."))
            return
        if isinstance(event, h11.Request):
            self._send(self._answer(event), has_body=event.method != b"HEAD")
        elif now > self._deadline:
            self._send(sentence(408, "The request took too long."))

    def next_action(self) -> Action | None:
        """See `Engine`."""
        if self._pieces is None or self._paused or self._closed:
            return None
        for piece in self._pieces:
            if isinstance(piece, Gate):
                if self._leaving:
                    break
                self._paused = True
                return Hold(piece)
            if piece:
                return Send(piece)
        self._closed = True
        return Close()

    def resume(self, now: float) -> None:
        """See `Engine`."""
        self._paused = False

    def eof(self, now: float, *, reset: bool = False) -> None:
        """See `Engine`. An answer that has begun is still sent, but does not wait at a gate."""
        self._leaving, self._paused = True, False
        self._pieces = self._pieces or iter(())

    def end(self, reason: EndReason, now: float) -> None:
        """See `Engine`."""
        self._leaving, self._paused = True, False
        is_waiting = self._pieces is None
        self._pieces = iter(())
        if is_waiting and reason == "idle":
            self._send(sentence(408, "The request took too long."))
        elif is_waiting and reason == "crash":
            self._send(sentence(500, "The inbox failed; the test run says more."))

    def tls_done(self, info: TLSInfo, now: float) -> None:
        """See `Engine`: not needed, it speaks no TLS."""

    def tls_failed(
        self, why: str, now: float, *, in_clear: bool = False, reset: bool = False
    ) -> None:
        """See `Engine`: not needed, it speaks no TLS."""

    def _send(self, answer: Answer, *, has_body: bool = True) -> None:
        self._pieces = self._sent(answer, has_body=has_body)

    def _sent(self, answer: Answer, *, has_body: bool) -> Iterator[bytes | Gate]:
        reason = HTTPStatus(answer.status).phrase
        head = h11.Response(status_code=answer.status, reason=reason, headers=list(answer.fields))
        yield self._http.send(head)
        for piece in answer.body if has_body else ():
            yield piece if isinstance(piece, Gate) else self._http.send(h11.Data(data=piece))
        yield self._http.send(h11.EndOfMessage())

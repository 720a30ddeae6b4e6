"""What an engine is: the server's side of one conversation, as a function of octets.

An engine has no socket, no thread and no clock. It is told what happened (`opened`, `receive`,
`resume`, `tls_done`, `eof`, `end` ...) and is *pulled* for what to do about it: `next_action` gives
one action after another until there is nothing left to do but to read. Whoever writes one for
another protocol gets the network, the threads and the timeouts from `pytest_smtpserver.network`.

The contract between an engine and the one that drives it:

* Between `opened` and the first `next_action` the engine receives what the peer has sent already,
  before it could hear anything.
* Actions are carried out in order. Octets of `Send`s may be gathered into one write, but they
  leave before any other action is begun.
* After `Wait` or `Hold` the engine is paused: `next_action` gives `None` until `resume`. What the
  peer sends meanwhile is received directly after that, a bounded amount of it.
* After `StartTLS` it is paused until `tls_done` or `tls_failed`. While the handshake lasts, and
  after it failed, what the engine sends does not leave: it would do so in clear.
* After `Close`, `eof`, `tls_failed` or `end` nothing more is received. After the last three
  `next_action` is still pulled until it gives `None`, so that a last reply can leave; not so if
  the peer has reset the connection.
* All times are seconds since the epoch, on a clock that never goes backwards.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Send:
    """Send these octets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Let so many seconds pass, then resume the engine."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Resume the engine when the gate is opened."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class StartTLS:
    """Shake hands as a TLS server; from then on everything is encrypted.

    `received` are octets of the handshake that the engine was given already. The driver forbids
    renegotiation in the context.
    """

    context: ssl.SSLContext
    received: bytes = b""


@dataclass(frozen=True, slots=True)
class Throttle:
    """From here on, read and send no more than so many octets in a second."""

    octets_per_second: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection: in an orderly way, or with a TCP reset."""

    reset: bool = False


Action = Send | Wait | Hold | StartTLS | Throttle | Close

#: After these the engine looks at nothing more until it is told to go on.
PAUSING = (Wait, Hold, StartTLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSInfo:
    """What was agreed on in a TLS handshake.

    `version` is such as `"TLSv1.3"`, `cipher` the name of the cipher suite, and `server_name` the
    host name that the client asked for (SNI, RFC 6066 section 3), `None` if it named none.
    `client_name` is the name in the certificate that the client showed, `None` if it showed none.
    """

    version: str
    cipher: str
    server_name: str | None
    client_name: str | None = None


#: Why the driver ends a conversation of its own accord; `"silence"` is `"stop"` without a word.
EndReason = Literal["idle", "stop", "crash", "silence"]


class Gate:
    """Closed until some thread opens it, and open for good from then on."""

    __slots__ = ("_callbacks", "_lock", "_open")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._callbacks: list[Callable[[], object]] = []

    @property
    def is_open(self) -> bool:
        """Whether somebody has opened it."""
        return self._open

    def open(self) -> None:
        """Open it, and tell those who wait; from any thread, as often as you like."""
        with self._lock:
            self._open = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def when_open(self, callback: Callable[[], object]) -> None:
        """Call `callback` once, in the opener's thread, or here and now if it is open."""
        with self._lock:
            if not self._open:
                self._callbacks.append(callback)
                return
        callback()


class Engine(Protocol):
    """One conversation. All methods are called in the same thread, never one within another."""

    @property
    def idle_timeout(self) -> float:
        """Seconds that the peer may be silent before the driver calls `end("idle")`."""

    @property
    def awaits_goodbye(self) -> bool:
        """Whether the peer has done what it came for, and has nothing open.

        When the server stops, such a peer has a moment to say goodbye before `end("silence")`.
        """

    def opened(self, now: float) -> None:
        """Take note that the connection is open."""

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets (never empty), cut anyhow."""

    def next_action(self) -> Action | None:
        """Return what to do next, or `None`: read on, or, if paused, resume me when it is time."""

    def resume(self, now: float) -> None:
        """Go on after a `Wait` or `Hold` that is over."""

    def tls_done(self, info: TLSInfo, now: float) -> None:
        """Go on after `StartTLS`: the connection is encrypted."""

    def tls_failed(
        self, why: str, now: float, *, in_clear: bool = False, reset: bool = False
    ) -> None:
        """Take note that the handshake failed; `why` is a sentence, with the alert if one came.

        `in_clear` says that the peer sent something else than TLS, `reset` that it has reset the
        connection.
        """

    def eof(self, now: float, *, reset: bool = False) -> None:
        """Take note that the peer has sent its last octet, or has reset the connection."""

    def end(self, reason: EndReason, now: float) -> None:
        """Finish the conversation with a last word (none for `"silence"`), and close."""

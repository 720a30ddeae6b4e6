"""What an engine is: the server's side of one conversation, as a function of octets.

An engine has no socket, no thread and no clock. Its methods (`opened`, `receive`, `resume`,
`tls_done`, `eof`, `end` ...) tell it what happened. Then it is *pulled*: `next_action` returns one
action after another, and `None` when the engine only wants to read. An engine for another protocol
gets the network, the thread and the timeouts from `pytest_smtpserver.network`.

The contract between an engine and its driver, the connection:

* Between `opened` and the first `next_action` the engine receives what the peer sent before the
  server said anything.
* Actions are carried out in order. Several `Send`s may be written at once, but before any other
  action is begun.
* After `Wait` or `Hold` the engine is paused: `next_action` returns `None` until `resume`. What the
  peer sends meanwhile, up to a limit, is received directly after `resume`. If the peer ends first,
  there is no `resume`, and it is dropped.
* After `StartTLS` it is paused until `tls_done` or `tls_failed`. During the handshake, and after it
  failed, the engine's octets are thrown away: they would be sent in clear.
* After `Close`, `eof`, `tls_failed` or `end` nothing more is received. After the last three the
  engine is still pulled until it returns `None`, so that it can send a last reply; but not if the
  peer has reset the connection.
* All times are seconds since the epoch, on a clock that never goes backwards.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, Protocol

from pytest_smtpserver.frozen import frozen

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

#: An IP address and a port, IPv6 addresses without their scope; or `unix:` and a path, and 0.
SocketAddress = tuple[str, int]

#: Stands before the path of a socket in the file system, in the place of an address.
UNIX: Final = "unix:"


def socket_path(host: str) -> str | None:
    """Return the path of a host that is `unix:` and a path, and `None` for any other host."""
    return host.removeprefix(UNIX) if host.startswith(UNIX) else None


@frozen()
class Send:
    """Send `octets`."""

    octets: bytes


@frozen()
class Wait:
    """Wait `seconds`, or until a gate opens, then resume the engine."""

    seconds: float
    until: Gate | None = None


@frozen()
class Hold:
    """Resume the engine when a gate opens."""

    until: Gate


@frozen()
class StartTLS:
    """Shake hands as a TLS server; from then on everything is encrypted.

    `received` are octets of the handshake that the engine has received already. The driver forbids
    renegotiation in the context.
    """

    context: ssl.SSLContext
    received: bytes = b""


@frozen()
class Throttle:
    """From here on, or until a gate opens, read and send at most `octets_per_second`."""

    octets_per_second: float
    until: Gate | None = None


@frozen()
class Close:
    """Close the connection: in an orderly way, or with a TCP reset."""

    reset: bool = False


Action = Send | Wait | Hold | StartTLS | Throttle | Close

#: After these the engine is paused until it is told to go on.
PAUSING = (Wait, Hold, StartTLS)


@frozen(kw_only=True)
class TLSInfo:
    """The result of a TLS handshake.

    `version` is for example `"TLSv1.3"`, `cipher` the name of the cipher suite, and `server_name`
    the host name that the client asked for (SNI, RFC 6066 section 3), `None` if it named none.
    `client_name` is the name in the client's certificate, `None` if it showed none.
    """

    version: str
    cipher: str
    server_name: str | None
    client_name: str | None = None


#: The versions of TLS (RFC 2246, 4346, 5246 and 8446), oldest first, as the standard library writes
#: them.
TLS_VERSIONS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

#: RFC 8446 section 5.1: "handshake(22)" is the type of the first record of a client.
TLS_RECORD: Final = b"\x16"

#: Known reasons for a failed handshake: for `tls_failed`, and for what an engine itself records.
LEFT_HANDSHAKE: Final = "the client left during the TLS handshake"
RESET_HANDSHAKE: Final = "the client reset the connection during the TLS handshake"
NOT_TLS: Final = "the client does not speak TLS"
UNEXPECTED_TLS: Final = "the client began with TLS"
NO_CLIENT_CERTIFICATE: Final = "the client showed no certificate, though one is required"
FOREIGN_CLIENT_CERTIFICATE: Final = "the client's certificate is not signed by this run's authority"

#: Why the driver ends a conversation; `"silence"` is `"stop"` without a last word.
EndReason = Literal["idle", "stop", "crash", "silence"]


class Gate:
    """Closed until a thread opens it; then open for good."""

    __slots__ = ("_callbacks", "_lock", "_open")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._callbacks: list[Callable[[], object]] = []

    def renew_lock(self) -> None:
        """Replace the lock; to be called in a forked child."""
        self._lock = threading.Lock()

    def open(self) -> None:
        """Open it and call the callbacks; from any thread. Opening it again has no effect."""
        with self._lock:
            self._open = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self._open

    def forget(self, callback: Callable[[], object]) -> None:
        """Do not call this callback any more."""
        with self._lock, suppress(ValueError):
            self._callbacks.remove(callback)

    def when_open(self, callback: Callable[[], object]) -> None:
        """Call `callback` once: in the thread that opens the gate, or at once if it is open."""
        with self._lock:
            if not self._open:
                self._callbacks.append(callback)
                return
        callback()


class Engine(Protocol):
    """One conversation. All methods are called in one thread, one after another."""

    @property
    def idle_timeout(self) -> float:
        """Seconds that the peer may be silent before the driver calls `end("idle")`."""

    @property
    def awaits_goodbye(self) -> bool:
        """Whether the peer is done and has nothing open.

        When the server stops, such a peer gets a moment to say goodbye before `end("silence")`.
        """

    def opened(self, now: float) -> None:
        """Take note that the connection is open."""

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets, in pieces of any size, but never empty."""

    def next_action(self) -> Action | None:
        """Return what to do next; `None` to read on or, if it is paused, to wait for `resume`."""

    def resume(self, now: float) -> None:
        """Go on: the `Wait` or `Hold` is over."""

    def tls_done(self, info: TLSInfo, now: float) -> None:
        """Go on after `StartTLS`: the connection is encrypted."""

    def tls_failed(
        self, why: str, now: float, *, in_clear: bool = False, reset: bool = False
    ) -> None:
        """Take note that the handshake failed; `why` is a sentence, with the alert if one came.

        `in_clear`: the peer sent something other than TLS. `reset`: it has reset the connection.
        """

    def eof(self, now: float, *, reset: bool = False) -> None:
        """Take note that the peer has sent its last octet, or has reset the connection."""

    def end(self, reason: EndReason, now: float) -> None:
        """End the conversation with a last word (none for `"silence"`), and close."""

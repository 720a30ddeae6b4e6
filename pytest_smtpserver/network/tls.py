"""TLS on top of another stream, as a server.

How it works: OpenSSL never sees the socket. What the peer sends is put into one memory buffer,
what OpenSSL wants to send is taken from another, so a cancelled call loses nothing, and the
conversation before the handshake cannot mix with the one after it.

Octets leave only once the handshake is done. Before that, and after it failed, what one sends is
thrown away: it would leave in clear.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.engine import TLSInfo

from .client_hello import ClientHello
from .handshake import LEFT, LEFT_AFTER_CERTIFICATE, RESET, HandshakeFailed, is_tls, why
from .stream import CHUNK, Lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from .readiness import Result
    from .stream import Stream

_COMMON = "commonName"


class TLSStream:
    """What is encrypted below is clear above; a `Stream`."""

    def __init__(self, below: Stream, context: ssl.SSLContext) -> None:
        self._below = below
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        _prepare(context)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._hello = ClientHello()
        self._encrypted = bytearray()
        self._can_send = False
        self._ended = False

    async def shake_hands(self, received: bytes = b"") -> TLSInfo:
        """Return what was agreed on; raises `HandshakeFailed`. `received` has come already."""
        try:
            await self._shake_hands(received)
        except Lost as lost:
            raise HandshakeFailed(RESET, reset=True) from lost
        self._can_send = True
        cipher = self._tls.cipher()
        version = self._tls.version()
        assert cipher is not None
        assert version is not None
        return TLSInfo(
            version=version,
            cipher=cipher[0],
            server_name=self._hello.server_name,
            client_name=_client_name(self._tls),
        )

    async def _shake_hands(self, octets: bytes) -> None:
        first, has_answered = octets[:1], False
        self._hear(octets)
        while True:
            try:
                return self._tls.do_handshake()
            except ssl.SSLWantReadError:
                has_answered = has_answered or self._outgoing.pending > 0
                await self._flush()
            except ssl.SSLError as error:
                # OpenSSL has an alert ready for the peer: it leaves with the next flush.
                raise HandshakeFailed(why(error, first), in_clear=not is_tls(first)) from error
            octets = await self._below.receive()
            if not octets:
                raise HandshakeFailed(LEFT_AFTER_CERTIFICATE if has_answered else LEFT)
            first = first or octets[:1]
            self._hear(octets)

    def _hear(self, octets: bytes) -> None:
        self._hello.feed(octets)
        self._incoming.write(octets)

    async def receive(self) -> bytes:
        """See `Stream`; the end may be a close_notify, the end below, or what is no TLS."""
        while True:
            octets = self._decrypted()
            if octets or self._ended:
                return octets
            # A renegotiation is refused, a key update answered, though above nobody says a word.
            await self._flush()
            encrypted = await self._below.receive()
            if not encrypted:
                return b""
            self._incoming.write(encrypted)

    def _decrypted(self) -> bytes:
        # All that has come, so that what came together is answered together.
        pieces = []
        try:
            while not self._ended:
                piece = self._tls.read(CHUNK)
                pieces.append(piece)
                self._ended = not piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            # OpenSSL bears no further use after an error, and has an alert ready for the peer.
            self._ended, self._can_send = True, False
        return b"".join(pieces)

    async def feed(self, take: Callable[[bytes], Result | None]) -> Result:
        """See `Stream`."""
        while (result := take(await self.receive())) is None:
            pass
        return result

    def send_at_once(self, octets: bytearray) -> None:
        """Leave all to `send`: what is encrypted would have to be kept if it cannot leave."""

    async def send(self, octets: bytearray) -> None:
        """See `Stream`; without a handshake the octets go nowhere."""
        while octets and self._can_send:
            # At most one record, 16 KiB (RFC 8446 section 5.1), is taken at a time.
            del octets[: self._tls.write(octets)]
            if self._outgoing.pending >= CHUNK:
                await self._flush()
        octets.clear()
        await self._flush()

    async def half_close(self) -> None:
        """Send close_notify, if there was a handshake, and half-close what is below."""
        if self._can_send:
            self._can_send = False
            # It would wait for the peer's close_notify too. RFC 8446 section 6.1: "Each party MUST
            # send a "close_notify" alert before closing its write side of the connection".
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
        await self._flush()
        await self._below.half_close()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._encrypted += self._outgoing.read()
        await self._below.send(self._encrypted)


def _client_name(tls: ssl.SSLObject) -> str | None:
    """Return the common name in the client's certificate, or else its first other name."""
    shown: Any = tls.getpeercert() or {}
    common = [value for part in shown.get("subject", ()) for key, value in part if key == _COMMON]
    others = [value for _, value in shown.get("subjectAltName", ())]
    return next(iter([*common, *others]), None)


def _prepare(context: ssl.SSLContext) -> None:
    # Renegotiation is refused: TLS 1.3 has none, and in TLS 1.2 writing might have to wait for
    # reading because of it.
    context.options |= ssl.OP_NO_RENEGOTIATION

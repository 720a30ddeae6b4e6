"""TLS on top of another stream, as a server.

OpenSSL never sees the socket. Octets from the peer are written into one memory buffer; octets for
the peer are read from another. So a cancelled call loses nothing, and the conversation before the
handshake cannot mix with the one after it.

Replies are sent only after the handshake. Before it, and if it fails, they are thrown away: they
would be sent in clear.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any

from pytest_smtpserver.engine import LEFT_HANDSHAKE, RESET_HANDSHAKE, TLSInfo

from .client_hello import ClientHello
from .handshake import LEFT_AFTER_CERTIFICATE, HandshakeFailed, is_tls, why
from .stream import CHUNK, Lost, Stream

_COMMON = "commonName"


class TLSStream(Stream):
    """A `Stream` that decrypts what it receives and encrypts what it sends."""

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
        """Shake hands, beginning with octets already `received`, and return what was agreed on.

        Raises `HandshakeFailed`.
        """
        try:
            await self._shake_hands(received)
        except Lost as lost:
            raise HandshakeFailed(RESET_HANDSHAKE, reset=True) from lost
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
                # OpenSSL has an alert ready for the peer; the next flush sends it.
                raise HandshakeFailed(why(error, first), in_clear=not is_tls(first)) from error
            octets = await self._below.receive()
            if not octets:
                raise HandshakeFailed(LEFT_AFTER_CERTIFICATE if has_answered else LEFT_HANDSHAKE)
            first = first or octets[:1]
            self._hear(octets)

    def _hear(self, octets: bytes) -> None:
        self._hello.feed(octets)
        self._incoming.write(octets)

    async def receive(self) -> bytes:
        """See `Stream`; the end is a close_notify, the end below, or octets that are not TLS."""
        while True:
            octets = self._decrypted()
            if octets or self._ended:
                return octets
            # OpenSSL may answer (a refused renegotiation, a key update) although the engine sent
            # nothing.
            await self._flush()
            encrypted = await self._below.receive()
            if not encrypted:
                return b""
            self._incoming.write(encrypted)

    def _decrypted(self) -> bytes:
        # Read everything that has arrived, so that it is answered in one write.
        pieces = []
        try:
            while not self._ended:
                piece = self._tls.read(CHUNK)
                pieces.append(piece)
                self._ended = not piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            # The SSL object is unusable after an error. It has an alert ready for the peer.
            self._ended, self._can_send = True, False
        return b"".join(pieces)

    async def send(self, octets: bytearray) -> None:
        """See `Stream`; without a handshake the octets are thrown away."""
        while octets and self._can_send:
            # OpenSSL takes at most one record, 16 KiB (RFC 8446 section 5.1).
            del octets[: self._tls.write(octets)]
            if self._outgoing.pending >= CHUNK:
                await self._flush()
        octets.clear()
        await self._flush()

    async def half_close(self) -> None:
        """Send close_notify, if there was a handshake, and half-close what is below."""
        if self._can_send:
            self._can_send = False
            # RFC 8446 section 6.1: "Each party MUST send a "close_notify" alert before closing its
            # write side of the connection". The error says that the peer's has not come yet.
            with suppress(ssl.SSLError):
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
    # TLS 1.3 has no renegotiation. In TLS 1.2 it could make a write wait for a read.
    context.options |= ssl.OP_NO_RENEGOTIATION

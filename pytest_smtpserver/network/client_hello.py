"""The name of the server that a client asks for, read from its first octets.

OpenSSL would pass it to a callback of the context. But if the name is not ASCII, Python cannot make
a str of it, and reports an error to `sys.unraisablehook`; pytest then fails whichever test is
running. So the name is read here, from the octets that were received.
"""

from __future__ import annotations

from typing import Final

# RFC 8446 section 5.1: struct { ContentType type; ProtocolVersion legacy_record_version;
# uint16 length; opaque fragment[length]; } TLSPlaintext; "handshake(22)"
_RECORD_HEAD: Final = 5
_HANDSHAKE: Final = 22
# RFC 8446 section 4: struct { HandshakeType msg_type; uint24 length; ... } Handshake;
# "client_hello(1)"
_MESSAGE_HEAD: Final = 4
_CLIENT_HELLO: Final = 1
# RFC 8446 section 4.1.2: ProtocolVersion legacy_version; Random random (32 octets).
_VERSION_AND_RANDOM: Final = 2 + 32
# RFC 6066 section 3: "server_name(0)", and in it "host_name(0)".
_SERVER_NAME: Final = 0
# Longer than any client's; a longer one is ignored.
_LONGEST: Final = 64 * 1024


class ClientHello:
    """Collects a client's first octets until its ClientHello is complete."""

    def __init__(self) -> None:
        self._octets: bytearray | None = bytearray()
        #: The name that the client asked for (SNI); `None` if it named none, or not yet.
        self.server_name: str | None = None

    def feed(self, octets: bytes) -> None:
        """Take the next octets, in pieces of any size; ignore what follows the ClientHello."""
        if self._octets is None:
            return
        self._octets += octets
        message = _first_message(bytes(self._octets))
        if message is not None or len(self._octets) > _LONGEST:
            self._octets = None
        if message is not None:
            self.server_name = _server_name(message)


def _first_message(records: bytes) -> bytes | None:
    """Return the body of the first handshake message, `None` if it is not complete."""
    fragments = b""
    while len(records) > _RECORD_HEAD and records[0] == _HANDSHAKE:
        end = _RECORD_HEAD + int.from_bytes(records[3:_RECORD_HEAD])
        fragments += records[_RECORD_HEAD:end]
        records = records[end:]
    if len(fragments) < _MESSAGE_HEAD or fragments[0] != _CLIENT_HELLO:
        return None
    end = _MESSAGE_HEAD + int.from_bytes(fragments[1:_MESSAGE_HEAD])
    return fragments[_MESSAGE_HEAD:end] if len(fragments) >= end else None


def _server_name(hello: bytes) -> str | None:
    rest = hello[_VERSION_AND_RANDOM:]
    # legacy_session_id<0..32>, cipher_suites<2..2^16-2>, legacy_compression_methods<1..2^8-1>
    for width in (1, 2, 1):
        _, rest = _vector(rest, width)
    extensions, _ = _vector(rest, 2)
    while extensions:
        kind = int.from_bytes(extensions[:2])
        data, extensions = _vector(extensions[2:], 2)
        if kind == _SERVER_NAME:
            # ServerNameList: for each name its type (one octet, host_name) and the name itself.
            names, _ = _vector(data, 2)
            name, _ = _vector(names[1:], 2)
            return name.decode("utf-8", "backslashreplace")
    return None


def _vector(octets: bytes, width: int) -> tuple[bytes, bytes]:
    """Return a vector, whose length is written in `width` octets, and what comes after it."""
    end = width + int.from_bytes(octets[:width])
    return octets[width:end], octets[end:]

"""Where a message's content ends, and what it is without its transparency dots.

RFC 5321 section 4.1.1.4: "The mail data are terminated by a line containing only a period, that
is, the character sequence "<CRLF>.<CRLF>", where the first <CRLF> is actually the terminator of
the previous line". Nothing else ends it: no bare LF, no bare CR (section 2.3.8).
"""

from __future__ import annotations

from io import BytesIO

_END = b"\r\n.\r\n"
# A piece that ends with one of these may continue with a stuffed dot or the end; longest first.
_HALF_SEEN = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))

# The line end of the DATA command. It comes before the content's first line, and is not part of it.
_BEFORE = b"\r\n"


class _Kept:
    """Content while it arrives, up to `limit` octets (0: any number).

    Content that grows beyond the limit is counted, but not kept.
    """

    #: Octets of the content so far.
    size = 0
    #: Whether it is longer than the limit allows.
    is_too_big = False

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # It grows in place and returns its value without a copy: content of 100 MB needs little
        # more memory than that.
        self._kept = BytesIO()

    def octets(self) -> bytes | None:
        """Return the whole content, `None` if it is too big. Call it once, at the end."""
        return None if self.is_too_big else self._kept.getvalue()

    def so_far(self) -> tuple[bytes | None, int]:
        """Return the part that has arrived so far, and its size in octets."""
        return self.octets(), max(0, self.size)

    def kept_so_far(self) -> bytes:
        """Return what has come of it and is kept; any thread may ask."""
        return self._kept.getvalue()


class Content(_Kept):
    """The content of one message while it arrives after DATA.

    It is kept as it was sent, up to and including the CRLF before the final dot, but with dots
    unstuffed.
    """

    # The last octets, if they may be the beginning of the end.
    _tail = _BEFORE
    # A size below zero means that the octets before the content have not been dropped yet.
    size = -len(_BEFORE)

    def kept_so_far(self) -> bytes:
        """Return what has come of it and is kept; any thread may ask."""
        tail = self._tail if self.size >= 0 and not self.is_too_big else b""
        return self._kept.getvalue() + tail

    def feed(self, octets: bytes) -> bytes | None:
        """Take octets in pieces of any size; return those after the end, `None` before the end."""
        octets = self._tail + octets
        has_dots = _has_dots(octets)
        if has_dots and (end := octets.find(_END)) >= 0:
            self._keep(_unstuffed(octets[: end + 2]))
            return octets[end + len(_END) :]
        self._tail = next((half for half in _HALF_SEEN if octets.endswith(half)), b"")
        piece = octets[: len(octets) - len(self._tail)]
        self._keep(_unstuffed(piece) if has_dots else piece)
        return None

    def _keep(self, piece: bytes) -> None:
        before, self.size = max(0, -self.size), self.size + len(piece)
        self.is_too_big = 0 < self._limit < self.size
        if self.is_too_big:
            self._kept = BytesIO()
        else:
            self._kept.write(piece[before:])


def _has_dots(octets: bytes) -> bool:
    # Whether a line begins with a dot. Python looks for one octet many times as fast as for three,
    # and attachments in base64 have no dot at all.
    return b"." in octets and b"\r\n." in octets


def _unstuffed(octets: bytes) -> bytes:
    # RFC 5321 section 4.5.2: "If the first character is a period and there are other characters on
    # the line, the first character is deleted."
    return octets.replace(b"\r\n.", b"\r\n")


class Chunks(_Kept):
    """The content of one message that comes in chunks, octet for octet (RFC 3030 section 2).

    Its `size` is that of all chunks announced so far.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        #: The size of the current chunk, and how many of its octets have not arrived yet.
        self.chunk = self.remaining = 0
        self.is_last = False
        #: The command that announced it.
        self.line = ""

    def expect(self, size: int, line: str, *, is_last: bool) -> None:
        """Begin a chunk of `size` octets."""
        self.line = line
        self.size += size
        self.chunk = self.remaining = size
        self.is_last = is_last
        self.is_too_big = 0 < self._limit < self.size
        if self.is_too_big:
            self._kept = BytesIO()

    def so_far(self) -> tuple[bytes | None, int]:
        """Return the part that has arrived so far; the current chunk may be incomplete."""
        return self.octets(), self.size - self.remaining

    def feed(self, octets: bytes) -> None:
        """Take octets of the current chunk, at most as many as `remaining` says."""
        self.remaining -= len(octets)
        if not self.is_too_big:
            self._kept.write(octets)

"""What the client has sent and the engine has not looked at yet."""

from __future__ import annotations

# No line of any command is longer: what is beyond is thrown away unread. RFC 4954 section 4 has
# the longest, 12,288 octets.
_LONGEST_LINE = 16 * 1024


class Input:
    """Octets, cut anyhow, from which lines, chunks or all there is are taken."""

    __slots__ = ("_line_end", "_line_end_octets", "_octets", "_skip", "_start", "_too_long")

    def __init__(self, *, bare_lf: bool = True) -> None:
        self._line_end = b"\n" if bare_lf else b"\r\n"
        self._line_end_octets = len(self._line_end)
        self._octets = b""
        self._start = 0
        # Octets to come that nobody wants.
        self._skip = 0
        # The beginning of a line that is too long, while its end has not come.
        self._too_long = b""

    def add(self, octets: bytes) -> None:
        """Append what has arrived."""
        if self._skip:
            octets, self._skip = octets[self._skip :], max(0, self._skip - len(octets))
        if self._start < len(self._octets):
            octets = self._octets[self._start :] + octets
        self._octets, self._start = octets, 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return self._start >= len(self._octets)

    def begins_with(self, octets: bytes) -> bool:
        """Return whether these come next."""
        return self._octets.startswith(octets, self._start)

    @property
    def is_skipping(self) -> bool:
        """Whether octets that are to be thrown away have not come yet."""
        return self._skip > 0

    def take_line(self) -> bytes | None:
        """Return the next line with its end, or `None` if it has not come yet.

        It ends with CRLF, or with a bare LF if that was allowed: people type into terminals. Of a
        line that is too long for any command only the beginning is kept.
        """
        start, end = self._start, self._octets.find(self._line_end, self._start)
        if end >= 0:
            self._start = end = end + self._line_end_octets
            line, self._too_long = self._too_long + self._octets[start:end], b""
            return line
        if self._too_long or len(self._octets) - start > _LONGEST_LINE:
            self._too_long = self._too_long or self._octets[start : start + _LONGEST_LINE]
            self._octets, self._start = b"", 0
        return None

    @property
    def has_bare_lf(self) -> bool:
        """Whether an LF without a CR before it has come."""
        rest = self._octets[self._start :]
        return rest.count(b"\n") > rest.count(b"\r\n")

    def take(self, most: int | None = None) -> bytes:
        """Return what there is, but no more than `most` octets."""
        end = len(self._octets) if most is None else self._start + most
        taken = self._octets[self._start : end]
        self._start += len(taken)
        return taken

    def skip(self, count: int) -> None:
        """Throw away the next octets, so many of them, as they come."""
        self._skip = count - len(self.take(count))

    def clear(self) -> None:
        """Throw away all there is."""
        self._octets, self._start, self._too_long, self._skip = b"", 0, b"", 0

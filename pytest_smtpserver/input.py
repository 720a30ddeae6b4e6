"""What the client has sent and the engine has not looked at yet."""

from __future__ import annotations

# The rest of a longer line is thrown away. The longest line that the standards allow has 12,288
# octets (RFC 4954 section 4).
_LONGEST_LINE = 16 * 1024


class Input:
    """A buffer: octets are added in pieces of any size, and taken as lines, chunks or all at once.

    What was taken stays in the buffer until the next `add`; only `_start` moves. So ten commands
    that came in one packet are taken without copying the rest ten times.
    """

    __slots__ = (
        "_line_end",
        "_line_end_octets",
        "_octets",
        "_start",
        "_too_long",
        "is_empty",
        "to_skip",
    )

    def __init__(self, *, bare_lf: bool = True) -> None:
        self._line_end = b"\n" if bare_lf else b"\r\n"
        self._line_end_octets = len(self._line_end)
        self._octets = b""
        self._start = 0
        #: Whether there is nothing to take.
        self.is_empty = True
        #: How many octets to throw away as they arrive.
        self.to_skip = 0
        # The beginning of a line that is too long, kept until its end comes.
        self._too_long = b""

    def add(self, octets: bytes) -> None:
        """Append what has arrived."""
        if self.to_skip:
            octets, self.to_skip = octets[self.to_skip :], max(0, self.to_skip - len(octets))
        if not self.is_empty:
            octets = self._octets[self._start :] + octets
        self._octets, self._start, self.is_empty = octets, 0, not octets

    def begins_with(self, octets: bytes) -> bool:
        """Return whether the next octets are these."""
        return self._octets.startswith(octets, self._start)

    def take_line(self) -> bytes | None:
        """Return the next line with its end, or `None` if it has not come yet.

        It ends with CRLF, or with a bare LF if that is allowed: people type into terminals. If a
        line is too long for any command, only its beginning is kept.
        """
        octets, start = self._octets, self._start
        found = octets.find(self._line_end, start)
        if found >= 0:
            self._start = end = found + self._line_end_octets
            self.is_empty = end == len(octets)
            line, self._too_long = self._too_long + octets[start:end], b""
            return line
        if self._too_long or len(octets) - start > _LONGEST_LINE:
            self._too_long = self._too_long or octets[start : start + _LONGEST_LINE]
            # A CR may be the first half of the line's end.
            self._octets = b"\r" if octets.endswith(b"\r") else b""
            self._start, self.is_empty = 0, not self._octets
        return None

    @property
    def has_bare_lf(self) -> bool:
        """Whether an LF without a CR before it has come."""
        rest = self._octets[self._start :]
        return rest.count(b"\n") > rest.count(b"\r\n")

    def take(self, most: int | None = None) -> bytes:
        """Return what has arrived, but at most `most` octets."""
        end = len(self._octets) if most is None else self._start + most
        taken = self._octets[self._start : end]
        self._start += len(taken)
        self.is_empty = self._start == len(self._octets)
        return taken

    def skip(self, count: int) -> None:
        """Throw away the next `count` octets as they arrive."""
        self.to_skip = count - len(self.take(count))

    def clear(self) -> None:
        """Throw away all that has arrived."""
        self._octets, self._start, self._too_long, self.to_skip = b"", 0, b"", 0
        self.is_empty = True

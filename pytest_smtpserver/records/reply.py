"""A reply: a code, perhaps an enhanced status code, and text (RFC 5321 section 4.2, RFC 3463)."""

from __future__ import annotations

import re

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen, later
from pytest_smtpserver.numeric import is_whole
from pytest_smtpserver.suggesting import suggesting

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

#: RFC 3463 section 2: `status-code = class "." subject "." detail`.
_STATUS = r"[245]\.[0-9]{1,3}\.[0-9]{1,3}"
_ENHANCED = expression(_STATUS)
_REPLY = expression(rf"([0-9]{{3}})(?: ({_STATUS})(?![^ ]))?(?: (.*))?", re.DOTALL)


@suggesting
@frozen()
class Reply:
    r"""A server's answer. Two replies with the same content are equal.

    `code` is from 200 to 599. `text` may have several lines, separated by `\n`. Without
    `enhanced` no enhanced status code (RFC 3463) is added. Raises `ValueError` for anything
    that could not be sent as one reply, `TypeError` for values of another type.
    """

    code: int
    text: str = ""
    enhanced: str | None = None
    #: The reply as it is sent, in UTF-8 (RFC 6531 section 3.7.4.1). Made once: servers say the
    #: same again and again.
    octets: bytes = later()

    def __post_init__(self) -> None:
        if not is_whole(self.code):
            raise TypeError(f"a reply's code is an int from 200 to 599, not {self.code!r}")
        if not 200 <= self.code <= 599:
            raise ValueError(f"a reply's code must be from 200 to 599, not {self.code}")
        if not isinstance(self.enhanced, str | None):
            raise TypeError(f"an enhanced status code must be a str or None, not {self.enhanced!r}")
        if not isinstance(self.text, str):
            raise TypeError(f"a reply's text must be a str, not {self.text!r}")
        if "\r" in self.text or "\0" in self.text:
            raise ValueError(
                f"a reply's text must have no CR and no NUL (lines end with LF), not {self.text!r}"
            )
        # Escaped surrogates stand for raw octets, so that a test can send what is not UTF-8.
        octets = "".join(f"{line}\r\n" for line in self.lines).encode("utf-8", "surrogateescape")
        object.__setattr__(self, "octets", octets)
        if self.enhanced is not None and not _ENHANCED.fullmatch(self.enhanced):
            raise ValueError(
                "an enhanced status code is like '5.1.1' (RFC 3463 section 2), "
                f"not {self.enhanced!r}"
            )

    @classmethod
    def parse(cls, line: str) -> Reply:
        """Return the reply that is written in `line`, such as `550 5.1.1 no such user`.

        It is the inverse of `str` for what it returns. Raises `ValueError` if the line is not of
        this form, and `TypeError` if it is not a str.
        """
        if not isinstance(line, str):
            raise TypeError(f"a reply must be a str like '550 5.1.1 no such user', not {line!r}")
        match = _REPLY.fullmatch(line)
        if match is None:
            raise ValueError(f"a reply must be like '550 5.1.1 no such user', not {line!r}")
        code, enhanced, text = match.groups()
        return cls(int(code), text or "", enhanced)

    @property
    def is_positive(self) -> bool:
        """Whether the command was accepted or may continue: a code below 400."""
        return self.code < 400

    @property
    def is_completion(self) -> bool:
        """Whether the command is done: a code from 200 to 299 (RFC 5321 section 4.2.1)."""
        return self.code < 300

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines as they are sent, without line ends.

        RFC 5321 section 4.2.1: every line but the last has a hyphen after the code; RFC 2034
        section 4: the enhanced status code is in each line.
        """
        texts = [f"{self.enhanced} {text}".rstrip() for text in self.text.split("\n")]
        if self.enhanced is None:
            texts = self.text.split("\n")
        last = len(texts) - 1
        return tuple(
            f"{self.code}{'-' if number < last else ' ' if text else ''}{text}"
            for number, text in enumerate(texts)
        )

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.enhanced, self.text)))

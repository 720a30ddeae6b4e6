"""Base64 as in RFC 4954: strict, and with "=" for an initial response without data."""

from __future__ import annotations

from base64 import b64decode, b64encode

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

# RFC 4954 section 8: base64 = base64-terminal / ( 1*(4base64-char) [base64-terminal] )
# base64-char = ALPHA / DIGIT / "+" / "/"
# base64-terminal = (2base64-char "==") / (3base64-char "=")
# In auth-command it may be absent: *(CRLF [base64])
_BASE64 = expression(
    rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
)


def encoded(octets: bytes) -> str:
    """Return the text of the 334 reply that carries these octets."""
    return b64encode(octets).decode("ascii")


def decoded(line: bytes) -> bytes:
    """Return the octets that the client's line encodes; the line is given without its end.

    Section 4: "servers and clients MUST reject (and not ignore) any character not explicitly
    allowed by the BASE64 alphabet". Raises `Refusal`.
    """
    if not _BASE64.fullmatch(line):
        raise Refusal(replies.BAD_BASE64)
    return b64decode(line)


def decoded_initial(argument: str) -> bytes:
    """Return the initial response that follows the mechanism's name. Raises `Refusal`.

    Section 4: "a single equals sign" [...] "indicates that the response is present, but contains
    no data."
    """
    return b"" if argument == "=" else decoded(argument.encode("utf-8", "surrogateescape"))

"""The server's own replies: RFC 5321 section 4.2, with enhanced status codes of RFC 3463."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.records.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

OK = Reply(250, "OK", "2.0.0")
SENDER_OK = Reply(250, "sender OK", "2.1.0")
RECIPIENT_OK = Reply(250, "recipient OK", "2.1.5")
GO_AHEAD = Reply(354, "go ahead, end with a dot on a line of its own")
ACCEPTED = Reply(250, "message accepted", "2.0.0")
BYE = Reply(221, "bye", "2.0.0")

# RFC 5321 section 4.2.3: 252, "Cannot VRFY user, but will accept message and attempt delivery".
NOT_VERIFIED = Reply(252, "cannot verify, but will accept mail for it", "2.0.0")
# Section 4.2.4: 502 for a command that the server recognizes, but does not implement. 252 would
# mean that mail to the list is accepted; this server has no lists, and does not announce EXPN.
NO_LISTS = Reply(502, "there are no mailing lists here", "5.5.1")

MALFORMED_COMMAND = Reply(500, "control characters are not allowed in a command line", "5.5.2")
NOT_UTF8 = Reply(500, "a command line must be ASCII, or UTF-8 with SMTPUTF8", "5.5.2")
LINE_TOO_LONG = Reply(500, "command line too long", "5.5.2")
NO_ARGUMENT_ALLOWED = Reply(501, "no argument allowed", "5.5.4")
ARGUMENT_REQUIRED = Reply(501, "argument required", "5.5.4")
# RFC 6531 section 3.5: 553 "because the RCPT command requires an ASCII address", and "because the
# MAIL command requires an ASCII address, the reply-code 550 is returned".
NEEDS_SMTPUTF8 = Reply(553, "a non-ASCII address needs MAIL with SMTPUTF8", "5.6.7")
SENDER_NEEDS_SMTPUTF8 = Reply(550, NEEDS_SMTPUTF8.text, "5.6.7")

# RFC 3207 section 4: "220 Ready to start TLS".
READY_FOR_TLS = Reply(220, "ready to start TLS", "2.0.0")
ALREADY_ENCRYPTED = Reply(503, "bad sequence of commands: the session is encrypted", "5.5.1")
# Section 4: "530 Must issue a STARTTLS command first", with 5.7.0.
STARTTLS_FIRST = Reply(530, "must issue a STARTTLS command first", "5.7.0")

# RFC 4954 section 6: "530 5.7.0 Authentication required".
AUTH_FIRST = Reply(530, "authentication required", "5.7.0")
# RFC 4954 section 8: auth-command = "AUTH" SP sasl-mech [SP initial-response]
AUTH_SYNTAX = Reply(501, "syntax: AUTH mechanism [initial-response]", "5.5.4")
ALREADY_AUTHENTICATED = Reply(503, "bad sequence of commands: already authenticated", "5.5.1")
# RFC 4954 section 4: 504 for a mechanism that is not known, with 5.5.4.
UNKNOWN_MECHANISM = Reply(504, "authentication mechanism not offered", "5.5.4")
# RFC 2554 section 6 has the code: "Encryption required for requested authentication mechanism".
ENCRYPTION_REQUIRED = Reply(538, "encryption required for authentication", "5.7.11")

# RFC 3030 section 3: with BODY=BINARYMIME the content comes by BDAT.
BINARY_NEEDS_BDAT = Reply(503, "bad sequence of commands: BODY=BINARYMIME needs BDAT", "5.5.1")

BAD_CHUNK = Reply(501, "syntax: BDAT octets [LAST]", "5.5.4")

TOO_MANY_RECIPIENTS = Reply(452, "too many recipients", "4.5.3")
TOO_BIG = Reply(552, "message exceeds the maximum size", "5.3.4")

#: RFC 5321 section 3.8: for when the server must close the connection itself. The text begins with
#: the server's domain (section 4.2.3), which replaces `{}`.
CLOSING = 421
TOO_MANY_CONNECTIONS = Reply(CLOSING, "{} has too many connections, closing", "4.7.0")
GOODBYES = {
    "idle": Reply(CLOSING, "{} heard nothing for too long, closing", "4.4.2"),
    "stop": Reply(CLOSING, "{} is shutting down", "4.3.2"),
    "crash": Reply(CLOSING, "{} has an internal error, closing", "4.3.0"),
}


def callable_raised(error: BaseException, place: str) -> Reply:
    """Return the 421 to the client whose command made a callable of the test raise."""
    where = f" ({echo(place)})" if place else ""
    name = type(error).__name__
    return Reply(CLOSING, f"{{}}: a callable of the test raised {name}{where}, closing", "4.3.0")


_CONTROL = expression(r"[\x00-\x1f\x7f]")

# How many characters of the client's words are repeated: arbitrary, enough to recognize them, and
# far below the 512 octets of a reply line (RFC 5321 section 4.5.3.1.5).
_ECHO = 80


def echo(text: str) -> str:
    """Return the client's words as a reply may repeat them: shortened, and in ASCII.

    RFC 6531 section 3.7.4.1: UTF-8 in replies is for clients that have asked for SMTPUTF8.
    """
    escaped = text.encode("utf-8", "surrogateescape").decode("ascii", "backslashreplace")
    escaped = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", escaped)
    return escaped if len(escaped) <= _ECHO else f"{escaped[:_ECHO]}[...]"


def without_echo(reply: Reply) -> Reply:
    """Return a reply to a malformed command that repeats nothing of it."""
    text = "malformed command" if reply.code == 501 else "command not recognized: ***"
    return Reply(reply.code, text, reply.enhanced)


def chunk_received(octets: int) -> Reply:
    """RFC 3030 section 2: 250 for a chunk that was taken."""
    return Reply(250, f"{octets} octets received", "2.0.0")


def unknown_command(verb: str) -> Reply:
    """RFC 5321 section 4.2.4: 500 for a command that is not recognized."""
    said = f": {echo(verb)}" if verb else ""
    return Reply(500, f"command not recognized{said}", "5.5.1")


def out_of_order(verb: str, where: str) -> Reply:
    """RFC 5321 section 4.1.4: 503 for a command that may not come now."""
    return Reply(503, f"bad sequence of commands: {verb} {where}", "5.5.1")


def unknown_parameter(keyword: str) -> Reply:
    """RFC 5321 section 4.1.1.11: 555 for a parameter that is not implemented."""
    return Reply(555, f"parameter not recognized: {echo(keyword)}", "5.5.4")


def bad_value(keyword: str, value: str | None) -> Reply:
    """RFC 5321 section 4.1.1.11: 501 for a parameter with a wrong value, or without one."""
    return Reply(501, f"bad value for {keyword}: {echo(value or 'none')}", "5.5.4")


def exclusive(keywords: Iterable[str]) -> Reply:
    """RFC 5321 section 4.1.1.11: 501, here for parameters that may not be given together."""
    return Reply(501, f"only one is allowed: {', '.join(keywords)}", "5.5.4")


AUTHENTICATED = Reply(235, "authentication succeeded", "2.7.0")
BAD_CREDENTIALS = Reply(535, "authentication credentials invalid", "5.7.8")
FOR_ANOTHER = Reply(535, "a user may not act for another", "5.7.8")

# RFC 4954 section 4: "If the server cannot [BASE64] decode any client response, it MUST reject
# the AUTH command with a 501 reply (and an enhanced status code of 5.5.2)."
BAD_BASE64 = Reply(501, "cannot decode the base64 of this answer", "5.5.2")
# RFC 4954 section 4: "If the server receives such a response" (a single "*"), "it MUST reject
# the AUTH command by sending a 501 reply." It names no enhanced status code.
CANCELLED = Reply(501, "authentication cancelled by the client", "5.7.0")
# RFC 4954 section 4: "If the client uses an initial-response argument to the AUTH command with a
# SASL mechanism in which the client does not begin the authentication exchange, the server MUST
# reject the AUTH command with a 501 reply." [...] "SHOULD return an enhanced status code of 5.7.0".
NO_INITIAL_RESPONSE = Reply(501, "this mechanism takes no initial response", "5.7.0")
# RFC 4954 section 4: "If, during an authentication exchange, the server receives a line that is
# longer than the server's authentication buffer, the server fails the AUTH command with the 500
# reply."
ANSWER_TOO_LONG = Reply(500, "authentication exchange line is too long", "5.5.6")

# For well-formed base64 that does not follow the mechanism's syntax. Section 4: "it SHOULD reject
# the AUTH command with a 535 reply unless a more specific error code is appropriate", and
# RFC 5321 section 4.2.2 has 501 for a "Syntax error in parameters or arguments".
ANSWER_NOT_UTF8 = Reply(501, "this answer is not UTF-8", "5.5.2")
NO_USER_NAME = Reply(501, "this answer has no user name", "5.5.2")


def malformed(mechanism: str) -> Reply:
    """Return the reply to an answer that does not follow the mechanism's syntax."""
    return Reply(501, f"malformed answer for {mechanism}", "5.5.2")

"""The replies of AUTH: RFC 4954 sections 4 and 6, where not said otherwise.

None of them quotes what the client sent: there may be secrets in it.
"""

from __future__ import annotations

from pytest_smtpserver.records.reply import Reply

AUTHENTICATED = Reply(235, "authentication succeeded", "2.7.0")
BAD_CREDENTIALS = Reply(535, "authentication credentials invalid", "5.7.8")

# Section 4: "If the server cannot [BASE64] decode any client response, it MUST reject the AUTH
# command with a 501 reply (and an enhanced status code of 5.5.2)."
BAD_BASE64 = Reply(501, "cannot decode the base64 of this answer", "5.5.2")
# Section 4: "If the server receives such a response" (a single "*"), "it MUST reject the AUTH
# command by sending a 501 reply." It names no enhanced status code.
CANCELLED = Reply(501, "authentication cancelled by the client", "5.7.0")
# Section 4: "If the client uses an initial-response argument to the AUTH command with a SASL
# mechanism in which the client does not begin the authentication exchange, the server MUST reject
# the AUTH command with a 501 reply." [...] "SHOULD return an enhanced status code of 5.7.0".
NO_INITIAL_RESPONSE = Reply(501, "this mechanism takes no initial response", "5.7.0")
# Section 4: "If, during an authentication exchange, the server receives a line that is longer
# than the server's authentication buffer, the server fails the AUTH command with the 500 reply."
LINE_TOO_LONG = Reply(500, "authentication exchange line is too long", "5.5.6")

# What is well-formed base64 but not what the mechanism's syntax asks for. Section 4: "it SHOULD
# reject the AUTH command with a 535 reply unless a more specific error code is appropriate", and
# RFC 5321 section 4.2.2 has 501 for a "Syntax error in parameters or arguments".
NOT_UTF8 = Reply(501, "this answer is not UTF-8", "5.5.2")
NO_USER_NAME = Reply(501, "this answer has no user name", "5.5.2")


def malformed(mechanism: str) -> Reply:
    """Return the reply to an answer that is not of the mechanism's form."""
    return Reply(501, f"malformed answer for {mechanism}", "5.5.2")
